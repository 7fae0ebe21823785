"""Fixtures of the tests of carriers documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.carriers.documents.loads import load
from tests.carriers.documents.trees import example, with_password


@pytest.fixture
def loaded() -> dict[str, Any]:
    tree = example()
    load(with_password(example()))
    return tree
