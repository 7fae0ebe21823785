"""A number as the SIP side reads it from a request (``kamailio/numbers.cfg``)."""

from __future__ import annotations

import re

NUMBER = re.compile(r"[0-9*#+]{1,64}")
NUMBER_RULE = "1 to 64 digits or characters * # +"
# RFC 3966, section 5.1.1. Blanks are no separators there, but people paste numbers with blanks.
_VISUAL_SEPARATORS = re.compile(r"[-.() ]")


def clean_number(text: str) -> str:
    """Return the number without visual separators. Raises ``ValueError`` with the rule if it is no number."""
    number = _VISUAL_SEPARATORS.sub("", text)
    if not NUMBER.fullmatch(number):
        raise ValueError(f"A number has {NUMBER_RULE}; the separators - . ( ) and blanks do not count.")
    return number
