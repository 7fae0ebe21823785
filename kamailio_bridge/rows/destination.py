"""An endpoint as a call sees it, read from the carriers, Kamailio's tables or a node."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from kamailio_bridge.rows.number_forms import Policy, write_number


class Destination(NamedTuple):
    """An endpoint as the SIP side sees it.

    ``weight`` is None if the group is tried by position, ``max_attempts`` if all its endpoints may be tried.
    ``domain`` is the host of the R-URI where it is not the endpoint's own, ``formats`` is how its group writes
    numbers.
    """

    gwid: int
    group: str
    endpoint: str
    uri: str
    strip: int
    prefix: str
    credential: str
    weight: int | None
    max_attempts: int | None = None
    domain: str = ""
    formats: Policy = MappingProxyType({})

    def number_to_send(self, dialled: str, e164: str) -> str:
        """Return the number before strip and prefix; ``e164`` is "" if it is not known."""
        form = self.formats.get("called", "")
        return write_number(form, self.formats, e164) if form and e164 else dialled
