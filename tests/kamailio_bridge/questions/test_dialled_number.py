"""Numbers as people type them, and as the SIP side reads them."""

from __future__ import annotations

import pytest

from kamailio_bridge.questions.dialled_number import clean_number


@pytest.mark.parametrize(
    "text", ["+15551234567", "+1-555-123-4567", "+1(555)123.4567", "+1 (555) 123-4567", " +1.555.1234567 "]
)
def test_visual_separators_do_not_count(text: str) -> None:
    assert clean_number(text) == "+15551234567"


def test_stars_and_number_signs_are_dialled() -> None:
    assert clean_number("*43#") == "*43#"


@pytest.mark.parametrize("text", ["", "-", "()", "12a", "1/2", "1\n2", "١٢٣", "1" * 65, "sip:1@host", "1;npdi"])
def test_what_is_no_number_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 digits or characters"):
        clean_number(text)
