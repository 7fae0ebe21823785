"""Whose X-Real-IP and X-Forwarded-Proto count: those of the proxies that the settings name."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from dsiprouter.configuration.environment import Environment
from dsiprouter.configuration.production import require_production_settings
from dsiprouter.logins.client_address import client_address
from dsiprouter.logins.proxies import is_from_proxy, trust_proxies_only
from tests.security.production import production_environment
from tests.security.test_production import MARIADB

PROXY, STRANGER, CLIENT = "10.0.0.5", "198.51.100.9", "192.0.2.20"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Settings) -> None:
    settings.DSIPROUTER_TLS = True
    settings.DSIPROUTER_TRUSTED_PROXIES = [ip_network(text) for text in (PROXY, "2001:db8::/64", "::1")]


@pytest.mark.parametrize(
    ("connection", "counted"),
    [
        (PROXY, CLIENT),
        (f"::ffff:{PROXY}", CLIENT),
        ("2001:db8::7", CLIENT),
        ("::1", CLIENT),
        ("", CLIENT),  # a Unix socket
        (STRANGER, STRANGER),
        ("127.0.0.1", "127.0.0.1"),  # is not named here
        ("2001:db8:1::7", "2001:db8:1::"),
    ],
)
def test_only_a_trusted_proxy_says_who_its_client_is(connection: str, counted: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=connection, HTTP_X_REAL_IP=CLIENT)
    assert client_address(request) == counted


@pytest.mark.parametrize(("connection", "is_left"), [(PROXY, True), ("", True), (STRANGER, False), ("nonsense", False)])
def test_what_others_say_of_their_client_is_taken_away(connection: str, is_left: bool) -> None:
    said = {"HTTP_X_REAL_IP": CLIENT, "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": CLIENT}
    request = RequestFactory().get("/", REMOTE_ADDR=connection, **said)
    seen: list[HttpRequest] = []
    trust_proxies_only(lambda request: seen.append(request) or HttpResponse())(request)  # type: ignore[func-returns-value]
    assert [name in seen[0].META for name in said] == [is_left] * 3
    assert is_from_proxy(request) is is_left


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_a_stranger_at_the_port_cannot_close_somebody_elses_address(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    told = {"headers": {"x-real-ip": CLIENT, "x-forwarded-proto": "https"}}
    wrong = {"username": "alice", "password": "wrong"}
    stranger = Client(REMOTE_ADDR=STRANGER, **told)  # type: ignore[arg-type]
    assert stranger.post("/admin/login/", wrong).status_code == 301  # plain HTTP, whatever it says
    proxy = Client(REMOTE_ADDR=PROXY, **told)  # type: ignore[arg-type]
    assert [proxy.post("/admin/login/", wrong).status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    other = Client(REMOTE_ADDR=PROXY, headers={"x-real-ip": "192.0.2.21", "x-forwarded-proto": "https"})
    assert other.post("/admin/login/", wrong).status_code == 200


@pytest.mark.parametrize("wrong", ["10.0.0.5/8", "proxy.example", "10.0.0.0/33", "2001:db8::1/64"])
def test_a_slip_in_the_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("DSIPROUTER_TRUSTED_PROXIES", f"10.0.0.5,{wrong}")
    environment = Environment(tmp_path / ".env")
    assert environment.networks("DSIPROUTER_TRUSTED_PROXIES", []) == [ip_network("10.0.0.5")]
    (slip,) = environment.slips
    assert slip.startswith(
        f"DSIPROUTER_TRUSTED_PROXIES has “{wrong}”, which is neither an address nor a network: write"
    )


@pytest.mark.parametrize(
    ("bind", "proxies", "is_fit"),
    [
        ("unix:/run/dsiprouter/web.sock", None, True),
        ("127.0.0.1:8000", None, True),
        ("[::1]:8000", None, True),
        ("10.0.0.11:8000", None, False),
        ("0.0.0.0:8000", None, False),
        ("10.0.0.11:8000", "10.0.0.5", True),
    ],
)
def test_production_asks_for_the_proxies_where_others_reach_the_port(
    tmp_path: Path, bind: str, proxies: str | None, is_fit: bool
) -> None:
    environment = {**production_environment(tmp_path), "DSIPROUTER_WEB_BIND": bind}
    if proxies is not None:
        environment["DSIPROUTER_TRUSTED_PROXIES"] = proxies
    try:
        require_production_settings(environment, debug=False, allowed_hosts=["sip.example.com"], databases=MARIADB)
    except ImproperlyConfigured as error:
        assert not is_fit
        assert "DSIPROUTER_TRUSTED_PROXIES is not set" in str(error)  # noqa: PT017
    else:
        assert is_fit
