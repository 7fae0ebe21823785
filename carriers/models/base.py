"""What the carriers' models have in common."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models


class CarrierModel(models.Model):
    """A model whose check constraints only repeat what the validators of its fields say.

    The validators refuse earlier and name the field, and the database holds the constraints whoever writes. So Django
    need not ask the database about each of them in advance: that would be a query for each constraint of each row of a
    form, some two hundred for a carrier group of ten endpoints.
    """

    class Meta:
        abstract = True

    def get_constraints(self) -> list[tuple[type[models.Model], Sequence[models.BaseConstraint]]]:
        """Return the constraints that need a look at other rows."""
        return [
            (model, [each for each in constraints if not isinstance(each, models.CheckConstraint)])
            for model, constraints in super().get_constraints()
        ]
