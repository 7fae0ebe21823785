"""Staff of every role and one of everything, as the tests of the admin have them."""

from tests.admin.conftest import carriers, editor, login, operator, superuser, viewer

__all__ = ["carriers", "editor", "login", "operator", "superuser", "viewer"]
