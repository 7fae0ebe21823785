"""An endpoint as a call sees it, read from the carriers, Kamailio's tables or a node."""

from __future__ import annotations

from typing import NamedTuple


class Destination(NamedTuple):
    """An endpoint as the SIP side sees it.

    ``weight`` is None if the group is tried by position, ``max_attempts`` if all its endpoints may be tried.
    ``domain`` is the host of the R-URI where it is not the endpoint's own.
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
