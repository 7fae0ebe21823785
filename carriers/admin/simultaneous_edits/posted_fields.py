"""Posted fields as rows, and merged rows as posted fields, with the field names of Django's forms and formsets."""

from __future__ import annotations

from collections import defaultdict

from django.forms import ModelForm
from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.forms.models import BaseInlineFormSet
from django.http import QueryDict

from carriers.admin.simultaneous_edits.merge import Fields, MergedRows, TypedRow
from carriers.admin.simultaneous_edits.page_state import Compared, RowState, RowStates

FormSetClass = type[BaseInlineFormSet]


def read_object(data: QueryDict, form: ModelForm, pk: str, rows: Compared) -> TypedRow:
    """Return the fields of the object itself."""
    names = {form.add_prefix(name) for name in form.fields}
    return TypedRow(
        pk,
        {name: values for name, values in data.lists() if name in names},
        differs_from_shown=_differs(data, form, rows.shown[pk]),
        differs_from_stored=_differs(data, form, rows.stored[pk]),
    )


def write_object(data: QueryDict, form: ModelForm, stored: RowState) -> None:
    """Replace the fields of the object itself by the stored values."""
    for name in form.fields:
        data.pop(form.add_prefix(name), None)
    for name, values in _as_posted(form, stored).items():
        data.setlist(form.add_prefix(name), values)


def read_rows(data: QueryDict, formset: FormSetClass, rows: Compared) -> list[TypedRow] | None:
    """Return the rows of an inline in their order; None if they are of no page of ours, which the formset refuses."""
    prefix = formset.get_default_prefix()
    initial = data.get(f"{prefix}-{INITIAL_FORM_COUNT}", "")
    if not (initial.isascii() and initial.isdigit()):
        return None
    return [
        _read_row(data, formset, number, fields, None if number >= int(initial) else rows)
        for number, fields in sorted(_numbered(data, prefix).items())
    ]


def write_rows(data: QueryDict, formset: FormSetClass, merged: MergedRows, stored: RowStates) -> None:
    """Replace the rows of an inline, renumbered."""
    prefix = formset.get_default_prefix()
    for number, fields in _numbered(data, prefix).items():
        for name in fields:
            data.pop(f"{prefix}-{number}-{name}", None)
    old = [fields if fields is not None else _as_stored(formset, pk, stored[pk]) for pk, fields in merged.stored]
    for number, fields in enumerate([*old, *merged.new]):
        for name, values in fields.items():
            data.setlist(f"{prefix}-{number}-{name}", values)
    data[f"{prefix}-{TOTAL_FORM_COUNT}"] = str(len(old) + len(merged.new))
    data[f"{prefix}-{INITIAL_FORM_COUNT}"] = str(len(old))


def _numbered(data: QueryDict, prefix: str) -> dict[int, Fields]:
    """Return the fields of each row by its number, and by the field's own name."""
    rows: dict[int, Fields] = defaultdict(dict)
    for key, values in data.lists():
        found, _, rest = key.partition("-")
        number, _, name = rest.partition("-")
        if found == prefix and number.isascii() and number.isdigit() and name:
            rows[int(number)][name] = [str(value) for value in values]
    return rows


def _read_row(data: QueryDict, formset: FormSetClass, number: int, fields: Fields, rows: Compared | None) -> TypedRow:
    """Return one row; ``rows`` is None for a new one, which there is nothing to compare with."""
    prefix = f"{formset.get_default_prefix()}-{number}"
    if rows is None:
        return TypedRow("", fields, is_new=True, is_blank=not formset.form(data, prefix=prefix).has_changed())
    pk = "".join(fields.get("id", [""]))
    form = formset.form(prefix=prefix)
    shown, stored = rows.shown.get(pk), rows.stored.get(pk)
    return TypedRow(
        pk,
        fields,
        is_deleted=DELETION_FIELD_NAME in fields,
        differs_from_shown=shown is not None and _differs(data, form, shown),
        differs_from_stored=stored is not None and _differs(data, form, stored),
    )


def _differs(data: QueryDict, form: ModelForm, row: RowState) -> bool:
    """Say whether posted fields differ from a row's values."""
    return any(
        field.has_changed(
            row.values.get(name),  # None for a password, of which a row has only a digest, by another name
            field.widget.value_from_datadict(data, {}, form.add_prefix(name)),
        )
        for name, field in form.fields.items()
    )


def _as_posted(form: ModelForm, row: RowState) -> Fields:
    """Return a row's values as a browser posts them: an unticked box not at all, and never a password."""
    values = {name: row.values.get(name) for name in form.fields}
    return {
        name: ["on" if value is True else str(value)]
        for name, value in values.items()
        if value is not None and value is not False
    }


def _as_stored(formset: FormSetClass, pk: str, row: RowState) -> Fields:
    fk = formset.fk.name  # type: ignore[attr-defined]
    return {"id": [pk], fk: [str(row.values[fk])], **_as_posted(formset.form(), row)}
