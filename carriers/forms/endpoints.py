"""The rows of a carrier group's endpoints."""

from __future__ import annotations

from carriers.forms.addresses import SipAddressForm
from carriers.forms.formsets import OrderedFormSet, PositionForm
from carriers.models import Endpoint


class EndpointForm(PositionForm, SipAddressForm):
    """One endpoint in the group's page."""

    class Meta:
        model = Endpoint
        fields = (
            "position",
            "name",
            "host",
            "port",
            "transport",
            "strip",
            "prefix",
            "direction",
            "weight",
            "socket",
            "enabled",
        )


class EndpointFormSet(OrderedFormSet):
    """A group's endpoints. Two may share an address only if they change the number differently."""

    distinct_fields = ("host", "port", "transport", "strip", "prefix")
    duplicate_message = (
        "This group has another endpoint with the same address, port, transport, strip and prefix:"
        " change or delete one."
    )
