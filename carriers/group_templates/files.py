"""Own templates as YAML files: the same form as those of the product and of the folder ``providers/``."""

from __future__ import annotations

import re
import secrets
from pathlib import PurePath
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction

from carriers.documents import DocumentRefused, load_document, read_document
from carriers.group_templates.saving import free_slug, store, template_named
from carriers.models import OwnTemplate
from carriers.models.own_templates import LATEST_VERSION
from carriers.offered_templates import template_tree
from carriers.providers.provider import (
    PLACEHOLDER,
    AnswersRefused,
    Provider,
    TemplateBroken,
    is_slug,
    placeholders,
    provider_of,
    providers,
)

LONGEST_FILE = 100_000  # characters
_KEYS = ("title", "version", "date", "source", "about", "asks", "group")
_SAMPLES = ("acme", "1", "203.0.113.7")  # answers: whatever is refused with each of them is the template's mistake


def template_file(template: OwnTemplate) -> str:
    """Return the template as the text of its file."""
    return yaml.dump(template_tree(template), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100)


def import_template(text: str, file_name: str) -> tuple[OwnTemplate, bool]:
    """Store the template of a file, and return it, and whether it differs from what was saved.

    A template that has the file's name, or else its title, gets it as its next version. Raises ``ValidationError`` with
    every mistake that is found.
    """
    tree = _read(text)
    try:
        provider = provider_of("own", tree, PurePath(file_name).name[:80], is_own=True)
    except TemplateBroken as broken:
        raise ValidationError(str(broken)) from None
    _refuse_mistakes(provider)
    slug = PurePath(file_name).stem
    with transaction.atomic():
        stored = OwnTemplate.objects.filter(slug=slug).first() or template_named(provider.title)
        free = is_slug(slug) and slug not in providers()
        template = stored or OwnTemplate(slug=slug if free else free_slug(provider.title))
        template.name, template.about, template.source = provider.title, provider.about, provider.source
        content = {"asks": tree.get("asks") or [], "group": tree["group"]}
        return template, store(template, content, provider.version)


def _read(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_FILE:
        raise ValidationError("The file is too long to be a template.")
    try:
        tree = read_document(text, is_json=False)
    except DocumentRefused as refused:
        raise ValidationError(refused.problems) from None
    if not isinstance(tree, dict):
        raise ValidationError(f"A template is a mapping with the keys {', '.join(_KEYS)}.")
    unknown = [str(key)[:40] for key in tree if key not in _KEYS]
    if unknown:
        raise ValidationError(f"The keys {', '.join(unknown)} are not known; known are {', '.join(_KEYS)}.")
    return {"date": "", "source": "", **tree}


def _refuse_mistakes(provider: Provider) -> None:
    sentences = [*_mistakes_of_questions(provider), *_stored_secrets(provider)]
    if not 1 <= provider.version <= LATEST_VERSION:
        sentences.append(f"version: this must be 1 to {LATEST_VERSION}.")
    sentences = sentences or _mistakes_of_group(provider)
    if sentences:
        raise ValidationError(sentences)


def _mistakes_of_questions(provider: Provider) -> list[str]:
    names = [question.name for question in provider.asks]
    wrong = [name for name in names if not PLACEHOLDER.fullmatch(f"{{{name}}}") or names.count(name) > 1]
    sentences = [f"asks: “{name[:40]}” is no name of small letters, digits and _ that stands once." for name in wrong]
    secret = [question.name for question in provider.asks if question.secret and (question.default or question.choices)]
    return [*sentences, *(f"asks: {name} is secret, so it has neither default nor choices." for name in secret)]


def _stored_secrets(provider: Provider) -> list[str]:
    """Return a sentence for each secret that the template would hold, or ask for in clear text."""
    credential, headers = provider.group.get("credential"), provider.group.get("extra_headers")
    values = {"credential.password": credential.get("password")} if isinstance(credential, dict) else {}
    tls = provider.group.get("tls")
    if isinstance(tls, dict):
        values["tls.client_key"] = tls.get("client_key")
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict) and str(header.get("secret")).lower() in ("true", "yes", "on"):
            values[f"extra_headers: {header.get('name')}"] = header.get("value")
    secret = {question.name for question in provider.asks if question.secret}
    return [
        f"{place}: a template stores no secrets: ask for it, by a question with secret: true."
        for place, value in values.items()
        if value is not None and (not PLACEHOLDER.fullmatch(str(value)) or not set(placeholders(value)) <= secret)
    ]


def _mistakes_of_group(provider: Provider) -> list[str]:
    """Return what is wrong whatever the answers are: the group is loaded with some, and nothing is stored."""
    found: list[list[str]] = []
    for sample in _SAMPLES:
        answers = {
            question.name: question.default or (question.choices[0][0] if question.choices else sample)
            for question in provider.asks
        }
        name = secrets.token_hex(8)
        try:
            entry = provider.fill(answers)
            del entry["template"], entry["template_version"]
            load_document({"carrier_groups": [{**entry, "name": name}]}, dry_run=True)
        except AnswersRefused as refused:
            found.append(list(refused.sentences.values()))
        except DocumentRefused as refused:
            found.append([re.sub(rf"carrier_groups\[0\] “{name}”[:.] ?", "group: ", each) for each in refused.problems])
        else:
            return []
    return [sentence for sentence in found[0] if all(sentence in others for others in found[1:])] if found else []
