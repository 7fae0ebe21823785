"""The merge of a page on plain data; test_together.py tests it with two users in the admin."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.admin.simultaneous_edits.merge import Findings, MergedRows, TypedRow, merge_row, merge_rows
from carriers.admin.simultaneous_edits.page_state import Compared, PageState, RowState, RowStates, read_page_state
from carriers.admin.simultaneous_edits.wording import Wording
from carriers.models import Endpoint

WORDING = Wording(Endpoint, lambda _model, pk: {"1": "ann", "2": "bob", "3": "eve"}[pk])
TYPED = {"strip": ["5"]}
CHANGED = "ann changed endpoint “a”: strip from 0 to 1."


def row(strip: int = 0, label: str = "endpoint “a”") -> RowState:
    return RowState(label, {"strip": strip})


def merged(
    typed: list[TypedRow], shown: RowStates, stored: RowStates, **options: bool
) -> tuple[MergedRows, list[str], list[str]]:
    findings = Findings()
    rows = merge_rows(typed, Compared(shown, stored), WORDING, findings, **options)
    return rows, findings.kept, findings.conflicts


@pytest.mark.parametrize(
    ("typed", "is_taken_as_stored", "is_conflict"),
    [
        ({}, True, False),
        ({"differs_from_shown": True, "differs_from_stored": True}, False, True),
        ({"differs_from_shown": True}, True, False),  # both changed it to the same
        ({"differs_from_stored": True}, True, False),  # nobody but the others did
        ({"is_deleted": True}, False, True),
    ],
)
def test_a_row_that_others_changed(typed: dict[str, Any], is_taken_as_stored: bool, is_conflict: bool) -> None:
    findings = Findings()
    fields = merge_row(TypedRow("1", TYPED, **typed), Compared({"1": row(0)}, {"1": row(1)}), WORDING, findings)
    assert fields == (None if is_taken_as_stored else TYPED)
    assert (findings.conflicts if is_conflict else findings.kept) == [CHANGED]
    assert (findings.kept if is_conflict else findings.conflicts) == []


def test_a_row_that_nobody_else_changed_is_as_typed() -> None:
    findings = Findings()
    typed = TypedRow("1", TYPED, differs_from_shown=True, differs_from_stored=True)
    assert merge_row(typed, Compared({"1": row()}, {"1": row()}), WORDING, findings) == TYPED
    assert findings == Findings()


def test_rows_that_others_added_stand_between_stored_and_new_ones() -> None:
    typed = [TypedRow("1", TYPED), TypedRow("", {"strip": ["9"]}, is_new=True), TypedRow("", {}, is_new=True)]
    rows, kept, conflicts = merged(typed, {"1": row()}, {"1": row(), "2": row(label="endpoint “b”")})
    assert rows == MergedRows([("1", TYPED), ("2", None)], [{"strip": ["9"]}, {}])
    assert (kept, conflicts) == (["bob added endpoint “b”."], [])


def test_rows_that_others_deleted_come_back_only_if_they_were_changed_here() -> None:
    typed = [
        TypedRow("1", {**TYPED, "id": ["1"]}, differs_from_shown=True),
        TypedRow("2", {"id": ["2"]}),
        TypedRow("3", {"id": ["3"]}, is_deleted=True, differs_from_shown=True),
    ]
    shown = {"1": row(), "2": row(label="endpoint “b”"), "3": row(label="endpoint “c”")}
    rows, kept, conflicts = merged(typed, shown, {})
    assert rows == MergedRows([], [{**TYPED, "id": [""]}])
    assert kept == ["bob deleted endpoint “b”.", "eve deleted endpoint “c”."]
    assert conflicts == ["ann deleted endpoint “a”. What you typed is a new row below."]


def test_a_row_that_the_page_did_not_show_is_as_typed() -> None:
    rows, kept, conflicts = merged([TypedRow("1", TYPED)], {}, {"1": row()})
    assert (rows, kept, conflicts) == (MergedRows([("1", TYPED)]), [], [])


def test_the_only_row_is_added_by_both() -> None:
    blank, new = TypedRow("", {}, is_new=True, is_blank=True), TypedRow("", TYPED, is_new=True)
    added = {"2": row(label="endpoint “b”")}
    rows, kept, conflicts = merged([blank], {}, added, only_one=True)
    assert (rows, kept, conflicts) == (MergedRows([("2", None)]), ["bob added endpoint “b”."], [])
    rows, kept, conflicts = merged([blank, new], {}, added, only_one=True)
    assert rows == MergedRows([("2", {**TYPED, "id": ["2"]})])
    assert (kept, conflicts) == ([], ["bob added endpoint “b”."])
    rows, kept, conflicts = merged([], {}, added, only_one=True)
    assert (rows, kept, conflicts) == (MergedRows([("2", None)]), ["bob added endpoint “b”."], [])


def test_a_page_s_state_returns_as_it_was_signed() -> None:
    state = PageState({"": {"1": row()}, "endpoints": {"2": row(3), "3": row(label="x")}}, log=7)
    text = state.sign()
    assert read_page_state(text) == state
    assert read_page_state(text[:-1]) is None
