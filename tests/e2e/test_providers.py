"""Calls to the providers that have templates: the cases of ``provider_calls.py``, with name service by the test."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from carriers.providers.provider import FOLDER
from tests.e2e.own_network import named_calls, provider_calls
from tests.namespaces import in_namespace

pytestmark = [pytest.mark.e2e, pytest.mark.wire]


def test_calls_to_strict_providers(tmp_path: Path) -> None:
    """Each template has a provider that refuses everything else."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(provider_calls.RULES)
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {named_calls.NAME_SERVER}\n", encoding="utf-8")
    said = in_namespace(
        "net --mount",
        "ip link set lo up",
        f"mount --bind {resolver} /etc/resolv.conf",
        f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:xdist {provider_calls.__file__} 2>&1 || true",
    )
    assert re.search(rf"^{len(provider_calls.RULES)} passed in ", said, flags=re.MULTILINE), said
