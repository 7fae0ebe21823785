"""What logs and error reports hide, and what they leave readable."""

from __future__ import annotations

import logging
import sys

import pytest
from cryptography.fernet import Fernet
from django.http import QueryDict
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class

from carriers.passwords.digest import ha1
from dsiprouter.failures.secrecy import SqlLogFilter, mask

PASSWORD = 'it\'s "the" password'
HA1 = ha1("1000", "asterisk", PASSWORD)


@pytest.mark.parametrize(
    "text",
    [
        HA1,
        f"auth_ha1='{HA1}'",
        Fernet(Fernet.generate_key()).encrypt(PASSWORD.encode()).decode(),
        str({"credential-0-password": PASSWORD, "name": "Acme"}),
        str({"password": f"{PASSWORD} \\' and more"}),
        str(QueryDict('credential-0-password=it\'s+"the"+password&name=Acme')),
    ],
)
def test_what_is_hidden(text: str) -> None:
    assert "(secret)" in mask(text)
    assert not any(secret in mask(text) for secret in (HA1, "the", "gAAAA"))


@pytest.mark.parametrize(
    "text",
    ["SELECT name FROM carriers_carriergroup", "{'username': '1000', 'registrar': 'sip.acme.example'}", "deadbeef" * 3],
)
def test_what_is_not(text: str) -> None:
    assert mask(text) == text


def test_a_statement_is_logged_without_its_secrets() -> None:
    record = logging.LogRecord("django.db.backends", logging.DEBUG, "", 0, "(%.3f) %s; args=%s", None, None)
    record.args = (0.001, f"INSERT INTO uacreg ('{HA1}')", ("carrier-1", HA1))
    record.sql, record.params = record.args[1:]  # type: ignore[attr-defined]
    assert SqlLogFilter().filter(record)
    assert record.getMessage() == "(0.001) INSERT INTO uacreg ('(secret)'); args=('carrier-1', '(secret)')"
    assert HA1 not in str(vars(record))


class Unshowable:
    """A value that fails when a report wants to show it."""

    def __repr__(self) -> str:
        raise ValueError("no")


def fail_with(digest: str) -> None:
    thing, port = Unshowable(), 5060
    raise LookupError("what happened", type(thing), port)


def test_an_error_report_stays_one() -> None:
    request = RequestFactory().get("/admin/")
    try:
        fail_with(HA1)
    except LookupError:
        reporter = get_exception_reporter_class(request)(request, *sys.exc_info())
    html = reporter.get_traceback_html()
    assert all(text in html for text in ("what happened", "5060", "can&#x27;t be shown", "(secret)"))
    assert HA1 not in html
