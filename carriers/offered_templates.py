"""All templates that a carrier group can be made from: those in files, and those that operators saved on the site."""

from __future__ import annotations

import yaml

from carriers.models import OwnTemplate
from carriers.providers.provider import Provider, in_order, provider_of, providers


def offered_templates() -> dict[str, Provider]:
    """Return all templates by slug, in the order of their titles. Raises ``TemplateBroken`` for a file.

    A saved one replaces a file of the same name: all hosts of a site know it, and groups were made of it.
    """
    saved = {template.slug: saved_provider(template) for template in OwnTemplate.objects.all()}
    return in_order(providers() | saved)


def saved_provider(template: OwnTemplate) -> Provider:
    """Return a saved template in the form of all templates."""
    return provider_of(template.slug, template_tree(template), template.slug, is_own=True)


def template_tree(template: OwnTemplate) -> dict[str, object]:
    """Return what the template's file has."""
    return {
        "title": template.name,
        "version": template.version,
        "date": template.date,
        "source": template.source,
        "about": template.about,
        **yaml.load(template.content, Loader=yaml.CSafeLoader),
    }
