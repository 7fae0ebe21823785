"""Answer codes and Q.850 causes that operators list, such as ``408 5xx``."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

_CODE = re.compile(r"[456]([0-9]{2}|xx)")
# Answers that never say that another endpoint might take the call: challenges, loops, and a caller who hung up.
_NEVER = frozenset({"401", "407", "482", "483", "487"})


def clean_codes(text: str) -> str:
    """Return answer codes separated by single blanks, without repetitions: ``408 5xx``.

    Raises ``ValidationError`` for anything else than codes from 400 to 699 and the classes 4xx, 5xx and 6xx.
    """
    codes = _words(text)
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValidationError(
                f"“{code[:16]}” is no code that can make a call fail over: write codes from 400 to 699, or 4xx, 5xx,"
                " 6xx, separated by blanks.",
                code="codes",
            )
        if code in _NEVER:
            raise ValidationError(
                f"{code} can't make a call fail over: it is about this attempt or the caller, not about the endpoint.",
                code="codes",
            )
    return " ".join(codes)


def clean_causes(text: str) -> str:
    """Return Q.850 causes separated by single blanks, without repetitions. Raises ``ValidationError``."""
    causes = _words(text)
    for cause in causes:
        if not (cause.isascii() and cause.isdigit() and len(cause) <= 3 and 1 <= int(cause) <= 127):
            raise ValidationError(
                f"“{cause[:16]}” is no cause of Q.850: write numbers from 1 to 127, separated by blanks.",
                code="causes",
            )
    return " ".join(str(int(cause)) for cause in causes)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(re.split(r"[\s,;/]+", text.strip().lower()))) if text.strip() else []
