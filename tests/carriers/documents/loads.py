"""Loads of documents, and the sentences of those that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.documents import DocumentRefused, load_document
from tests.carriers.documents.trees import PASSWORD, as_typed
from tests.carriers.stored import rows


def load(tree: Any, **options: bool) -> list[str]:
    return load_document(as_typed(tree), **options).lines()


def problems(tree: Any, **options: bool) -> list[str]:
    """Return the sentences of a refusal, after which everything is as it was."""
    before = rows()
    with pytest.raises(DocumentRefused) as refusal:
        load(tree, **options)
    assert rows() == before
    assert PASSWORD not in str(refusal.value) + "".join(refusal.value.problems)
    return refusal.value.problems
