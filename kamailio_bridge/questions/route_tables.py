"""Where a number goes by the rows in Kamailio's tables, if a node loaded them now.

All rows count, other tools' too, because Kamailio loads them all.
"""

from __future__ import annotations

from collections import defaultdict

from carriers.snapshots.records import Carriers
from kamailio_bridge.questions.route_decision import decide
from kamailio_bridge.questions.route_prediction import Prediction, Unused, named_endpoints, this_minute, try_sets
from kamailio_bridge.rows.attrs import parse_attrs, whole_number
from kamailio_bridge.rows.condition_policies import CONDITION_TOPICS, condition_key, is_met
from kamailio_bridge.rows.destination import Destination
from kamailio_bridge.rows.ids import pbx_set_id, row_id
from kamailio_bridge.rows.marks import BY_WEIGHT, PBX_MARK, RECORD_KEY, set_key
from kamailio_bridge.rows.number_forms import to_e164
from kamailio_bridge.rows.policy_text import policy_value, policy_values
from kamailio_bridge.rows.tree_entries import OUTBOUND
from kamailio_bridge.tables.models import Dispatcher, Htable, Mtree, Policy, Uacreg

_NOT_USED_FLAGS = 1 | 4  # dispatcher: inactive, and disabled by an administrator

Names = dict[int, tuple[str, str]]


def endpoint_names(carriers: Carriers) -> Names:
    """Return carrier group and endpoint in the operator's words, by the endpoint's id at Kamailio."""
    return {
        row_id(endpoint.pk): (group.name, name)
        for group in carriers.groups.values()
        for endpoint, name in named_endpoints(group)
    }


def predict_from_tables(number: str, names: Names, pbx: int | None = None, *, at: int | None = None) -> Prediction:
    """Say where ``number`` goes by the tables dispatcher, mtree, htable, uacreg and our policies. See ``predict``."""
    minute = this_minute() if at is None else at
    plan = _policy(f"{pbx_set_id(pbx)}:plan") if pbx is not None else {}
    e164 = to_e164(plan, number)
    entries = _entries(number) | (_entries(e164) if e164 else {})
    decision = decide(entries, number, e164, lambda condition: _is_met(condition, pbx, minute))
    if decision.prefix is None or decision.answer is not None:
        return Prediction(number, decision.prefix, answer=decision.answer)
    sets, unused = _sets(list(decision.sets), names)
    attempts, passed_over = try_sets(number, sets, e164=e164)
    return Prediction(number, decision.prefix, attempts, unused + passed_over)


def _entries(number: str) -> dict[str, str]:
    keys = [OUTBOUND + number[:length] for length in range(len(number) + 1)]
    return dict(Mtree.objects.filter(tprefix__in=keys).values_list("tprefix", "tvalue"))


def _is_met(condition: int, pbx: int | None, minute: int) -> bool:
    return is_met({topic: _policy(condition_key(condition, topic)) for topic in CONDITION_TOPICS}, pbx, minute)


def _policy(key: str) -> dict[str, str]:
    """Return a policy's values, none if there is no such row."""
    text = Policy.objects.filter(key_name=key).values_list("key_value", flat=True).first()
    return policy_values(text) if text else {}


def _sets(set_ids: list[int], names: Names) -> tuple[list[list[Destination]], list[Unused]]:
    """Return the destinations of each set in the order in which Kamailio tries them, and those that it never tries."""
    by_weight = set(
        Htable.objects.filter(key_name__in=[set_key(set_id) for set_id in set_ids], key_value=BY_WEIGHT).values_list(
            "key_name", flat=True
        )
    )
    usernames = _usernames()
    limits = {pk: whole_number(text) for pk, text in _policies(set_ids, "failover", "attempts").items()}
    domains = _policies(set_ids, "account", "domain")
    formats = {set_id: _policy(f"{set_id}:numbers") for set_id in set_ids}
    sets: dict[int, list[Destination]] = defaultdict(list)
    unused = []
    rows = Dispatcher.objects.filter(setid__in=set_ids).exclude(description__startswith=PBX_MARK)
    for set_id, uri, flags, text in rows.order_by("-priority", "pk").values_list(
        "setid", "destination", "flags", "attrs"
    ):
        attrs = parse_attrs(text)
        group, endpoint = names.get(attrs.gwid, (f"set {set_id}", uri))
        if flags & _NOT_USED_FLAGS:
            unused.append(Unused(attrs.gwid, group, endpoint, f"its row has the flags {flags}: inactive or disabled"))
            continue
        weighs = set_key(set_id) in by_weight
        sets[set_id].append(
            Destination(
                attrs.gwid,
                group,
                endpoint,
                uri,
                attrs.strip,
                attrs.prefix,
                usernames.get(attrs.record, ""),
                (attrs.weight or 0) if weighs else None,
                limits.get(set_id),
                domains.get(set_id, ""),
                formats[set_id],
            )
        )
    return [sets[set_id] for set_id in set_ids], unused


def _policies(set_ids: list[int], topic: str, name: str) -> dict[int, str]:
    """Return one value of a topic's policies by set id, where it is set."""
    keys = {f"{set_id}:{topic}": set_id for set_id in set_ids}
    rows = Policy.objects.filter(key_name__in=keys).values_list("key_name", "key_value")
    values = {keys[key]: policy_value(text, name) for key, text in rows}
    return {set_id: value for set_id, value in values.items() if value is not None}


def _usernames() -> dict[str, str]:
    return dict(Uacreg.objects.filter(l_uuid__startswith=RECORD_KEY).values_list("l_uuid", "auth_username"))
