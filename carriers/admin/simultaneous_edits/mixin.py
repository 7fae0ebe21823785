"""Simultaneous edits of one page: both are kept, and the second person is told what the first one did."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import Error, IntegrityError, router, transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, QueryDict

from carriers.admin.simultaneous_edits.merge import Findings, merge_row, merge_rows
from carriers.admin.simultaneous_edits.page_state import OBJECT, Compared, PageState, read_page_state, states_of
from carriers.admin.simultaneous_edits.posted_fields import read_object, read_rows, write_object, write_rows
from carriers.admin.simultaneous_edits.wording import Who, Wording
from carriers.django_internals import replace_posted
from carriers.history.models import HistoryEntry
from carriers.history.recording import entries_of

FIELD = "_shown"
HOW_TO_OVERWRITE = (
    "Nothing was stored yet. What you typed stands below: press Save again to store it over that, or reopen the page"
    " to leave it."
)


class EditedTogether(admin.ModelAdmin):
    """An admin whose pages merge with what others stored since they were made.

    A page carries the stored values that it was made from in a signed hidden field (``page_state``). When it is saved,
    the object's row is locked, so that two saves follow one another, and the stored values are read again. If they
    differ, the posted fields become plain rows (``posted_fields``), which are merged with both states (``merge``): what
    others did stays where the page did not touch it, and is named in a message (``wording``). Then the merged rows
    replace the posted fields, and Django's admin validates and saves them like any others. Where both sides
    changed the same row, the form is refused with the sentences above it, and shows what was typed with the present
    state in its hidden field: saving again overwrites.

    Pages are not refused as a whole when something changed, because a carrier group has many rows that different people
    edit, and what was typed includes passwords, which no page shows again. Bulk actions and documents do not go through
    pages and need none of this.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        try:
            return self._save(request, object_id, form_url, extra_context)
        except IntegrityError:
            # Somebody stored the same name or prefix at the same moment: the form now finds and reports it.
            return self._save(request, object_id, form_url, extra_context)

    def _save(self, request: HttpRequest, object_id: str | None, *rest: Any) -> HttpResponse:
        typed, stored, findings = request.POST, None, None
        try:
            with transaction.atomic(using=router.db_for_write(self.model)):
                stored = self._locked(object_id) if object_id is not None else None
                if stored is not None and self.has_change_permission(request, stored):
                    findings = self._merge(request, stored)
                response = super().changeform_view(request, object_id, *rest)
        except Error:
            replace_posted(request, typed)
            request.edited_together = _Note()  # type: ignore[attr-defined]  # it may be done again
            raise
        if object_id is not None and stored is None:
            self._say_who_deleted(request, object_id)
        if findings is not None and findings.kept and response.status_code == 302:
            self.message_user(request, f"Since you opened the page: {' '.join(findings.kept)} That is kept.")
        return response

    def _locked(self, object_id: str) -> Model | None:
        """Return the stored object, and keep other pages from saving it until the transaction ends."""
        try:
            key = self.opts.pk.to_python(unquote(object_id))
        except ValidationError:
            return None
        return self.model._base_manager.select_for_update().filter(pk=key).first()

    def _merge(self, request: HttpRequest, obj: Model) -> Findings | None:
        """Replace the posted fields by the merged ones, and return what others did; None if they did nothing."""
        stored = self._stored(request, obj)
        _note(request).shown = stored
        shown = read_page_state(request.POST.get(FIELD, ""))
        if shown is None or shown.rows == stored.rows:
            return None
        findings, data, who = Findings(), request.POST.copy(), self._who(request, obj, shown.log)
        pk = str(obj.pk)
        if pk in shown.rows[OBJECT]:
            form = self.get_form(request, obj, change=True)()
            rows = Compared(shown.rows[OBJECT], stored.rows[OBJECT])
            if merge_row(read_object(data, form, pk, rows), rows, Wording(self.model, who), findings) is None:
                write_object(data, form, rows.stored[pk])
        for formset, prefix in self._formsets(request, obj):
            if prefix in shown.rows and shown.rows[prefix] != stored.rows[prefix]:
                _merge_inline(data, formset, Compared(shown.rows[prefix], stored.rows[prefix]), who, findings)
        replace_posted(request, data)
        _note(request).conflicts = findings.conflicts
        return findings

    def _formsets(self, request: HttpRequest, obj: Model) -> list[tuple[type[BaseInlineFormSet], str]]:
        return [
            (formset, formset.get_default_prefix())
            for formset, inline in self.get_formsets_with_inlines(request, obj)
            if inline.has_change_permission(request, obj)
        ]

    def _stored(self, request: HttpRequest, obj: Model) -> PageState:
        rows = {OBJECT: states_of([obj])}
        for formset, prefix in self._formsets(request, obj):
            rows[prefix] = states_of(formset(instance=obj, prefix=prefix).get_queryset())
        return PageState(rows, _newest_entry(obj))

    def _who(self, request: HttpRequest, obj: Model, since: int) -> Who:
        """Return a function that names who did something to a row since an entry of the history."""
        names: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for entry in _entries(obj).filter(pk__gt=since).order_by("pk"):
            is_own = entry.actor_id == request.user.pk
            name = "you, in another window," if is_own else entry.actor_name or "somebody"
            kind = f"{entry.content_type.app_label}.{entry.content_type.model}"
            names[kind, entry.object_pk][name] = None
        return lambda model, pk: " and ".join(names[model._meta.label_lower, pk]) or "somebody"

    # --- The page

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Refuse the form while there are conflicts, each in a sentence above the fields."""
        form = super().get_form(request, obj, change, **kwargs)
        conflicts = _note(request).conflicts
        return _with_conflicts(form, conflicts) if conflicts else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the hidden field of stored values: after a refusal those stored now, so that saving again overwrites."""
        context[FIELD.strip("_")] = ""
        if context["original"] is not None and self.has_change_permission(request, context["original"]):
            shown = _note(request).shown or _as_displayed(context)
            context[FIELD.strip("_")] = shown.sign()
        return super().render_change_form(request, context, *args, **kwargs)

    def _say_who_deleted(self, request: HttpRequest, object_id: str) -> None:
        """Say who deleted the object of the page."""
        entry = _deletion(self.model, unquote(object_id))
        if entry is not None:
            list(messages.get_messages(request))  # ours says more than Django's
            self.message_user(
                request,
                f"The {entry.object_repr} was deleted by {entry.actor_name or 'somebody'} since you opened its page:"
                " nothing was stored.",
                messages.WARNING,
            )


