"""Carriers and clients as the tests of the admin have them."""

from tests.admin.conftest import carriers, kamailio_down, login, operator

__all__ = ["carriers", "kamailio_down", "login", "operator"]
