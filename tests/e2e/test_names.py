"""Carriers that have names: the cases of ``named_calls.py``, where the tests answer all questions about names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.own_network import named_calls
from tests.namespaces import in_namespace

pytestmark = [pytest.mark.e2e, pytest.mark.wire]


def test_calls_to_names(tmp_path: Path) -> None:
    """In a network of its own, because the name server and SIP have their usual ports there."""
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {named_calls.NAME_SERVER}\n", encoding="utf-8")
    said = in_namespace(
        "net --mount",
        "ip link set lo up",
        f"mount --bind {resolver} /etc/resolv.conf",
        f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:xdist {named_calls.__file__} 2>&1 || true",
    )
    assert re.search(r"^\d\d passed in ", said, flags=re.MULTILINE), said
