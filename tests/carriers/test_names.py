"""Names that people take for one."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from carriers.models import PBX, CarrierGroup
from carriers.names import name_key


@pytest.mark.parametrize(("one", "other"), [("Acme", "ACME"), ("Müller", "MÜLLER"), ("жук", "ЖУК"), (" a", "a ")])
def test_case_and_blanks_around_make_no_difference(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.django_db
@pytest.mark.parametrize("model", [CarrierGroup, PBX])
def test_models_refuse_what_differs_in_case_only_beyond_ascii_too(model: type[CarrierGroup | PBX]) -> None:
    values = {} if model is CarrierGroup else {"host": "192.0.2.9"}
    stored = model.objects.create(name="Müller", **values)
    with pytest.raises(ValidationError, match="already a"):
        model(name="MÜLLER", **values).full_clean()
    stored.name = "MÜLLER"
    stored.full_clean()
    model(name="Möller", **values).full_clean()
