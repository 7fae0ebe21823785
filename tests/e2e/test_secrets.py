"""No password of a carrier, and no digest that stands for one, anywhere but where it must be.

Passwords go in by the short form, by the group's page and by a document; carriers accept them, reject them, and are
tested with them. Then they are searched for in everything that the product shows, writes and keeps.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.db import connections
from django.test import Client
from django.views.debug import get_exception_reporter_class
from pytest_django import Settings

from carriers.models import AuthCredential, CarrierGroup
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.tables.models import Uacreg
from tests.admin.crawl import crawl
from tests.admin.forms import ADD_GROUP, post_page
from tests.e2e.admin import RELOAD, AdminSite, page_of
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene
from tests.e2e.sip.digest import Account, md5
from tests.e2e.sip.incoming import Challenge
from tests.e2e.sip.registrar import Registrar

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

BY_FORM, BY_PAGE, BY_DOCUMENT, WRONG = "literal-by-form", "literal-by-page", "literal-by-document", "literal-but-wrong"
PASSWORDS = (BY_FORM, BY_PAGE, BY_DOCUMENT, WRONG)
TOKEN, TOKEN_BY_PAGE = "literal-token-by-document", "literal-token-by-page"


@pytest.fixture(scope="module")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Run a Kamailio of this module's own that writes down as much as is documented to be free of digests."""
    with running_node(tmp_path_factory.mktemp("edge"), environment={"DSIPROUTER_KAMAILIO_LOG": "2"}) as process:
        yield process


@pytest.fixture
def site(scene: Scene, settings: Settings) -> AdminSite:
    return AdminSite(scene, settings)


@pytest.fixture
def sql(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything at debug level, every statement with its parameters included."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django.db.backends")
    for connection in connections.all():
        connection.force_debug_cursor = True
    yield caplog
    for connection in connections.all():
        connection.force_debug_cursor = False


def digests(registrar: Registrar) -> set[str]:
    return {md5(f"1000:{realm}:{password}") for realm in ("asterisk", registrar.address) for password in PASSWORDS}


def all_rows(alias: str) -> dict[str, str]:
    """Return every row of every table as text."""
    with connections[alias].cursor() as cursor:
        rows = {}
        for table in connections[alias].introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connections[alias].ops.quote_name(table)}")  # noqa: S608 - a table's name
            rows[f"{alias}.{table}"] = str(cursor.fetchall())
    return rows


def files_of_the_home() -> dict[str, str]:
    """Return the home's files, SQLite's with their write-ahead logs among them."""
    return {
        str(path): path.read_bytes().decode("latin-1")
        for path in Path(django_settings.DSIPROUTER_HOME).rglob("*")
        if path.is_file()
    }


