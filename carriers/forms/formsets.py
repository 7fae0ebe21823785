"""Base forms and formsets of inlines: ordered rows and distinct rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property

from carriers.carrier_history import record_written, values_of
from carriers.django_internals import delete_without_cascade
from carriers.history.recording import unrecorded
from carriers.labels import Values


class PositionForm(forms.ModelForm):
    """Show a new row's position blank, which means: at the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        position = self.fields.get("position")
        if position is not None:  # missing for users with view permission only
            position.required = False
            position.widget.attrs["placeholder"] = "end"
            if self.instance.pk is None:
                self.initial["position"] = None

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data["position"]
        return position or 0


class StoredRowField(forms.ModelChoiceField):
    """The hidden key of a row, looked up in the rows that the formset has read; Django would query for each row."""

    def __init__(self, rows: Mapping[str, Model], **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, **kwargs)
        self.rows = rows

    def to_python(self, value: Any) -> Model | None:
        if value in self.empty_values:
            return None
        if str(value) not in self.rows:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return self.rows[str(value)]


class DistinctFormSet(BaseInlineFormSet):
    """Rows that are distinct in ``distinct_fields``. The second of two equal rows gets the error."""

    distinct_fields: tuple[str, ...] = ()
    is_unique = False  # whether the database has a unique index, too
    duplicate_message = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._taken_out: dict[Any, Values] = {}

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """Give each field an ``aria-label``, because its only visible label is the heading of the column."""
        super().add_fields(form, index)
        pk = cast(type[Model], self.model)._meta.pk.name
        key = form.fields[pk]
        if isinstance(key, forms.ModelChoiceField):
            form.fields[pk] = StoredRowField(self._rows, queryset=key.queryset, initial=key.initial)
        for field in form.fields.values():
            wrapped = isinstance(field.widget, RelatedFieldWidgetWrapper)
            widget = field.widget.widget if wrapped else field.widget
            if field.label:
                widget.attrs.setdefault("aria-label", str(field.label))

    @cached_property
    def _rows(self) -> dict[str, Model]:
        return {str(row.pk): row for row in self.get_queryset()}

    def validate_unique(self) -> None:
        """Put the error on the row; Django puts it above all rows."""
        seen = set()
        for form in self.kept_forms():
            if any(name not in form.cleaned_data for name in self.distinct_fields):
                continue
            key = tuple(form.cleaned_data[name] for name in self.distinct_fields)
            if key in seen:
                form.add_error(self.distinct_fields[0], ValidationError(self.duplicate_message, code="duplicate"))
            seen.add(key)

    def save_existing_objects(self, commit: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - Django's own signature
        """Let rows swap values, which a unique index refuses when they are stored one by one."""
        if commit and self.is_unique:
            wanted = {self._key(form.cleaned_data) for form in self.kept_forms()}
            moving = [form for form in self.initial_forms if form.instance.pk and form.has_changed()]
            in_the_way = [form.instance.pk for form in moving if self._key(form.initial) in wanted]
            rows = cast(type[Model], self.model)._default_manager.filter(pk__in=in_the_way)
            self._taken_out = {row.pk: values_of(row) for row in rows}
            delete_without_cascade(rows)  # they are inserted again with the same keys
        return super().save_existing_objects(commit)

    def save_existing(self, form: forms.ModelForm, obj: Model, commit: bool = True) -> Model:  # noqa: FBT001, FBT002
        """Record a row that was temporarily deleted and inserted again as changed."""
        before = self._taken_out.pop(obj.pk, None)
        if before is None:
            return super().save_existing(form, obj, commit)
        with unrecorded():
            saved = super().save_existing(form, obj, commit)
        record_written(changed=[(saved, before)])
        return saved

    def _key(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(getattr(value, "pk", value)) for value in map(values.get, self.distinct_fields))

    def kept_forms(self) -> Iterator[forms.ModelForm]:
        """Yield the forms that will be stored: neither blank nor marked for deletion."""
        for form in self.forms:
            is_blank = form.instance.pk is None and not form.has_changed()
            if hasattr(form, "cleaned_data") and not is_blank and not form.cleaned_data.get(DELETION_FIELD_NAME):
                yield form


class OrderedFormSet(DistinctFormSet):
    """Rows with a position. A new row without one goes to the end: the order shown is the order in use."""

    def clean(self) -> None:
        super().clean()
        kept = list(self.kept_forms())
        last = max((form.cleaned_data.get("position") or 0 for form in kept), default=0)
        for form in kept:
            if form.instance.pk is None and not form.cleaned_data.get("position"):
                last += 1
                form.instance.position = last
