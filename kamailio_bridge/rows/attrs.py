"""The attributes of a destination, ``gwid=7;strip=0;uac=carrier-3``, which the SIP side reads at each attempt.

Empty values are left out, because Kamailio would skip the row (docs/kamailio-facts.md#bad-destinations).
"""

from __future__ import annotations

from typing import NamedTuple

from carriers.snapshots.records import EndpointRecord, GroupRecord
from kamailio_bridge.rows.marks import record_key
from kamailio_bridge.rows.numbers import number_in


class Attrs(NamedTuple):
    """Attributes as the SIP side reads them. ``record`` is the key of the account's record; ``weight`` may be None."""

    gwid: int
    strip: int
    prefix: str
    record: str
    weight: int | None


def endpoint_attrs(key: int, group: GroupRecord, endpoint: EndpointRecord) -> str:
    """Return an endpoint's attributes for dispatcher."""
    attrs = f"gwid={key};strip={endpoint.strip}"
    if endpoint.prefix:
        attrs += f";prefix={endpoint.prefix}"
    if group.credential is not None:
        attrs += f";uac={record_key(group.pk)}"
    if group.selection == "weight":
        attrs += f";rweight={endpoint.weight}"
    return attrs + _by_socket(group.socket_of(endpoint))


def gateway_attrs(key: int, group: GroupRecord) -> str:
    """Return an endpoint's attributes for drouting, which has columns for its strip and prefix."""
    return f"gwid={key};uac={record_key(group.pk)}" if group.credential is not None else f"gwid={key}"


def pbx_attrs(pbx_pk: int, socket: str = "") -> str:
    """Return the attributes of a PBX; drouting has no socket."""
    return f"pbx={pbx_pk}{_by_socket(socket)}"


def _by_socket(name: str) -> str:
    """Return the attribute by which the dispatcher module, too, knows the socket of a destination."""
    return f";sockname={name}" if name else ""


def split_attrs(text: str) -> dict[str, str]:
    """Return the attributes by name, values unparsed."""
    return dict(part.partition("=")[::2] for part in text.split(";") if part)


def parse_attrs(text: str) -> Attrs:
    """Return the attributes as the SIP side reads them: a value that is no number counts as 0."""
    values = split_attrs(text)
    return Attrs(
        gwid=whole_number(values.get("gwid")),
        strip=whole_number(values.get("strip")),
        prefix=values.get("prefix", ""),
        record=values.get("uac", ""),
        weight=whole_number(values["rweight"]) if "rweight" in values else None,
    )


def whole_number(text: str | None) -> int:
    """Return the number in a text as Kamailio reads it: 0 if there is none."""
    return number_in(text or "") or 0