def printed_by_commands(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    for command in (
        ["dump_carriers"],
        ["dump_carriers", "--format", "json"],
        ["dump_carriers", "--format", "csv"],
        ["plan_kamailio"],
        ["plan_kamailio", "--rows", "--sql"],
        ["check_drift"],
        ["check_drift", "--json"],
        ["kamailio_status"],
        ["kamailio_status", "--json"],
        ["test_carrier", "By form"],
        ["route_call", "91", "--live"],
    ):
        with suppress(SystemExit):  # something is rejected or waits, which is as good to look at
            call_command(*command)
    said = capsys.readouterr()
    return said.out + said.err


def test_no_secret_is_shown_logged_or_kept(
    scene: Scene,
    site: AdminSite,
    sql: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    registrar = scene.registrar(behaviour=Challenge(Account("1000", BY_PAGE, "asterisk")))
    registrar.add(Account("1000", BY_PAGE, "asterisk"))
    group = site.add_group("By form", "1000", BY_FORM, registrar.host_port)
    scene.route("9", group)
    site.reload()
    site.wait_for(group, "realm differs")
    site.edit(group, **{"credential-0-realm": "asterisk"})
    site.reload()
    site.wait_for(group, "rejected")
    site.edit(group, **{"credential-0-password": BY_PAGE})
    document = tmp_path / "carriers.yaml"
    document.write_text(
        f"""carrier_groups:
- name: By document
  endpoints: [{{host: {registrar.address}, port: {registrar.port}}}]
  credential: {{username: "1000", password: {BY_DOCUMENT}, registrar: "{registrar.host_port}", register: false}}
  extra_headers: [{{name: X-Token, value: {TOKEN}, secret: true}}]
""",
        encoding="utf-8",
    )
    call_command("load_carriers", str(document))
    site.reload()
    site.wait_for(group, "registered")
    assert scene.dial("91").code == 200
    other = CarrierGroup.objects.get(name="By document")
    site.edit(other, **{"credential-0-password": WRONG, "extra_headers-0-secret_value": TOKEN_BY_PAGE})
    tests = [site.test(what, group.pk) for what in ("credential", "realm")]
    refused = [
        site.client.post(ADD_GROUP, {"name": "", "authentication": "password", "password": BY_FORM}),
        post_page(site.client, page_of(group), {"name": "", "credential-0-password": BY_PAGE}),
    ]
    assert all("Please correct the error" in answer.content.decode() for answer in refused)

    tables = all_rows("default") | all_rows("kamailio")
    places = {
        **crawl(site.client),
        **tables,
        **files_of_the_home(),
        "tests": str(tests),
        "refused forms": "".join(answer.content.decode() for answer in refused),
        "commands": printed_by_commands(capsys),
        "log": sql.text + str([vars(record) for record in sql.records]),
        "Kamailio's log": scene.process.log_text(),
    }
    assert f"/admin/kamailio/registrations/?group={group.pk}" in places
    assert "INSERT INTO" in places["log"]
    assert "uacreg" in places["log"]
    for password in (*PASSWORDS, TOKEN, TOKEN_BY_PAGE):
        assert [place for place, text in places.items() if password in text] == []
    # The digest opens the account as the password does. It must be in uacreg, and so in that database's file.
    must = {"kamailio.uacreg", *(place for place in places if "kamailio.sqlite3" in place)}
    for digest in digests(registrar):
        assert {place for place, text in places.items() if digest in text} <= must
    assert md5(f"1000:asterisk:{BY_PAGE}") in tables["kamailio.uacreg"]
    # Nor is the ciphertext shown to anybody: it is in our own database only.
    for ciphertext in AuthCredential.objects.values_list("password_ciphertext", flat=True):
        shown = {place for place, text in places.items() if ciphertext in text}
        assert {place for place in shown if "default" not in place} == set()
    # Kamailio reads the secret values of headers from one table.
    must = {"kamailio.dsiprouter_header", *(place for place in places if "kamailio.sqlite3" in place)}
    for token in (TOKEN, TOKEN_BY_PAGE):
        assert {place for place, text in places.items() if token.encode().hex() in text} <= must
    assert TOKEN.encode().hex() in tables["kamailio.dsiprouter_header"]
    assert "dsiprouter_header" in places["log"]
    assert set(Uacreg.objects.values_list("auth_password", flat=True)) == {""}


# --- Exceptions -------------------------------------------------------------------------------------------------------


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """Collect what an error report says of each exception of a view: its traceback with the variables of each frame."""
    found: list[str] = []

    def report(sender: Any, request: Any, **kwargs: Any) -> None:
        import sys  # noqa: PLC0415

        reporter = get_exception_reporter_class(request)(request, *sys.exc_info())
        found.append(reporter.get_traceback_text() + reporter.get_traceback_html())

    got_request_exception.connect(report)
    yield found
    got_request_exception.disconnect(report)


def quiet(client: Client) -> Client:
    """Let exceptions become pages, as they do for a browser."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug mode"])
def test_no_error_report_has_a_password(site: AdminSite, settings: Settings, reports: list[str], debug: bool) -> None:
    group = site.add_group("Acme", "1000", BY_FORM, "127.0.0.1:5999")
    settings.DEBUG = debug
    settings.DSIPROUTER_CREDENTIAL_KEYS = ["this is no key"]
    client = quiet(site.client)
    form = {"name": "Other", "authentication": "password", "username": "1000", "registrar": "127.0.0.1"}
    pages = [
        client.post(ADD_GROUP, {**form, "password": BY_FORM}),
        client.post(page_of(group), {"name": "Acme", "credential-0-password": BY_PAGE, **_management_forms(group)}),
    ]
    assert [page.status_code for page in pages] == ([500, 500] if debug else [503, 503])
    assert len(reports) == 2
    assert all("no Fernet key" in report for report in reports)
    for password in PASSWORDS:
        assert password not in "".join(reports) + "".join(page.content.decode() for page in pages)


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug mode"])
def test_no_error_report_has_a_digest(site: AdminSite, settings: Settings, reports: list[str], debug: bool) -> None:
    """A plan that fails half way has digests in its hands."""
    site.add_group("Acme", "1000", BY_FORM, "127.0.0.1:5999")
    credential = AuthCredential.objects.get()
    settings.DEBUG = debug
    settings.KAMAILIO_ID_BASE = "no number"
    client = quiet(site.client)
    pages = [client.post(RELOAD), client.get("/admin/kamailio/waiting/")]
    assert [page.status_code for page in pages] == [500, 500]
    assert len(reports) == 2
    everything = "".join(reports) + "".join(page.content.decode() for page in pages)
    assert "credential" in everything
    for secret in (BY_FORM, credential.ha1(), credential.password_ciphertext):
        assert secret not in everything


def _management_forms(group: CarrierGroup) -> dict[str, str]:
    credential = AuthCredential.objects.get(group=group)
    return {
        "selection": "position",
        "endpoints-TOTAL_FORMS": "0",
        "endpoints-INITIAL_FORMS": "0",
        "sources-TOTAL_FORMS": "0",
        "sources-INITIAL_FORMS": "0",
        "credential-TOTAL_FORMS": "1",
        "credential-INITIAL_FORMS": "1",
        "credential-0-id": str(credential.pk),
        "credential-0-group": str(group.pk),
        "credential-0-username": "1000",
        "credential-0-registrar": "127.0.0.1",
        "credential-0-transport": "udp",
        "credential-0-expires": "3600",
    }