def _merge_inline(
    data: QueryDict, formset: type[BaseInlineFormSet], rows: Compared, who: Who, findings: Findings
) -> None:
    """Replace the posted rows of an inline by the merged ones."""
    typed = read_rows(data, formset, rows)
    if typed is not None:
        wording = Wording(cast(type[Model], formset.model), who)
        merged = merge_rows(typed, rows, wording, findings, only_one=formset.max_num == 1)
        write_rows(data, formset, merged, rows.stored)


class _Note:
    """Data of one request on its way through Django's admin, which has no other place for it."""

    def __init__(self) -> None:
        self.shown: PageState | None = None
        self.conflicts: list[str] = []


def _note(request: HttpRequest) -> _Note:
    note = getattr(request, "edited_together", None)
    if note is None:
        note = _Note()
        request.edited_together = note  # type: ignore[attr-defined]
    return note


def _as_displayed(context: dict[str, Any]) -> PageState:
    """Return the values from which the page's forms were made, not those that may be stored by now."""
    original = context["original"]
    rows = {OBJECT: states_of([original])}
    for each in context["inline_admin_formsets"]:
        if each.has_change_permission:
            rows[each.formset.prefix] = states_of(form.instance for form in each.formset.initial_forms)
    return PageState(rows, _newest_entry(original))


def _entries(obj: Model) -> QuerySet[HistoryEntry]:
    return entries_of(obj._meta.label_lower, obj.pk)


def _newest_entry(obj: Model) -> int:
    return _entries(obj).order_by("-pk").values_list("pk", flat=True).first() or 0


def _deletion(model: type[Model], pk: str) -> HistoryEntry | None:
    if not pk.isdecimal():
        return None
    entries = entries_of(model._meta.label_lower, int(pk))
    own = entries.filter(content_type__model=model._meta.model_name, object_pk=pk)
    return own.filter(action=HistoryEntry.Action.DELETE).order_by("-pk").first()


def _with_conflicts(form: type[ModelForm], conflicts: list[str]) -> type[ModelForm]:
    class Conflicting(form):  # type: ignore[misc, valid-type]
        def clean(self) -> Any:
            data = super().clean()
            self.add_error(
                None,
                [
                    ValidationError(text[0].upper() + text[1:], code="conflict")
                    for text in [*conflicts, HOW_TO_OVERWRITE]
                ],
            )
            return data

    return Conflicting
