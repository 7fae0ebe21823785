"""Carrier groups in the admin: the list, the page of one group, and the short form that adds one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import re_path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from carriers.admin.change_lists import ListAdmin, QuickList
from carriers.admin.hooks import CallsHooks
from carriers.admin.inlines import AuthCredentialInline, EndpointInline, ExtraHeaderInline, GroupSourceInline
from carriers.admin.later_templates_page import later_template_view
from carriers.admin.save_template_page import save_template_view
from carriers.admin.simultaneous_edits.mixin import EditedTogether
from carriers.admin.topics import topic_fieldsets
from carriers.forms.add_group import AddCarrierGroupForm
from carriers.forms.groups import CarrierGroupForm, client_key_state
from carriers.forms.provider_group import ProviderGroupForm
from carriers.group_templates.later_templates import later_template
from carriers.history.actor import operator_of
from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from carriers.models.topics.numbers import NumberFormat
from carriers.models.topics.registry import GROUP_TOPICS
from carriers.offered_lookups import OfferedLookups
from carriers.offered_templates import offered_templates
from carriers.providers.provider import TemplateBroken, settings_in_words
from carriers.services import set_enabled
from carriers.values.addresses import format_address

SHOWN_ENDPOINTS = 3
SHOWN_NAMES = 20  # of the groups that are to be disabled
AUTHENTICATIONS = {"password": "Username/password", "ip": "IP", "none": "none"}


class AuthenticationFilter(admin.SimpleListFilter):
    title = "authentication"
    parameter_name = "authentication"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label.capitalize() if key == "none" else label) for key, label in AUTHENTICATIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(authentication_kind=self.value()) if self.value() in AUTHENTICATIONS else queryset


class SelectionFilter(admin.SimpleListFilter):
    """The two ways to select endpoints, in fewer words than the field's choices."""

    title = "selection of endpoints"
    parameter_name = "selection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(CarrierGroup.Selection.POSITION, "By position"), (CarrierGroup.Selection.WEIGHT, "By weight")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(selection=self.value()) if self.value() else queryset


class CarrierGroupList(QuickList):
    """The list, with the first endpoints of the groups on the page and of no others."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the endpoints' addresses without an object for each: a group may have hundreds, and three are shown."""
        super().get_results(request)
        first: dict[int, list[str]] = {group.pk: [] for group in self.result_list}
        endpoints = Endpoint.objects.filter(group__in=first).order_by("position", "pk")
        for group_pk, host, port, transport in endpoints.values_list("group_id", "host", "port", "transport"):
            if len(first[group_pk]) < SHOWN_ENDPOINTS:
                first[group_pk].append(format_address(host, port, transport))
        for group in self.result_list:
            group.first_addresses = first[group.pk]


def calls_go_nowhere(group: CarrierGroup) -> str:
    """Say that no calls go to the group, and what to do; "" where an endpoint takes them."""
    endpoints = list(group.endpoints.values_list("enabled", "direction"))
    if any(enabled and direction != Endpoint.Direction.INBOUND for enabled, direction in endpoints):
        return ""
    if endpoints:
        return "No endpoint of this group is enabled and takes calls, so no calls go to it: enable or add one."
    return (
        "This group has no endpoint, so no calls go to it: add one under Endpoints. A registration server gets calls"
        " only if it is also an endpoint."
    )


