"""Groups that a document makes from a provider's template: ``template: twilio`` with ``answers: {...}``."""

from __future__ import annotations

import re

from carriers.documents.entry_keys import read_mapping, read_number
from carriers.documents.items import Item, Problems, Values
from carriers.offered_templates import offered_templates
from carriers.providers.provider import AnswersRefused, TemplateBroken

TEMPLATE_KEYS = ("template", "template_version")


def fill_template(entry: Values, place: str, problems: Problems) -> Values:
    """Return the entry with what its template sets, where it has answers; its own keys override those of the template.

    Without answers ``template`` only says where a group came from, as in a dump.
    """
    if "answers" not in entry:
        return entry
    own = {key: value for key, value in entry.items() if key != "answers"}
    try:
        known = offered_templates()
    except TemplateBroken as broken:
        problems.add(f"{place}.template", str(broken))
        return own
    slug = str(entry.get("template", ""))
    provider = known.get(slug)
    if provider is None:
        problems.add(f"{place}.template", f"there is no template “{slug[:40]}”; known are {', '.join(known)}.")
        return own
    answers = read_mapping(entry["answers"], f"{place}.answers", [each.name for each in provider.asks], problems)
    try:
        filled = provider.fill({name: str(value) for name, value in answers.items()})
    except AnswersRefused as refused:
        for name, sentence in refused.sentences.items():
            problems.add(f"{place}.answers.{name}", sentence)
        return own
    return {**filled, **{key: value for key, value in own.items() if key != "template_version"}}


def read_template(entry: Values, item: Item, problems: Problems) -> None:
    """Read which template a group came from."""
    slug = "" if entry.get("template") is None else entry["template"]
    if "template" in entry:
        if isinstance(slug, str) and re.fullmatch(r"[a-z0-9-]{0,40}", slug):
            item.values["template"] = slug
        else:
            item.refuse("template", "this must be the name of a template.", problems)
    if entry.get("template_version", "") is None:
        item.values["template_version"] = None
    else:
        read_number(entry, "template_version", item, problems)
