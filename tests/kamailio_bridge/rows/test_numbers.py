"""Numbers in texts that another program may have written: an odd one is none, and never ends in an error."""

from __future__ import annotations

import pytest

from kamailio_bridge.modules.acceptance.accept_mtree import _keys_in
from kamailio_bridge.rows.marks import GROUP_TAG, object_key
from kamailio_bridge.rows.numbers import number_in

LONG = "9" * 5000  # more digits than Python converts


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("4294967295", 4294967295)])
def test_a_number_is_read(text: str, number: int) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["", " 7", "-7", "+7", "7.0", "0x7", "\u0667", "\u00b2", "1" * 11, LONG])
def test_anything_else_is_no_number(text: str) -> None:
    assert number_in(text) is None
    assert object_key(f"{GROUP_TAG}{text}", GROUP_TAG) is None
    assert _keys_in(f"dsiprouter:{text};8", 0) == [8]
