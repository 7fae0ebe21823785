"""The carrier groups of an outbound route, in order, and those of an inbound route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from carriers.forms.formsets import DistinctFormSet, OrderedFormSet, PositionForm
from carriers.models import OutboundRouteGroup


class KnownAutocompleteSelect(AutocompleteSelect):
    """An autocomplete field that is given its present choice, and so needs no query to show it."""

    known: tuple[str, str] | None = None

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        if self.known is None or list(value) != [self.known[0]]:
            return super().optgroups(name, value, attr)
        option = self.create_option(name, *self.known, selected=True, index=0)
        return [(None, [option], 0)]


class OrderedGroupForm(PositionForm):
    """One carrier group of a route."""

    class Meta:
        model = OutboundRouteGroup
        fields = ("position", "group", "share", "condition")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("group", "condition"):
            field, known = self.fields.get(name), getattr(self.instance, name) if self.instance.pk is not None else None
            widget = getattr(field and field.widget, "widget", None)  # the admin wraps the widget to add links
            if known is not None and isinstance(widget, KnownAutocompleteSelect):
                widget.known = (str(known.pk), str(known))


class OrderedGroupFormSet(OrderedFormSet):
    """The carrier groups of one route, each once."""

    distinct_fields = ("group",)
    is_unique = True
    duplicate_message = "This carrier group stands here twice: delete one."

    def clean(self) -> None:
        """Refuse groups of a route that refuses its calls: they would have no effect."""
        super().clean()
        if self.instance.refuse_code is None:
            return
        for form in self.kept_forms():
            error = ValidationError(
                "This route refuses its calls: delete this carrier group, or clear “Refuse with”.", code="refuses"
            )
            form.add_error("group", error)


class RouteCarrierFormSet(DistinctFormSet):
    """The carrier groups of one inbound route, each once."""

    distinct_fields = ("group",)
    is_unique = True
    duplicate_message = "This carrier group stands here twice: delete one."
