"""Calls to the providers that have templates: the cases of ``provider_calls.py``, with name service by the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from carriers.providers.provider import FOLDER
from tests.e2e.isolated import passed_in_own_network
from tests.e2e.own_network import provider_calls
from tests.e2e.own_network.provider_rules import RULES

pytestmark = [pytest.mark.e2e, pytest.mark.wire]


def test_calls_to_strict_providers(tmp_path: Path) -> None:
    """Each template has a provider that refuses everything else."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(RULES)
    # baresip wants an address that is no loopback address.
    commands = ["ip address add 198.51.100.9/32 dev lo"]
    passed = passed_in_own_network(provider_calls, commands=commands, resolver=tmp_path / "resolv.conf")
    assert passed == len(RULES) + len(provider_calls.BY_BARESIP)
