"""Which entry of the prefix tree a call takes: the same for the entries of carriers and those in Kamailio's table.

``kamailio/route_entries.cfg`` does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kamailio_bridge.rows.attrs import whole_number
from kamailio_bridge.rows.routes_in_force import NO_CARRIER, Answer
from kamailio_bridge.rows.tree_entries import OUTBOUND, answer_in, conditions_in, names_sets, rule_in, sets_in


@dataclass(frozen=True)
class Decision:
    """``prefix`` is that of the route that decides, None without one; ``sets`` are those that the call may go to.

    ``not_met`` has by prefix the condition of each longer route that is not for the call, 0 where it is those of its
    carrier groups; ``left_out`` by set the condition that the call does not meet.
    """

    prefix: str | None
    answer: Answer | None = None
    sets: tuple[int, ...] = ()
    not_met: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[int, int] = field(default_factory=dict)


def decide(entries: Mapping[str, str], number: str, e164: str, is_met: Callable[[int], bool]) -> Decision:
    """Return what ``entries``, values by key, say of an outbound call. ``is_met`` says it of a condition."""
    not_met: dict[str, int] = {}
    for key in _keys(entries, number, e164):
        value, prefix = entries[key], key.removeprefix(OUTBOUND)
        rule = rule_in(value)
        if rule is not None and rule.key and not is_met(rule.key):
            not_met[prefix] = rule.key
            continue
        answer = answer_in(value)
        if answer is None and not names_sets(value):  # another program's entry
            return Decision(None, not_met=not_met)
        sets, left_out = _sets(value, is_met) if answer is None else ((), {})
        if answer is None and not sets:
            if rule is not None and rule.falls_through:
                not_met[prefix] = 0
                continue
            answer = NO_CARRIER
        return Decision(prefix, answer, sets, not_met, left_out)
    return Decision(None, not_met=not_met)


def _keys(entries: Mapping[str, str], number: str, e164: str) -> Iterator[str]:
    """Yield the keys of matching entries in the order in which they are asked."""
    if e164 not in ("", number):
        default = entries.get(OUTBOUND)
        for key in _prefixes(e164):
            if key in entries:
                if entries[key] == default:
                    break
                yield key
    yield from (key for key in _prefixes(number) if key in entries)


def _prefixes(number: str) -> Iterator[str]:
    return (OUTBOUND + number[:length] for length in range(len(number), -1, -1))


def _sets(value: str, is_met: Callable[[int], bool]) -> tuple[tuple[int, ...], dict[int, int]]:
    sets = [whole_number(part) for part in sets_in(value)]
    conditions = [whole_number(part) for part in conditions_in(value)] or [0] * len(sets)
    pairs = list(zip(sets, conditions, strict=False))
    left_out = {each: condition for each, condition in pairs if condition and not is_met(condition)}
    return tuple(each for each, _ in pairs if each not in left_out), left_out
