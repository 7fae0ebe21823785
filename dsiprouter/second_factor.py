"""The second factor: who has one, and the login form that asks for it when DSIPROUTER_SECOND_FACTOR is on.

A user has a TOTP device (an app on a phone) and a static one with recovery codes, each good for one login. An operator
with a shell gives and takes them (``manage.py second_factor``): no page shows their secrets.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db import transaction
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
# What can't be taken for another when it is read from paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz"


@transaction.atomic
def enrol(user: User) -> TOTPDevice:
    """Give the user a new TOTP secret, in the place of one that was there."""
    TOTPDevice.objects.filter(user=user).delete()
    return TOTPDevice.objects.create(user=user, name="phone")


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Give the user new recovery codes, in the place of those that were there, and return them."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = ["-".join(_letters(5) for _ in range(2)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


@transaction.atomic
def remove(user: User) -> bool:
    """Take the second factor away, and say whether there was one."""
    devices, _ = TOTPDevice.objects.filter(user=user).delete()
    codes, _ = StaticDevice.objects.filter(user=user).delete()
    return devices + codes > 0


def secret_for_apps(device: TOTPDevice) -> str:
    """Return the secret as people type it into an app."""
    return base64.b32encode(device.bin_key).decode("ascii").rstrip("=")


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


class SecondFactorLoginForm(AdminAuthenticationForm):
    """Username, password and a code. A wrong code counts as a failed login, so that codes can't be tried out."""

    otp_token = forms.CharField(
        label="Code",
        required=False,
        help_text="Of the app on your phone, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}),
    )

    def confirm_login_allowed(self, user: User) -> None:
        """Take the code, after the password was right and the user is staff."""
        super().confirm_login_allowed(user)
        code = self.data.get("otp_token", "").strip().lower().replace(" ", "")
        if not code:
            raise ValidationError("Enter the code of the app on your phone, too, or a recovery code.", code="no_code")
        devices = self._devices(user, code)
        user.otp_device = next(  # type: ignore[attr-defined]  # django_otp reads it when the user logs in
            (device for device in devices if verify_token(user, device.persistent_id, code) is not None), None
        )
        if user.otp_device is None:  # type: ignore[attr-defined]
            user_login_failed.send(sender=__name__, credentials={"username": user.get_username()}, request=self.request)
            raise ValidationError(self._refusal(user), code="wrong_code")

    @staticmethod
    def _devices(user: Any, code: str) -> list[Device]:
        """Return the devices that the code may be of: one that is asked in vain keeps us waiting the next time."""
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
            "The code is wrong, or was used already, or came too soon after wrong ones:"
            " wait for the next one, or use a recovery code."
        )
