"""What the site tells browsers, with and without TLS in front."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.security.production import ROOT, production_environment

# What a browser gets from the login page in production. In a process of its own: settings count from the start.
ASK = """
import json, os, sys
from pathlib import Path
from dsiprouter import settings
settings.DATABASES = {name: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"} for name in settings.DATABASES}
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
answers = []
for arguments in json.loads(sys.argv[1]):
    answer = Client().get("/admin/login/", headers=arguments)
    answers.append({
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "cookies": {name: dict(morsel) for name, morsel in answer.cookies.items()},
    })
print(json.dumps(answers))
"""


def ask_production(home: Path, *headers: dict[str, str]) -> list[dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(headers)],
        cwd=ROOT,
        env=production_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/nothing", "/static/admin/css/base.css"])
def test_every_answer_restricts_the_browser(client: Client, path: str) -> None:
    answer = client.get(path)
    answer.close()
    headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    if "static" not in path:
        assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_without_tls_the_site_works_by_http_on_loopback(client: Client) -> None:
    answer = client.get("/admin/login/", headers={"host": "127.0.0.1"})
    assert answer.status_code == 200
    cookie = answer.cookies["csrftoken"]
    assert not cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.own_database
def test_behind_tls(tmp_path: Path) -> None:
    host = {"host": "sip.example.com"}
    plain, forwarded, stranger = ask_production(
        tmp_path / "home",
        host,
        {**host, "x-forwarded-proto": "https"},
        {"host": "evil.example", "x-forwarded-proto": "https"},
    )
    assert plain["status"] == 301
    assert plain["headers"]["Location"] == "https://sip.example.com/admin/login/"
    assert forwarded["status"] == 200
    assert forwarded["headers"]["Strict-Transport-Security"] == "max-age=31536000"
    cookie = forwarded["cookies"]["__Host-csrftoken"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert stranger["status"] == 400
