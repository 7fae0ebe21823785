"""Second factors of users. The login form requires them if DSIPROUTER_SECOND_FACTOR is on.

A user has a TOTP device (an app on a phone) and a static one with recovery codes, each good for one login. An operator
with a shell adds and removes them (``manage.py second_factor``): no page shows their secrets.
"""

from __future__ import annotations

import base64
import secrets

from django.contrib.auth.models import User
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
# No characters that are confused when read from paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz"


@transaction.atomic
def enrol(user: User) -> TOTPDevice:
    """Replace the user's TOTP secret by a new one."""
    TOTPDevice.objects.filter(user=user).delete()
    return TOTPDevice.objects.create(user=user, name="phone")


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the user's recovery codes by new ones, and return them."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = ["-".join(_letters(5) for _ in range(2)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


@transaction.atomic
def remove(user: User) -> bool:
    """Remove the second factor, and return whether there was one."""
    devices, _ = TOTPDevice.objects.filter(user=user).delete()
    codes, _ = StaticDevice.objects.filter(user=user).delete()
    return devices + codes > 0


def secret_for_apps(device: TOTPDevice) -> str:
    """Return the secret in Base32, as typed into an app."""
    return base64.b32encode(device.bin_key).decode("ascii").rstrip("=")


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
