"""The inlines in the pages of carrier groups and PBXs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from carriers.admin.topics import summary_of
from carriers.forms.credentials import SPECIAL_FIELDS, AuthCredentialForm, password_state
from carriers.forms.endpoints import EndpointForm, EndpointFormSet
from carriers.forms.headers import ExtraHeaderForm, ExtraHeaderFormSet
from carriers.forms.sources import SourceNetworkForm, SourceNetworkFormSet
from carriers.models import AuthCredential, CarrierGroup, Endpoint, ExtraHeader, SourceNetwork


class EndpointInline(admin.TabularInline):
    model = Endpoint
    form = EndpointForm
    formset = EndpointFormSet
    ordering = ("position", "pk")
    verbose_name_plural = "endpoints, in the order in which they are tried"

    def get_fields(self, request: HttpRequest, obj: CarrierGroup | None = None) -> tuple[str, ...]:
        """Leave the socket out where there is no choice of sockets: the row fills the page without it."""
        fields = EndpointForm.Meta.fields
        chosen = settings.DSIPROUTER_SIP_SOCKETS or (obj is not None and obj.endpoints.exclude(socket="").exists())
        return fields if chosen else tuple(name for name in fields if name != "socket")

    def get_extra(self, request: HttpRequest, obj: CarrierGroup | None = None, **kwargs: Any) -> int:
        """Offer a blank row where there is none yet; the link below the table adds more."""
        return 0 if obj is not None and obj.endpoints.exists() else 1


class SourceNetworkInline(admin.TabularInline):
    model = SourceNetwork
    form = SourceNetworkForm
    formset = SourceNetworkFormSet
    ordering = ("pk",)
    fields = ("network",)
    extra = 0


class GroupSourceInline(SourceNetworkInline):
    fk_name = "group"
    verbose_name_plural = "source networks: from where the carrier may call us, besides its endpoints' addresses"


class PBXSourceInline(SourceNetworkInline):
    fk_name = "pbx"
    verbose_name_plural = "source networks: from where this PBX may call"
    min_num = 0

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Offer a blank row to a new PBX, which can't call without a source."""
        return 1 if obj is None else 0


class AuthCredentialInline(admin.StackedInline):
    model = AuthCredential
    form = AuthCredentialForm
    verbose_name_plural = "auth credential: for a carrier that asks for a username and password"
    extra = 0

    def get_fieldsets(self, request: HttpRequest, obj: CarrierGroup | None = None) -> Any:
        """Show users who may only view whether a password is stored, in place of the field for a new one."""
        may_edit = self.has_change_permission(request, obj) or self.has_add_permission(request, obj)
        password = "password" if may_edit else "password_state"
        stored = getattr(obj, "credential", None) or AuthCredential()
        summary = summary_of(stored, map(AuthCredential._meta.get_field, SPECIAL_FIELDS))
        special = f"Where the carrier wants something special: {summary}"
        return [
            (None, {"fields": ["username", password, "registrar", ("port", "transport"), "register"]}),
            (special, {"fields": SPECIAL_FIELDS, "classes": ["collapse"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: CarrierGroup | None = None) -> tuple[str, ...]:
        return ("password_state",)

    @admin.display(description="password")
    def password_state(self, credential: AuthCredential) -> str:
        return password_state(credential)


class ExtraHeaderInline(admin.TabularInline):
    model = ExtraHeader
    form = ExtraHeaderForm
    formset = ExtraHeaderFormSet
    ordering = ("pk",)
    verbose_name_plural = "extra headers: what every call to the carrier gets in addition, such as a token"
    classes = ("collapse",)
    extra = 0

    def get_fields(self, request: HttpRequest, obj: CarrierGroup | None = None) -> tuple[str, ...]:
        """Show users who may only view whether a value is secret, in place of the field for a new one."""
        may_edit = self.has_change_permission(request, obj) or self.has_add_permission(request, obj)
        return ("name", "value", "secret_value" if may_edit else "secret_value_state")

    def get_readonly_fields(self, request: HttpRequest, obj: CarrierGroup | None = None) -> tuple[str, ...]:
        return ("secret_value_state",)

    @admin.display(description="secret value")
    def secret_value_state(self, header: ExtraHeader) -> str:
        return "Stored" if header.is_secret else "None"
