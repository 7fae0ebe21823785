"""PBXs in the admin."""

from __future__ import annotations

from carriers.forms.addresses import SipAddressForm
from carriers.models import PBX


class PBXForm(SipAddressForm):
    """A PBX; ``host:port`` in its address is understood."""

    class Meta:
        model = PBX
        fields = ("name", "enabled", "host", "port", "transport")
