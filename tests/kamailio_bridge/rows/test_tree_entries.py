"""The entries of the prefix tree: ours are read as they were written, and those of others are ignored."""

from __future__ import annotations

import pytest

from kamailio_bridge.rows.marks import ENTRY_MARK
from kamailio_bridge.rows.routes_in_force import NO_CARRIER, Answer
from kamailio_bridge.rows.tree_entries import (
    UNAVAILABLE,
    Rule,
    answer_in,
    conditions_in,
    entry_of_answer,
    entry_of_sets,
    names_sets,
    rule_in,
    sets_in,
    shares_in,
    with_rule,
    without_rule,
)


def test_sets_are_read_back_in_their_order() -> None:
    value = entry_of_sets([12, 7])
    assert value == "dsiprouter:12;7"
    assert (sets_in(value), names_sets(value), answer_in(value)) == (["12", "7"], True, None)


def test_shares_follow_the_sets() -> None:
    value = entry_of_sets([12, 7, 9], [70, 30, 0])
    assert value == "dsiprouter:12;7;9:70;30;0"
    assert (sets_in(value), shares_in(value), names_sets(value)) == (["12", "7", "9"], ["70", "30", "0"], True)
    assert shares_in(entry_of_sets([12, 7], [0, 0])) == []


def test_conditions_follow_the_shares() -> None:
    value = entry_of_sets([12, 7], [0, 0], [0, 5])
    assert value == "dsiprouter:12;7::0;5"
    assert (sets_in(value), shares_in(value), conditions_in(value)) == (["12", "7"], [], ["0", "5"])
    assert conditions_in(entry_of_sets([12, 7], [70, 30])) == []


@pytest.mark.parametrize("value", [entry_of_sets([12, 7], [70, 30]), entry_of_answer(Answer(403, "a:b")), UNAVAILABLE])
@pytest.mark.parametrize("rule", [Rule("if", 5, 0, falls_through=False), Rule("by", 12, 30, falls_through=True)])
def test_a_rule_stands_in_front(value: str, rule: Rule) -> None:
    ruled = with_rule(value, rule)
    assert (rule_in(ruled), without_rule(ruled), rule_in(value)) == (rule, value, None)
    assert (names_sets(ruled), answer_in(ruled)) == (names_sets(value), answer_in(value))


@pytest.mark.parametrize("answer", [Answer(403, "Not allowed"), Answer(603, "a:b;c"), Answer(404, ""), NO_CARRIER])
def test_answers_are_read_back(answer: Answer) -> None:
    value = entry_of_answer(answer)
    assert value.startswith(ENTRY_MARK)
    assert (answer_in(value), names_sets(value)) == (answer, False)


@pytest.mark.parametrize(
    "value", ["", "12;7", ENTRY_MARK, f"{ENTRY_MARK}refuse:40:short", f"{ENTRY_MARK}unavailable later", None]
)
def test_anything_else_neither_leads_on_nor_answers(value: str | None) -> None:
    assert not names_sets(value)
    assert answer_in(value) is None