@admin.register(CarrierGroup)
class CarrierGroupAdmin(OfferedLookups, CallsHooks, EditedTogether, ListAdmin):
    form = CarrierGroupForm
    inlines = (EndpointInline, GroupSourceInline, AuthCredentialInline, ExtraHeaderInline)
    list_display = ("marked_name", "shown_endpoints", "authentication", "enabled")
    list_filter = ("enabled", AuthenticationFilter, SelectionFilter, "endpoints__transport")
    search_fields = ("name", "endpoints__host", "credential__username")
    search_help_text = "Search by name, endpoint address or username"
    ordering = ("name", "pk")
    actions = ("enable", "disable")
    add_form_template = "admin/carriers/carriergroup/add_form.html"
    empty_text = (
        "There is no carrier group yet. A carrier group is a provider that carries your calls: press Add carrier group,"
        " give it a name, and say how it authenticates. Then add its endpoints and an outbound route that leads to it."
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CarrierGroupList

    def get_queryset(self, request: HttpRequest) -> QuerySet[CarrierGroup]:
        """Add what the list sorts and filters by, as subqueries, which joins of a search don't multiply."""
        of_this = {"group": OuterRef("pk")}
        has_password = Exists(AuthCredential.objects.filter(**of_this))
        has_address = Exists(SourceNetwork.objects.filter(**of_this)) | Exists(Endpoint.objects.filter(**of_this))
        kind = Case(
            When(has_password, then=Value("password")), When(has_address, then=Value("ip")), default=Value("none")
        )
        groups = CarrierGroup.objects.with_endpoint_counts().annotate(authentication_kind=kind)
        return groups.order_by("name", "pk")

    # --- The list -----------------------------------------------------------------------------------------------------

    @admin.display(description="name", ordering="name")
    def marked_name(self, group: CarrierGroup) -> str:
        """The name, with an anchor by which the style sheet marks a group that was just added."""
        return format_html('<span id="group-{}">{}</span>', group.pk, group.name)

    @admin.display(description="endpoints", ordering="endpoint_count")
    def shown_endpoints(self, group: Any) -> str:
        """The first endpoints' addresses, and how many there are."""
        if not group.endpoint_count:
            return format_html('<span class="quiet">{}</span>', "none: no calls go to it")
        addresses = ", ".join(['<span class="address">{}</span>'] * len(group.first_addresses))
        more = group.endpoint_count - len(group.first_addresses)
        noun = "endpoint" if group.endpoint_count == 1 else "endpoints"
        rest = f" and {more} more" if more else ""
        return format_html(
            addresses + '{} <span class="quiet">({} {})</span>',
            *(*group.first_addresses, rest, group.endpoint_count, noun),
        )

    @admin.display(description="authentication", ordering="authentication_kind")
    def authentication(self, group: Any) -> str:
        return AUTHENTICATIONS[group.authentication_kind]

    @admin.action(description="Enable selected carrier groups", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[CarrierGroup]) -> None:
        self._set_enabled(request, queryset, enabled=True)

    @admin.action(description="Disable selected carrier groups", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[CarrierGroup]) -> HttpResponse | None:
        """Ask for confirmation on a page that names the calls that would end."""
        if request.POST.get("post") == "yes":
            self._set_enabled(request, queryset, enabled=False)
            return None
        groups = list(queryset)
        context = {
            **self.admin_site.each_context(request),
            "title": "Disable carrier groups",
            "opts": self.opts,
            "queryset": groups,
            "shown": groups[:SHOWN_NAMES],
            "more": max(0, len(groups) - SHOWN_NAMES),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/carriers/disable_confirmation.html", context)

    def _set_enabled(self, request: HttpRequest, queryset: QuerySet[CarrierGroup], *, enabled: bool) -> None:
        changed = set_enabled(groups=queryset, enabled=enabled)
        LogEntry.objects.log_actions(
            operator_of(request).pk, changed, CHANGE, change_message=[{"changed": {"fields": ["Enabled"]}}]
        )
        noun = "carrier group" if len(changed) == 1 else "carrier groups"
        state = "enabled" if enabled else "disabled"
        if changed:
            self.message_user(request, f"{len(changed)} {noun} {state}.", messages.SUCCESS)
        else:
            self.message_user(request, f"Nothing changed: the selected carrier groups were {state} already.")

    # --- The page of one group ----------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: CarrierGroup | None = None) -> Any:
        """Return the fields that every group needs, and a folded fieldset for each topic.

        Users who may only view see whether a secret is stored, in place of the field for a new one.
        """
        may_edit = self.has_change_permission(request, obj)
        return [
            (None, {"fields": ("name", "enabled", "selection")}),
            *topic_fieldsets(obj, CarrierGroup, GROUP_TOPICS, may_edit=may_edit),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: CarrierGroup | None = None) -> tuple[str, ...]:
        return ("client_key_state",)

    @admin.display(description="client key")
    def client_key_state(self, group: CarrierGroup) -> str:
        return client_key_state(group)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def warn(self, request: HttpRequest, instance: CarrierGroup) -> None:
        sentence = calls_go_nowhere(instance)
        if sentence:
            self.message_user(request, sentence, messages.WARNING)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        group: CarrierGroup | None = context.get("original")
        context["calls_go_nowhere"] = calls_go_nowhere(group) if group is not None else ""
        context["later_template"] = later_template(group) if group is not None else None
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        later, save = map(self.admin_site.admin_view, (later_template_view, save_template_view))
        return [
            re_path(r"^(?P<pk>[0-9]{1,9})/template/$", later, name="carriers_carriergroup_template"),
            re_path(r"^(?P<pk>[0-9]{1,9})/save-as-template/$", save, name="carriers_carriergroup_save_template"),
            *super().get_urls(),
        ]

    # --- The short form -----------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Require the permission to add each kind of object that the short form makes."""
        return request.user.has_perms(
            [f"carriers.add_{name}" for name in ("carriergroup", "endpoint", "sourcenetwork", "authcredential")]
        )

    @method_decorator(sensitive_post_parameters())
    @method_decorator(csrf_protect)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            known = offered_templates()
        except TemplateBroken as broken:
            known = {}
            self.message_user(request, f"No template can be chosen: {broken}", messages.ERROR)
        provider = known.get(request.GET.get("provider", ""))
        data = request.POST if request.method == "POST" else None
        form = AddCarrierGroupForm(data) if provider is None else ProviderGroupForm(provider, data)
        if form.is_bound and form.is_valid():
            group = form.save()
            if group is not None:
                self.log_addition(request, group, [{"added": {}}])
                return self._after_adding(request, group)
        context = {
            **self.admin_site.each_context(request),
            "title": "Add carrier group",
            "opts": self.opts,
            "form": form,
            "templates": [
                ("Your own templates", [each for each in known.values() if each.is_own]),
                ("Templates of this product", [each for each in known.values() if not each.is_own]),
            ],
            "provider": provider,
            "provider_sets": settings_in_words(provider) if provider is not None else "",
            "is_popup": IS_POPUP_VAR in request.GET or IS_POPUP_VAR in request.POST,
            "is_popup_var": IS_POPUP_VAR,
            "has_view_permission": self.has_view_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.add_form_template, context)

    def _after_adding(self, request: HttpRequest, group: CarrierGroup) -> HttpResponse:
        """Redirect to the list page with the new group, marked, or pass it to the page that opened the form."""
        if IS_POPUP_VAR in request.POST:
            return self.response_add(request, group)
        change_url = reverse(f"{self.admin_site.name}:carriers_carriergroup_change", args=[group.pk])
        first = group.endpoints.first()
        dialled = " as dialled" if group.number_format == NumberFormat.AS_DIALLED else ""
        calls = f"Calls go to {first.address}{dialled}." if first else "It has no endpoint yet, so no calls go to it."
        message = format_html(
            'The carrier group “{}” was added. {} <a href="{}">Edit it</a> to add endpoints or change details.',
            group.name,
            calls,
            change_url,
        )
        self.message_user(request, message, messages.SUCCESS)
        if not self.has_view_or_change_permission(request):
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:index"))
        before = CarrierGroup.objects.filter(name__lt=group.name).count()
        page = before // self.list_per_page + 1
        query = f"?p={page}" if page > 1 else ""
        list_url = reverse(f"{self.admin_site.name}:carriers_carriergroup_changelist")
        return HttpResponseRedirect(f"{list_url}{query}#group-{group.pk}")
