"""Encryption keys of a single test."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """Keep the keys in a file of this test, which is created on first use."""
    path = tmp_path / "credential_key"
    settings.DSIPROUTER_CREDENTIAL_KEYS = []
    settings.DSIPROUTER_CREDENTIAL_KEY_FILE = path
    return path
