"""Which look-ups a URL may ask of an admin list: those that the list offers, and nothing else.

Django accepts any look-up of a model's own fields: ``?changes__regex=`` keeps a database busy for ever. So every model
admin of the site names ``OfferedLookups`` as its first base; a test finds one that does not.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Field, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.dateparse import parse_datetime
from django.utils.text import smart_split

SEARCH_CHARACTERS = 200
SEARCH_WORDS = 10
MAX_DIGITS = 40  # of a key: more are too many for any column
_ORDER = re.compile(r"-?\d{1,3}(\.-?\d{1,3})*", re.ASCII)


class OfferedLookups(admin.ModelAdmin):
    """Accept only the parameters of the list's own filters, each once, and searches of limited length."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        if request is None or lookup not in offered_parameters(self, request):
            return False
        return _is_moment(value) if lookup.endswith(("__gte", "__lt")) else True

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        for name, values in request.GET.lists():
            if len(values) > 1:
                raise DisallowedModelAdminLookup(f"{name} is given {len(values)} times.")
        self._refuse_odd_order(request.GET.get(ORDER_VAR, ""))
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            # Django does not catch these: a year that no calendar has.
            if self.date_hierarchy and any(name.startswith(self.date_hierarchy) for name in request.GET):
                raise IncorrectLookupParameters(str(error)) from error
            raise

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find nothing for an overlong search: each word is a condition for every field."""
        if len(search_term) > SEARCH_CHARACTERS or len(list(smart_split(search_term))) > SEARCH_WORDS:
            message = f"Nothing was searched: enter at most {SEARCH_WORDS} words and {SEARCH_CHARACTERS} characters."
            if "term" not in request.GET:  # a field that completes itself shows no messages
                messages.error(request, message)
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Do nothing for keys that no list offers: a database may refuse to look them up."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(key.isascii() and key.isdigit() and len(key) < 10 for key in selected):
            messages.error(request, "Nothing was done: select objects in the list, then try again.")
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Answer 404 for a key that the column can't hold: SQLite can't look it up."""
        field: Field = self.opts.pk if from_field is None else self.opts.get_field(from_field)  # type: ignore[assignment]
        if isinstance(field, models.IntegerField) and not _fits(field, object_id):
            raise Http404(f"No {self.opts.verbose_name} has this key.")
        return super().get_object(request, object_id, from_field)

    @staticmethod
    def _refuse_odd_order(order: str) -> None:
        columns = order.replace("-", "").split(".")
        if order and (not _ORDER.fullmatch(order) or len(columns) != len(set(columns))):
            raise DisallowedModelAdminLookup("This is not an order of columns.")


def offered_parameters(model_admin: admin.ModelAdmin, request: HttpRequest) -> set[str]:
    """Return the names of the parameters that the filters of a list put into URLs."""
    offered = set()
    for list_filter in model_admin.get_list_filter(request):
        if callable(list_filter):
            spec: Any = list_filter(request, {}, model_admin.model, model_admin)
            offered |= set(spec.expected_parameters())
            continue
        path, create = list_filter if isinstance(list_filter, tuple | list) else (list_filter, _create_filter)
        field: Any = get_fields_from_path(model_admin.model, str(path))[-1]
        spec = create(field, request, {}, model_admin.model, model_admin, field_path=str(path))  # type: ignore[operator]
        has_blank = field.null or field.many_to_many
        offered |= {name for name in spec.expected_parameters() if has_blank or not name.endswith("__isnull")}
    if model_admin.date_hierarchy:
        offered |= {f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day")}
    return offered


def _create_filter(*arguments: Any, **options: Any) -> Any:
    return admin.FieldListFilter.create(*arguments, **options)


def _is_moment(value: str) -> bool:
    """Say whether it is a time as a date filter writes it, which every database can compare with."""
    try:
        moment = parse_datetime(value)
    except ValueError:
        return False
    return moment is not None and moment.tzinfo is not None and 1 < moment.year < MAXYEAR


def _fits(field: Field, key: str) -> bool:
    """Say whether an integer column can hold the key. What is no number is refused by Django itself."""
    try:
        number = int(key[:MAX_DIGITS])
    except ValueError:
        return True
    try:
        field.run_validators(number)
    except ValidationError:
        return False
    return True
