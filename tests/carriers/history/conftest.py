"""Carriers and clients as the tests of the admin have them."""

from tests.admin.conftest import carriers, login, operator

__all__ = ["carriers", "login", "operator"]
