"""The arithmetic of numbers, as ``kamailio/number_plans.cfg`` does it: dialled, +E.164, and as a carrier wants it.

Plans and formats are policies (``modules/policies/number_formats.py``): a value that a policy leaves out is "".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Policy = Mapping[str, str]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def is_e164(number: str) -> bool:
    """Return whether a number is written as +E.164."""
    return _E164.fullmatch(number) is not None


def to_e164(plan: Policy, number: str) -> str:
    """Return what a PBX dialled as +E.164, "" if its number plan does not say: short numbers, and codes with * or #."""
    found = _expanded(plan, number)
    return found if is_e164(found) else ""


def _expanded(plan: Policy, number: str) -> str:
    if number.startswith("+") or "cc" not in plan or not number.isdigit():
        return number
    country, international, national = plan.get("cc", ""), plan.get("int", ""), plan.get("nat", "")
    if international and number.startswith(international):
        return f"+{number[len(international) :]}"
    if plan.get("natlen") == str(len(number)):
        return f"+{country}{number}"
    if national and number.startswith(national):
        return f"+{country}{number[len(national) :]}"
    if plan.get("local") and len(number) >= int(plan["local"]):
        return f"+{country}{plan.get('area', '')}{number}"
    return ""


def write_number(form: str, policy: Policy, e164: str) -> str:
    """Return a number, which is +E.164, in a format; ``policy`` has country, national and international prefix."""
    digits = e164.removeprefix("+")
    if form == "digits":
        return digits
    international = policy.get("int", "00")
    if form == "national" and digits.startswith(policy.get("cc", "")):
        return policy.get("nat", "") + digits[len(policy.get("cc", "")) :]
    if form in ("double_zero", "national"):
        return international + digits
    return e164


def read_number(form: str, policy: Policy, number: str) -> str:
    """Return a number that a carrier wrote in a format as +E.164, "" if it is none."""
    found = number
    if form == "digits" and re.fullmatch(r"[1-9][0-9]{6,14}", number):
        found = f"+{number}"
    elif form in ("double_zero", "national") and number.startswith("00"):
        found = f"+{number[2:]}"
    elif form == "national" and number.isdigit() and number.startswith(policy.get("nat", "")):
        found = f"+{policy.get('cc', '')}{number[len(policy.get('nat', '')) :]}"
    return found if is_e164(found) else ""
