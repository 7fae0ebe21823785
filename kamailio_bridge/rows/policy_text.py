"""The form of a policy's value: ``name=value;name=value``, as Kamailio's transformation ``param.value`` reads it."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z_]+")
_UNREADABLE = re.compile(r'[;="\\\x00-\x1f\x7f]')


def policy_text(values: dict[str, str]) -> str:
    """Return the values as one text. Raises ``ValueError`` for a value that the SIP side could not read.

    The validators of the fields refuse such values earlier, so this is a mistake of ours.
    """
    for name, value in values.items():
        if not _NAME.fullmatch(name) or value == "" or _UNREADABLE.search(value):
            raise ValueError(f"The value of {name} can't be written as a policy.")
    return ";".join(f"{name}={value}" for name, value in values.items())


def policy_values(text: str) -> dict[str, str]:
    """Return the values of a policy's text."""
    return {name: value for name, _, value in (part.partition("=") for part in text.split(";"))}


def policy_value(text: str, name: str) -> str | None:
    """Return the value of a name in a policy's text, None if it has none."""
    return policy_values(text).get(name)
