"""Templates of carrier groups that operators saved. All web processes find them, because they are in the database."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models

from carriers.fields import NameField
from carriers.models.base import CarrierModel
from carriers.models.groups import refuse_same_name

LATEST_VERSION = 9999


class OwnTemplate(CarrierModel):
    """A template of the operator's own. It has no secrets: those are asked of everyone who uses it.

    Groups know it by ``slug``, which stays when it gets another name. ``content`` is YAML with the keys ``asks`` and
    ``group`` of a template's file.
    """

    slug = models.SlugField("name in documents", max_length=40, unique=True, editable=False)
    name = NameField(unique=True, help_text="As people look for it when they add a carrier group.")
    version = models.PositiveSmallIntegerField(
        editable=False, validators=[MinValueValidator(1), MaxValueValidator(LATEST_VERSION)]
    )
    date = models.CharField("as of", max_length=32, editable=False)
    about = models.CharField(
        max_length=500, blank=True, default="", help_text="What people who use it should know, in a sentence."
    )
    source = models.CharField(
        "documentation",
        max_length=300,
        blank=True,
        default="",
        validators=[URLValidator(schemes=["https", "http"])],
        help_text="The address of the provider's documentation, such as https://docs.acme.example/sip.",
    )
    content = models.TextField(editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="own_template_name_not_blank"),
            models.CheckConstraint(
                condition=models.Q(version__gte=1, version__lte=LATEST_VERSION), name="own_template_version_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_same_name(self, self.name)
