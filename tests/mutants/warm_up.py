"""Not a test of the product: the one that a fork server runs first, so that its children find the databases made."""

from __future__ import annotations

import pytest
from django.db import connections


@pytest.mark.django_db(databases="__all__")
def test_the_databases_are_there() -> None:
    assert all(connections[alias].introspection.table_names() for alias in connections)
