"""Merge what was typed into a page with what others stored since the page was made.

Three states meet: what was shown, what is stored now, and what was typed. A row that only others changed is taken as it
is stored; one that only this page changed is stored as typed; rows that others added or deleted stay so. Only a row
that both sides changed is a conflict, which a person must decide. All of this is plain data: ``posted_fields`` reads it
from a page and writes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from carriers.admin.simultaneous_edits.page_state import Compared
from carriers.admin.simultaneous_edits.wording import Wording

Fields = dict[str, list[str]]  # posted values by field name; an unticked box is not among them


@dataclass(frozen=True)
class TypedRow:
    """A row as it was typed, and whether it differs from the row shown and from the row stored now."""

    pk: str  # "" where the page has none
    fields: Fields
    is_new: bool = False
    is_blank: bool = False  # a new row into which nothing was typed
    is_deleted: bool = False
    differs_from_shown: bool = False
    differs_from_stored: bool = False


@dataclass
class Findings:
    """The changes of others, those that merge with what was typed and those that conflict with it, as sentences."""

    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


@dataclass
class MergedRows:
    """The merged rows: stored ones by primary key, None for a row to keep as it is stored, and new ones."""

    stored: list[tuple[str, Fields | None]] = field(default_factory=list)
    new: list[Fields] = field(default_factory=list)


def merge_row(typed: TypedRow, rows: Compared, wording: Wording, findings: Findings) -> Fields | None:
    """Return the typed fields, or None if the row, which is shown and stored, should stay as stored."""
    shown, stored = rows.shown[typed.pk], rows.stored[typed.pk]
    if shown.values == stored.values:
        return typed.fields
    changed = wording.changed(typed.pk, shown, stored)
    if typed.is_deleted or (typed.differs_from_shown and typed.differs_from_stored):
        findings.conflicts.append(changed)
        return typed.fields
    findings.kept.append(changed)
    return None


def merge_rows(
    typed: Sequence[TypedRow], rows: Compared, wording: Wording, findings: Findings, *, only_one: bool = False
) -> MergedRows:
    """Merge the rows of an inline, which may have ``only_one``."""
    merged = MergedRows()
    for row in typed:
        if not row.is_new:
            _merge_stored(merged, row, rows, wording, findings)
    known = {*rows.shown, *(row.pk for row in typed if not row.is_new)}
    added = [pk for pk in rows.stored if pk not in known]
    new = [row for row in typed if row.is_new]
    if only_one and added and new:
        _merge_only(merged, added[0], new, wording.added(added[0], rows.stored[added[0]]), findings)
        return merged
    for pk in added:
        findings.kept.append(wording.added(pk, rows.stored[pk]))
        merged.stored.append((pk, None))
    merged.new += [row.fields for row in new]
    return merged


def _merge_stored(merged: MergedRows, row: TypedRow, rows: Compared, wording: Wording, findings: Findings) -> None:
    """Merge a row that was stored when the page was made."""
    if row.pk in rows.stored:
        fields = merge_row(row, rows, wording, findings) if row.pk in rows.shown else row.fields
        merged.stored.append((row.pk, fields))
        return
    deleted = wording.deleted(row.pk, rows.shown.get(row.pk))
    if row.differs_from_shown and not row.is_deleted:
        findings.conflicts.append(f"{deleted} What you typed is a new row below.")
        merged.new.append({**row.fields, "id": [""]})
    else:
        findings.kept.append(deleted)


def _merge_only(merged: MergedRows, pk: str, new: Sequence[TypedRow], added: str, findings: Findings) -> None:
    """Merge the only possible row, which others added, with one that was typed as a new one."""
    typed = next((row for row in new if not row.is_blank), None)
    if typed is None:
        findings.kept.append(added)
        merged.stored.append((pk, None))
    else:
        findings.conflicts.append(added)
        merged.stored = [(pk, {**typed.fields, "id": [pk]})]
