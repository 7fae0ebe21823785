"""Templates of providers: what a carrier group of that provider looks like, and what only the customer knows.

A template is a YAML file in this folder, or in ``providers/`` of the instance's home, where operators keep their own.
Those that they save on the site are in the database (``carriers.models.own_templates``), in the same form:

    title: Acme SIP                  # as people look for it
    version: 1                       # counts up when the settings change
    date: 2026-11-26                 # when the provider's documentation was read
    source: https://acme.example     # that documentation
    about: One sentence that a customer should know.
    asks:                            # what only the customer knows, in the order in which it is asked
      - {name: username, label: Username, help: From the portal., secret: false, choices: [], default: ""}
    group: {...}                     # a carrier group of the carriers document, with {username} where an answer goes

An answer that is left blank, if its default is blank too, takes the key away whose value it is alone. An endpoint whose
host is left out, and a header whose value is, go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class AnswersRefused(Exception):
    """Answers don't fit a template. ``sentences`` are by the name of the answer."""

    def __init__(self, sentences: dict[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.sentences = sentences


class TemplateBroken(Exception):
    """A template can't be read. ``str()`` is a sentence with the file and the reason."""


@dataclass(frozen=True)
class Question:
    """Something that a template asks. ``choices`` are values with their labels; none for free text."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    optional: bool = False

    @property
    def name_in_form(self) -> str:
        """The name of its field, which is never that of the group's name."""
        return f"answer_{self.name}"


@dataclass(frozen=True)
class Provider:
    """One template. ``group`` is an entry of the carriers document with placeholders."""

    slug: str
    title: str
    version: int
    date: str
    source: str
    about: str
    asks: tuple[Question, ...]
    group: Mapping[str, Any] = field(repr=False)
    is_own: bool = False  # the operator's, not one of this product

    def fill(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """Return the entry of a carrier group with the answers. Raises ``AnswersRefused``."""
        values = {question.name: _answer(question, answers) for question in self.asks}
        sentences = dict(_refusals(self.asks, values))
        asked = [question.name for question in self.asks]
        unknown = [name for name in answers if name not in asked]
        sentences |= {name: f"“{name}” is not asked; asked are {', '.join(asked)}." for name in unknown}
        if sentences:
            raise AnswersRefused(sentences)
        filled = _fill(self.group, values)
        return {**filled, "template": self.slug, "template_version": str(self.version)}


def _answer(question: Question, answers: Mapping[str, str]) -> str:
    return str(answers.get(question.name, "")).strip() or question.default


def _refusals(asks: tuple[Question, ...], values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for question in asks:
        value = values[question.name]
        if not value and not question.optional:
            yield question.name, f"Enter the {question.label[:1].lower()}{question.label[1:]}."
        elif question.choices and value not in dict(question.choices):
            possible = ", ".join(dict(question.choices))
            yield question.name, f"“{value[:64]}” is not possible; possible are {possible}."


_GONE = object()
_ESSENTIAL = ("host", "value")  # of an endpoint and of a header: without it there is none


def _fill(value: Any, answers: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        filled = {key: _fill(each, answers) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not _GONE}
    if isinstance(value, list):
        return [_fill(each, answers) for each in value if not _lacks_an_answer(each, answers)]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # as the texts of documents have numbers
    if not isinstance(value, str):
        return value
    alone = PLACEHOLDER.fullmatch(value)
    if alone and not answers[alone[1]]:
        return _GONE
    return PLACEHOLDER.sub(lambda found: answers[found[1]], value)


def _lacks_an_answer(entry: Any, answers: Mapping[str, str]) -> bool:
    """Say whether an entry of a list is an answer that was left blank, or an endpoint or header without its value."""
    parts = [entry.get(key) for key in _ESSENTIAL] if isinstance(entry, dict) else [entry]
    return any(_fill(part, answers) is _GONE for part in parts)


def settings_in_words(provider: Provider) -> str:
    """Return what a template sets, as the carriers document has it."""
    return yaml.safe_dump(dict(provider.group), sort_keys=False, allow_unicode=True, width=100)


def providers() -> dict[str, Provider]:
    """Return the templates in files by slug, in the order of their titles; an operator's own replaces one of ours."""
    own = Path(settings.DSIPROUTER_HOME) / "providers"
    return in_order(_read_folder(FOLDER) | (_read_folder_now(own, is_own=True) if own.is_dir() else {}))


def in_order(found: Mapping[str, Provider]) -> dict[str, Provider]:
    """Return templates in the order of their titles."""
    return dict(sorted(found.items(), key=lambda item: item[1].title.lower()))


@cache
def _read_folder(folder: Path) -> dict[str, Provider]:
    return _read_folder_now(folder)


def _read_folder_now(folder: Path, *, is_own: bool = False) -> dict[str, Provider]:
    return {path.stem: read_provider(path, is_own=is_own) for path in sorted(folder.glob("*.yaml"))}


def read_provider(path: Path, *, is_own: bool = False) -> Provider:
    """Read one template. Raises ``TemplateBroken``."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise TemplateBroken(f"The template {path.name} can't be read: {error}") from None
    if not is_slug(path.stem):
        raise TemplateBroken(f"The template {path.name} needs a name of small letters, digits and hyphens.")
    return provider_of(path.stem, tree, path.name, is_own=is_own)


def is_slug(text: str) -> bool:
    """Say whether a template may have this name in documents."""
    return _SLUG.fullmatch(text) is not None


def provider_of(slug: str, tree: Any, name: str, *, is_own: bool) -> Provider:
    """Return the template that a tree describes. ``name`` is for errors. Raises ``TemplateBroken``."""
    try:
        asks = tuple(_question(entry) for entry in tree.get("asks") or [])
        provider = Provider(
            slug,
            str(tree["title"]),
            int(tree["version"]),
            str(tree["date"]),
            str(tree["source"] or ""),
            str(tree.get("about") or ""),
            asks,
            dict(tree["group"]),
            is_own,
        )
    except KeyError as error:
        raise TemplateBroken(f"The template {name} lacks the key {error}.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise TemplateBroken(f"The template {name} can't be read: {error}") from None
    unknown = set(placeholders(provider.group)) - {question.name for question in asks}
    if unknown:
        raise TemplateBroken(f"The template {name} does not ask for {', '.join(sorted(unknown))}.")
    return provider


def _question(entry: Any) -> Question:
    choices = entry.get("choices") or {}
    return Question(
        str(entry["name"]),
        str(entry["label"]),
        str(entry.get("help") or ""),
        _is_true(entry.get("secret")),
        tuple((str(value), str(label)) for value, label in choices.items()),
        "" if entry.get("default") is None else str(entry["default"]),
        _is_true(entry.get("optional")),
    )


def _is_true(value: Any) -> bool:
    return value is True or value == "true"  # texts of documents have no other types


def placeholders(value: Any) -> Iterator[str]:
    """Yield the names of the answers that a value needs."""
    if isinstance(value, dict):
        for each in value.values():
            yield from placeholders(each)
    elif isinstance(value, list):
        for each in value:
            yield from placeholders(each)
    elif isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
