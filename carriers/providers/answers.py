"""The answers that a group was made with, found in what it is now: they are not stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from carriers.providers.provider import PLACEHOLDER, Provider


def answers_in(provider: Provider, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers that ``entry``, a group's entry of the carriers document, still shows.

    A template's ``{trunk}.pstn.example`` and a group's ``acme.pstn.example`` give ``trunk: acme``. Secrets are in no
    entry. Where two places give different answers, the first counts.
    """
    found: dict[str, str] = {}
    for name, answer in _found(provider.group, entry):
        found.setdefault(name, answer)
    secrets = {question.name for question in provider.asks if question.secret}
    return {name: answer for name, answer in found.items() if name not in secrets}


def known_part(value: Any, answers: Mapping[str, str]) -> Any:
    """Return what a template sets with these answers, without what needs others: ``MISSING`` if nothing is left.

    A list is complete or missing: an endpoint that can't be filled must not make the others the only ones. A mapping
    loses the keys that need other answers, so a stored password stays.
    """
    if isinstance(value, dict):
        filled = {key: known_part(each, answers) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not MISSING} or MISSING
    if isinstance(value, list):
        parts = [known_part(each, answers) for each in value]
        whole = all(_needs(each) <= answers.keys() for each in value)
        return parts if whole else MISSING
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # as the texts of documents have numbers
    if not isinstance(value, str):
        return value
    if not _needs(value) <= answers.keys():
        return MISSING
    return PLACEHOLDER.sub(lambda found: answers[found[1]], value)


MISSING = object()


def _needs(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_needs(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(_needs(each) for each in value))
    return set(PLACEHOLDER.findall(value)) if isinstance(value, str) else set()


def _found(template: Any, there: Any) -> Iterator[tuple[str, str]]:
    if isinstance(template, dict) and isinstance(there, Mapping):
        for key, value in template.items():
            yield from _found(value, there.get(key))
    elif isinstance(template, list) and isinstance(there, list):
        for value, each in zip(template, there, strict=False):
            yield from _found(value, each)
    elif isinstance(template, str) and isinstance(there, str) and PLACEHOLDER.search(template):
        match = re.fullmatch(_pattern(template), there)
        if match:
            yield from match.groupdict().items()


def _pattern(template: str) -> str:
    """Return the regular expression that reads the answers from a text; a repeated answer must be the same."""
    pattern = ""
    seen: set[str] = set()
    for place, part in enumerate(PLACEHOLDER.split(template)):  # text, name, text, name, ..., text
        if place % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += f"(?P={part})" if part in seen else f"(?P<{part}>.+)"
            seen.add(part)
    return pattern
