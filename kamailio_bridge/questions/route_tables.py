"""Where a number goes by the rows that stand in Kamailio's tables: what a node would do that loaded them now.

All rows count here, other tools' too, because Kamailio loads them all.
"""

from __future__ import annotations

from collections import defaultdict

from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.dispatcher import PBX_MARK
from kamailio_bridge.modules.mtree import MARK, OUTBOUND, answer_in, leads_on
from kamailio_bridge.questions.route_prediction import (
    Destination,
    Prediction,
    Unused,
    named_endpoints,
    run_through,
)
from kamailio_bridge.rows.ids import row_id
from kamailio_bridge.tables.models import Dispatcher, Htable, Mtree, Uacreg

MOST_DIGITS = 10  # of a number of 32 bits
_NOT_USED_FLAGS = 1 | 4  # dispatcher: inactive, and disabled by an administrator

Names = dict[int, tuple[str, str]]


def endpoint_names(carriers: Carriers) -> Names:
    """Return carrier group and endpoint in the operator's words, by the endpoint's id at Kamailio."""
    return {
        row_id(endpoint.pk): (group.name, name)
        for group in carriers.groups.values()
        for endpoint, name in named_endpoints(group)
    }


def parse_attrs(text: str) -> dict[str, str]:
    """Return the attributes of a destination, ``gwid=1;strip=0``, by name."""
    return dict(part.partition("=")[::2] for part in text.split(";") if part)


def whole_number(text: str | None) -> int:
    """Return the number that a text is, as Kamailio reads it: 0 where it is none, or longer than its numbers."""
    if text is None or len(text) > MOST_DIGITS:
        return 0
    return int(text) if text.isascii() and text.isdigit() else 0


def predict_from_tables(number: str, names: Names) -> Prediction:
    """Say where ``number`` goes by the tables dispatcher, mtree, htable and uacreg."""
    keys = [OUTBOUND + number[:length] for length in range(len(number) + 1)]
    rows = dict(Mtree.objects.filter(tprefix__in=keys).values_list("tprefix", "tvalue"))
    found = next((key for key in reversed(keys) if key in rows), None)
    if found is None:
        return Prediction(number, None)
    answer = answer_in(rows[found])
    if answer is not None:
        return Prediction(number, found.removeprefix(OUTBOUND), answer=answer)
    if not leads_on(rows[found]):
        return Prediction(number, None)
    set_ids = [whole_number(part) for part in rows[found].removeprefix(MARK).split(";")]
    sets, unused = _sets(set_ids, names)
    attempts, passed_over = run_through(number, sets)
    return Prediction(number, found.removeprefix(OUTBOUND), attempts, unused + passed_over)


def _sets(set_ids: list[int], names: Names) -> tuple[list[list[Destination]], list[Unused]]:
    """Return the destinations of each set in the order in which Kamailio tries them, and those that it never does."""
    by_weight = set(
        Htable.objects.filter(
            key_name__in=[f"dsiprouter:set:{set_id}" for set_id in set_ids], key_value="weight"
        ).values_list("key_name", flat=True)
    )
    usernames = _usernames()
    sets: dict[int, list[Destination]] = defaultdict(list)
    unused = []
    rows = Dispatcher.objects.filter(setid__in=set_ids).exclude(description__startswith=PBX_MARK)
    for set_id, uri, flags, attrs in rows.order_by("-priority", "pk").values_list(
        "setid", "destination", "flags", "attrs"
    ):
        values = parse_attrs(attrs)
        gwid = whole_number(values.get("gwid"))
        group, endpoint = names.get(gwid, (f"set {set_id}", uri))
        if flags & _NOT_USED_FLAGS:
            unused.append(Unused(gwid, group, endpoint, f"its row has the flags {flags}: inactive or disabled"))
            continue
        weighs = f"dsiprouter:set:{set_id}" in by_weight
        sets[set_id].append(
            Destination(
                gwid,
                group,
                endpoint,
                uri,
                whole_number(values.get("strip")),
                values.get("prefix", ""),
                usernames.get(values.get("uac", ""), ""),
                whole_number(values.get("rweight")) if weighs else None,
            )
        )
    return [sets[set_id] for set_id in set_ids], unused


def _usernames() -> dict[str, str]:
    return dict(Uacreg.objects.filter(l_uuid__startswith="carrier-").values_list("l_uuid", "auth_username"))
