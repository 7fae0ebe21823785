"""Names that people take for one."""

from __future__ import annotations

import unicodedata

import pytest
from django.core.exceptions import ValidationError

from carriers.models import PBX, CarrierGroup
from carriers.values.names import composed, name_key


@pytest.mark.parametrize(("one", "other"), [("Acme", "ACME"), ("Müller", "MÜLLER"), ("жук", "ЖУК"), (" a", "a ")])
def test_case_and_blanks_around_make_no_difference(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


DECOMPOSED = unicodedata.normalize("NFD", "Größe")  # as a Mac writes it into a file


def test_how_a_letter_is_composed_makes_no_difference() -> None:
    assert name_key(DECOMPOSED) == name_key("GRÖßE")
    assert composed(DECOMPOSED) == "Größe" != DECOMPOSED
    assert name_key("İstanbul") == name_key(unicodedata.normalize("NFD", "İstanbul"))


@pytest.mark.django_db
@pytest.mark.parametrize("model", [CarrierGroup, PBX])
def test_names_are_stored_and_found_composed(model: type[CarrierGroup | PBX]) -> None:
    values = {} if model is CarrierGroup else {"host": "192.0.2.9"}
    stored = model.objects.create(name=DECOMPOSED, **values)
    assert model.objects.values_list("name", flat=True).get() == "Größe"
    assert model.objects.get(name=DECOMPOSED) == stored
    assert model.objects.get(name="Größe") == stored
    with pytest.raises(ValidationError, match="already a"):
        model(name=DECOMPOSED, **values).full_clean()


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
