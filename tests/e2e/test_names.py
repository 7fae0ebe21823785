"""Carriers that have names: ``named_calls.py`` and ``named_callers.py``, where the tests answer for all names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.isolated import passed_in_own_network
from tests.e2e.own_network import named_callers, named_calls

pytestmark = [pytest.mark.e2e, pytest.mark.wire]


def test_calls_to_names(tmp_path: Path) -> None:
    """In a network of its own, because the name server and SIP have their usual ports there."""
    assert passed_in_own_network(named_calls, named_callers, resolver=tmp_path / "resolv.conf") >= 20
