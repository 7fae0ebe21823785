"""Save a carrier group as a template, or the next version of one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from carriers.group_templates.asked_values import askable_values, asking, settings_of
from carriers.models import CarrierGroup, OwnTemplate
from carriers.models.own_templates import LATEST_VERSION
from carriers.offered_templates import template_tree
from carriers.providers.provider import providers
from carriers.values.names import composed, name_key

_LONGEST_SLUG = 40
_WRITTEN_AT_ONCE = "Somebody else saved a template of this name at this moment: save it again."


def template_named(name: str) -> OwnTemplate | None:
    """Return the saved template of a name, in any case."""
    wanted = name_key(composed(name.strip()))
    return next((each for each in OwnTemplate.objects.all() if name_key(each.name) == wanted), None)


def save_template(
    group: CarrierGroup, *, name: str, about: str = "", asked: Collection[str] = (), is_linked: bool = True
) -> tuple[OwnTemplate, bool]:
    """Save the group as a template, and return it, and whether it differs from what was saved.

    ``asked`` are names of ``askable_values`` that are asked besides those that always are. With ``is_linked`` the group
    becomes one of this template, if it came from none or from an earlier version. Raises ``ValidationError`` by field.
    """
    with transaction.atomic():
        stored = template_named(name)
        before = template_tree(stored)["group"] if stored is not None else {}
        settings = settings_of(group, before)  # type: ignore[arg-type]
        questions = [each for each in askable_values(settings) if each.is_always or each.name in asked]
        content = {"asks": [each.question() for each in questions], "group": asking(settings, questions)}
        template = stored or OwnTemplate(slug=free_slug(name), source="")
        template.name, template.about = name, about
        differs = store(template, content)
        if is_linked and group.template in ("", template.slug):
            link = (template.slug, template.version)
            if (group.template, group.template_version) != link:
                group.template, group.template_version = link
                group.save()
    return template, differs


def store(template: OwnTemplate, content: dict[str, Any], version: int = 1) -> bool:
    """Store a template, as its next version if its content differs; return whether it does.

    ``version`` is the version of a new template, and the least one of a stored one. Raises ``ValidationError``.
    """
    plain = json.loads(json.dumps(content))  # so that no two places are one object, which YAML would refer to by name
    text = yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100)
    differs = template.content != text
    if differs:
        template.version = version if template.pk is None else max(version, template.version + 1)
        template.date = timezone.localdate().isoformat()
        template.content = text
    if template.version > LATEST_VERSION:
        raise ValidationError({"name": f"A template has at most {LATEST_VERSION} versions."})
    template.full_clean()
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise ValidationError({"name": _WRITTEN_AT_ONCE}) from None
    return differs


def free_slug(name: str) -> str:
    """Return a name in documents that no template has."""
    taken = providers().keys() | set(OwnTemplate.objects.values_list("slug", flat=True))
    first = re.sub(r"[^a-z0-9]+", "-", slugify(name)).strip("-")[:_LONGEST_SLUG].strip("-") or "own"
    slug, number = first, 2
    while slug in taken:
        slug, number = f"{first[: _LONGEST_SLUG - 4]}-{number}", number + 1
    return slug
