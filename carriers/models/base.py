"""The base class of the carriers' models."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models


class CarrierModel(models.Model):
    """A model whose check constraints only repeat the validators of its fields.

    The validators refuse earlier and name the field, and the database enforces the constraints for every writer. Django
    need not query the database for each constraint of each row of a form in advance: those are some two hundred
    queries for a carrier group of ten endpoints.
    """

    class Meta:
        abstract = True

    def get_constraints(self) -> list[tuple[type[models.Model], Sequence[models.BaseConstraint]]]:
        """Return the constraints that concern other rows."""
        return [
            (model, [each for each in constraints if not isinstance(each, models.CheckConstraint)])
            for model, constraints in super().get_constraints()
        ]
