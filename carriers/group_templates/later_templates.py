"""Later versions of the templates that groups came from: what would differ, and taking it or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from carriers.documents.dump import group_entry
from carriers.documents.load import load_document
from carriers.models import CarrierGroup
from carriers.offered_templates import offered_templates
from carriers.providers.answers import MISSING, answers_in, known_part
from carriers.providers.provider import Provider, TemplateBroken
from carriers.snapshots.record_words import preview_style, record_changes
from carriers.snapshots.records import read_carriers


@dataclass(frozen=True)
class TemplateUpdate:
    """``changes`` are phrases: what of the group would differ. ``unknown`` are the questions whose answers are gone.

    What needs an unknown answer stays as it is.
    """

    provider: Provider
    changes: list[str]
    unknown: list[str]


def later_template(group: CarrierGroup) -> Provider | None:
    """Return the template that a group came from, if there is a later version of it."""
    if not group.template or group.template_version is None:
        return None
    try:
        provider = offered_templates().get(group.template)
    except TemplateBroken:
        return None  # the page that adds a group says so
    return provider if provider is not None and provider.version > group.template_version else None


def preview_template(group: CarrierGroup, provider: Provider) -> TemplateUpdate:
    """Say what of the group would differ. Changes nothing. Raises ``DocumentRefused``."""
    entry = group_entry(group)
    answers = answers_in(provider, entry)
    unknown = [question.label for question in provider.asks if question.name not in answers and not question.secret]
    with transaction.atomic():
        before = read_carriers()
        _take(group, provider, answers)
        after = read_carriers()
        transaction.set_rollback(True)
    old, new = (carriers.groups[group.pk]._replace(template_version=None) for carriers in (before, after))
    changes = record_changes(CarrierGroup, old, new, preview_style(before, after))
    return TemplateUpdate(provider, changes, unknown)


def accept_template(group: CarrierGroup, provider: Provider) -> None:
    """Give the group what the later version sets. Raises ``DocumentRefused``."""
    _take(group, provider, answers_in(provider, group_entry(group)))


def decline_template(group: CarrierGroup, provider: Provider) -> None:
    """Leave the group as it is, and offer this version no more."""
    group.template_version = provider.version
    group.save()


def _take(group: CarrierGroup, provider: Provider, answers: dict[str, str]) -> None:
    sets: Any = known_part(dict(provider.group), answers)
    sets = {} if sets is MISSING else sets
    if not hasattr(group, "credential"):
        sets.pop("credential", None)
    load_document({"carrier_groups": [{**sets, "name": group.name, "template_version": str(provider.version)}]})
