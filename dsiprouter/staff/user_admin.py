"""Users and groups in the admin: superusers do everything, *User managers* can only give the carriers' roles.

Otherwise a user manager could become a superuser, or set the password of one. User managers, and all others with the
permission to change users, change only users whose permissions are all among those of the carriers' roles, and never
themselves. They give only groups that have no other permissions. Only superusers change groups.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from carriers.history.admin import HasHistory
from carriers.offered_lookups import OfferedLookups
from dsiprouter.staff.roles import grantable_permissions

admin.site.unregister([User, Group])


def grantable_groups() -> QuerySet[Group]:
    """Return the groups that have no permission beyond those of the carriers' roles."""
    return Group.objects.exclude(permissions__in=_beyond())


def may_change(actor: User | AnonymousUser, user: User) -> bool:
    """Return whether the actor, who may change users in general, may change this one."""
    if actor.is_superuser:
        return True
    if user.is_superuser or user.pk == actor.pk:
        return False
    held = Permission.objects.filter(Q(group__user=user) | Q(user=user))
    return not held.filter(pk__in=_beyond().values("pk")).exists()


def _beyond() -> QuerySet[Permission]:
    """Return all permissions that no user manager may give."""
    given = Q(pk=0)
    for permission in grantable_permissions():
        label, codename = permission.split(".")
        given |= Q(content_type__app_label=label, codename=codename)
    return Permission.objects.exclude(given)


@admin.register(User)
class SiteUserAdmin(OfferedLookups, HasHistory, UserAdmin):
    list_display = ("username", "name", "access", "roles", "last_login")
    readonly_fields = ("last_login", "date_joined")
    # No choice of a user without a password, who could not log in: there is no single sign-on.
    add_form = UserCreationForm
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "password1", "password2")}),)
    for_managers = (
        (None, {"fields": ("username", "password")}),
        ("Personal info", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "groups")}),
    )
    for_viewers = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(ordering="last_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display
    def access(self, user: User) -> str:
        """Return the access in words, because narrow windows would show icons without headings."""
        if not user.is_active:
            return "deactivated"
        return "superuser" if user.is_superuser else "staff" if user.is_staff else "may not log in here"

    @admin.display
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what the user may not give, and the password's digest on read-only pages."""
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return self.for_managers if self.has_change_permission(request, obj) else self.for_viewers

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "groups" and not request.user.is_superuser:
            kwargs["queryset"] = grantable_groups()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or may_change(request.user, obj))


@admin.register(Group)
class SiteGroupAdmin(OfferedLookups, HasHistory, GroupAdmin):
    """For superusers only: a change of a group changes the permissions of all its users."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_delete_permission(request, obj)
