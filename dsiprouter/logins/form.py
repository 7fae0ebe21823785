"""The login form of the site: a username, a password, and a code if DSIPROUTER_SECOND_FACTOR is on."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from dsiprouter.logins.name_delays import seconds_to_wait


class LoginForm(AdminAuthenticationForm):
    """Username and password. Every refusal counts as a failed login, even after the right password."""

    def clean(self) -> dict[str, Any]:
        """Refuse a login too early after many failures with this name (``dsiprouter.logins.name_delays``).

        A locked address takes no turn: it is refused anyway.
        """
        request, username = self.request, self.cleaned_data.get("username")
        wait = 0
        if request is not None and username and AxesProxyHandler.is_allowed(request, {"username": username}):
            wait = seconds_to_wait(request, username)
        if wait:
            request.seconds_to_wait = wait  # type: ignore[union-attr]
            raise ValidationError(
                f"Too many logins with this name failed. Try again in {wait} s, or from a browser or an address that"
                " you logged in from before.",
                code="too_early",
            )
        return super().clean()

    def confirm_login_allowed(self, user: User) -> None:
        """Count a refusal after the right password, too, against guesses of passwords of users who may not log in."""
        try:
            self.refuse(user)
        except ValidationError:
            user_login_failed.send(sender=__name__, credentials={"username": user.get_username()}, request=self.request)
            raise

    def refuse(self, user: User) -> None:
        """Raise ``ValidationError`` for users who may not log in."""
        super().confirm_login_allowed(user)


def add_retry_after(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a login that came too early with status 429 and the header Retry-After."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if wait := getattr(request, "seconds_to_wait", 0):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response.headers["Retry-After"] = str(wait)
        return response

    return middleware


class SecondFactorLoginForm(LoginForm):
    """Username, password and a code. A wrong code counts as a failed login, against guesses of codes."""

    otp_token = forms.CharField(
        label="Code",
        required=False,
        help_text="From the app on your phone, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}),
    )

    def refuse(self, user: User) -> None:
        """Check the code, after the password and the staff status."""
        super().refuse(user)
        code = self.data.get("otp_token", "").strip().lower().replace(" ", "")
        if not code:
            raise ValidationError("Also enter the code from the app on your phone, or a recovery code.", code="no_code")
        devices = self._devices(user, code)
        user.otp_device = next(  # type: ignore[attr-defined]  # django_otp reads it when the user logs in
            (device for device in devices if verify_token(user, device.persistent_id, code) is not None), None
        )
        if user.otp_device is None:  # type: ignore[attr-defined]
            raise ValidationError(self._refusal(user), code="wrong_code")

    @staticmethod
    def _devices(user: Any, code: str) -> list[Device]:
        """Return the devices whose kind of code this is: each device delays its next attempt after a wrong code."""
        model = TOTPDevice if code.isdigit() else StaticDevice
        return list(model.objects.filter(user=user, confirmed=True))

    @staticmethod
    def _refusal(user: Any) -> str:
        if not TOTPDevice.objects.filter(user=user, confirmed=True).exists():
            return (
                "This user has no second factor yet: ask an administrator to run"
                f" manage.py second_factor {user.get_username()}."
            )
        return (
            "The code is wrong, was used already, or was entered too soon after wrong ones:"
            " wait for the next one, or use a recovery code."
        )
