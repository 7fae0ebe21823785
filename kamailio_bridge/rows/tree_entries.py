"""The entries of the prefix tree: a prefix with the letter of its direction, and the destination of its calls.

A value is our mark and the ids of the sets, and where needed a colon and their shares, 0 for a set without one, and
another colon and the keys of their conditions: ``dsiprouter:7;8;9:70;30;0:5;0;0``. For a route that answers its calls
itself, ``refuse:403:reason`` or ``unavailable`` follows the mark. A route that is not for every call has a rule in
front of all that (``Rule``). ``kamailio/route_entries.cfg`` reads these values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kamailio_bridge.rows.marks import ENTRY_MARK
from kamailio_bridge.rows.routes_in_force import NO_CARRIER, Answer

OUTBOUND, INBOUND, SENTINEL = "o", "i", "s"
REFUSE, UNAVAILABLE = f"{ENTRY_MARK}refuse:", f"{ENTRY_MARK}unavailable"
ONLY_IF, BY_CARRIER = "if", "by"
_REFUSAL = re.compile(re.escape(REFUSE) + r"([0-9]{3}):(.*)", re.DOTALL)
_LEADS_ON = re.compile(re.escape(ENTRY_MARK) + r"[0-9]")
_RULE = re.compile(re.escape(ENTRY_MARK) + r"(if|by):([0-9]{1,10}):([0-9]{1,2}):(next|stop):")


class Rule(NamedTuple):
    """What decides whether an entry is for a call: ``dsiprouter:if:5:2:stop:7;8``.

    ``kind`` is ``if`` with the ``key`` of a condition, 0 for none, or ``by`` with the key of an inbound route that
    sends the calls of some carrier groups to other PBXs. ``length`` is that of the prefix. ``falls_through``: a call
    that nobody can take here takes a shorter prefix.
    """

    kind: str
    key: int
    length: int
    falls_through: bool


def entry_of_sets(set_ids: Iterable[int], shares: Iterable[int] = (), conditions: Iterable[int] = ()) -> str:
    """Return the value that sends calls to these sets, one after the other, and first to one with a share."""
    shares, conditions = list(shares), list(conditions)
    lists = [
        ";".join(map(str, set_ids)),
        ";".join(map(str, shares)) if any(shares) else "",
        ";".join(map(str, conditions)) if any(conditions) else "",
    ]
    return ENTRY_MARK + ":".join(lists).rstrip(":")


def entry_of_answer(answer: Answer) -> str:
    """Return the value that answers calls."""
    return f"{REFUSE}{answer.code}:{answer.reason}" if answer.refuses else UNAVAILABLE


def with_rule(value: str, rule: Rule) -> str:
    """Return the value with a rule in front."""
    end = "next" if rule.falls_through else "stop"
    return f"{ENTRY_MARK}{rule.kind}:{rule.key}:{rule.length}:{end}:{value.removeprefix(ENTRY_MARK)}"


def rule_in(value: object) -> Rule | None:
    """Return the rule of a value, None if it has none."""
    found = _RULE.match(str(value))
    return Rule(found[1], int(found[2]), int(found[3]), found[4] == "next") if found is not None else None


def without_rule(value: object) -> str:
    """Return the value without its rule."""
    return _RULE.sub(ENTRY_MARK, str(value), count=1)


def names_sets(value: object) -> bool:
    """Return whether a value of ours names sets for calls."""
    return _LEADS_ON.match(without_rule(value)) is not None


def sets_in(value: object) -> list[str]:
    """Return the parts of a value that name sets, unparsed."""
    return _lists(value)[0].split(";")


def shares_in(value: object) -> list[str]:
    """Return the parts of a value that are shares of its sets, unparsed; none if calls are not shared."""
    return _split(_lists(value)[1])


def conditions_in(value: object) -> list[str]:
    """Return the parts of a value that are conditions of its sets, unparsed; none if there are none."""
    return _split(_lists(value)[2])


def answer_in(value: object) -> Answer | None:
    """Return the answer that a value of ours gives to calls; None if it names sets or is not ours."""
    refusal = _REFUSAL.fullmatch(without_rule(value))
    if refusal is not None:
        return Answer(int(refusal[1]), refusal[2])
    return NO_CARRIER if without_rule(value) == UNAVAILABLE else None


def _lists(value: object) -> tuple[str, str, str]:
    sets, _, rest = without_rule(value).removeprefix(ENTRY_MARK).partition(":")
    shares, _, conditions = rest.partition(":")
    return sets, shares, conditions


def _split(text: str) -> list[str]:
    return text.split(";") if text else []
