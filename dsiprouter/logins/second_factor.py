"""The second factor: who has one. The login form asks for it when DSIPROUTER_SECOND_FACTOR is on.

A user has a TOTP device (an app on a phone) and a static one with recovery codes, each good for one login. An operator
with a shell gives and takes them (``manage.py second_factor``): no page shows their secrets.
"""

from __future__ import annotations

import base64
import secrets

from django.contrib.auth.models import User
from django.db import transaction
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
