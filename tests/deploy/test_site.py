"""The site as docs/deploy.md sets it up: nginx with TLS, gunicorn on a Unix socket, MariaDB with its least rights."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.databases import Users, database_users
from tests.deploy.places import DEPLOY, ROOT, adapted, run
from tests.mariadb import HOST, MariaDB, free_port, private_mariadb
from tests.security.production import manage, production_environment

pytestmark = pytest.mark.own_database
SITE = "sip.example.com"
METRICS_TOKEN = secrets.token_hex(16)
PASSWORD = "a staple for horses"


class Site:
    """A running site: what a browser, a neighbour and an administrator do with it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.http_port, self.https_port = free_port(), free_port()

    def ask(
        self, path: str, *, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask by HTTPS, as a browser does."""
        context = ssl.create_default_context(cafile=self.folder / "certificate.pem")
        connection = http.client.HTTPSConnection(HOST, self.https_port, context=context, timeout=20)
        connection.host = SITE  # the certificate's; the connection goes to this machine
        connection._create_connection = self._connect  # type: ignore[attr-defined]
        try:
            sent = {"Host": SITE, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def _connect(self, *_arguments: object) -> socket.socket:
        return socket.create_connection((HOST, self.https_port), timeout=20)

    def plain(self, path: str) -> tuple[int, str]:
        """Ask by HTTP; return the status and where to go."""
        connection = http.client.HTTPConnection(HOST, self.http_port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": SITE})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location", "")
        finally:
            connection.close()

    def log_in(self, password: str, **headers: str) -> tuple[int, dict[str, str], str]:
        _, got, html = self.ask("/admin/login/")
        token = html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        return self.ask(
            "/admin/login/",
            method="POST",
            body=f"csrfmiddlewaretoken={token}&username=alice&password={password.replace(' ', '+')}",
            Content_Type="application/x-www-form-urlencoded",
            Cookie=got["Set-Cookie"].partition(";")[0],
            Referer=f"https://{SITE}/admin/login/",
            **headers,
        )


@pytest.fixture(scope="module")
def users() -> Iterator[tuple[MariaDB, Users]]:
    with private_mariadb() as server:
        yield server, database_users(server)


@pytest.fixture(scope="module")
def site(users: tuple[MariaDB, Users]) -> Iterator[Site]:
    server, accounts = users
    # The path of a Unix socket is short.
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        folder = Path(name)
        environment = {
            **production_environment(folder / "home"),
            "DATABASE_URL": accounts.web_url(server, "dsiprouter"),
            "KAMAILIO_DATABASE_URL": accounts.web_url(server, "kamailio"),
            "DSIPROUTER_METRICS_TOKEN": METRICS_TOKEN,
            "DSIPROUTER_WEB_BIND": f"unix:{folder}/web.sock",
            "DSIPROUTER_WEB_WORKERS": "2",
            "DSIPROUTER_RPC_PORT": str(free_port()),
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }
        site = Site(folder, environment)
        for command in (
            ["migrate", "--verbosity", "0"],
            ["create_kamailio_tables"],
            ["create_roles"],
            ["createsuperuser", "--noinput", "--username", "alice", "--email", "alice@example.com"],
        ):
            done = manage(environment, *command)
            assert done.returncode == 0, done.stderr
        accounts.grant_kamailio(server)
        with Servers(site):
            yield site


def _nginx_configuration(site: Site) -> Path:
    folder = site.folder
    names = ["-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files])
    adapted(
        DEPLOY / "nginx" / "dsiprouter.conf",
        folder,
        **{
            "@SITE@": SITE,
            "listen 80;": f"listen {HOST}:{site.http_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen {HOST}:{site.https_port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "/etc/dsiprouter/tls": str(folder),
            "/run/dsiprouter/web.sock": f"{folder}/web.sock",
            "/var/log/nginx": str(folder),
        },
    )
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "folders.conf").write_text("".join(f"{name}_temp_path {folder}/{name};\n" for name in temporary))
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\ndaemon off;\nworker_processes 1;\nuser root;\n"
        "events { worker_connections 64; }\n"
        f"http {{ include {folder}/folders.conf; include {folder}/dsiprouter.conf; }}\n",
        encoding="utf-8",
    )
    return main


class Servers:
    """gunicorn and nginx, each as its unit starts it, until the end of the tests."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> None:
        site = self.site
        configuration = _nginx_configuration(site)
        run(["/usr/sbin/nginx", "-t", "-c", configuration])
        gunicorn = [str(Path(sys.executable).parent / "gunicorn"), "--config", "deploy/gunicorn.conf.py"]
        run([*gunicorn, "--check-config"], cwd=ROOT, env=site.environment)
        try:
            with (site.folder / "web.log").open("wb") as log:
                self._start(gunicorn, log)
                self._start(["/usr/sbin/nginx", "-c", str(configuration)], log)
            self._wait()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str], log: object) -> None:
        self.processes.append(
            subprocess.Popen(  # type: ignore[call-overload]
                command, cwd=ROOT, env=self.site.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                if self.site.ask("/healthz")[0] == 200:
                    return
            except OSError:
                pass
            said = (self.site.folder / "web.log").read_text(encoding="utf-8", errors="replace")
            assert time.monotonic() < deadline, said
            assert all(process.poll() is None for process in self.processes), said
            time.sleep(0.1)


def test_the_socket_is_for_nginx_only(site: Site) -> None:
    mode = (site.folder / "web.sock").stat().st_mode
    assert mode & 0o777 == 0o770


def test_http_leads_to_https(site: Site) -> None:
    assert site.plain("/admin/") == (301, f"https://{SITE}/admin/")


def test_a_browser_logs_in_by_https(site: Site) -> None:
    status, headers, html = site.ask("/admin/login/")
    assert status == 200
    assert "csrfmiddlewaretoken" in html
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "nginx/" not in headers["Server"]
    status, headers, _ = site.log_in(PASSWORD)
    assert status == 302
    cookie = headers["Set-Cookie"]
    assert cookie.startswith(("__Host-sessionid=", "__Host-csrftoken="))
    assert "Secure" in cookie


def test_static_files_are_served(site: Site) -> None:
    status, headers, css = site.ask("/static/admin/css/base.css")
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/css")
    assert "--primary" in css


def test_ready_and_metrics(site: Site) -> None:
    status, _, body = site.ask("/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": []})
    assert site.ask("/metrics")[0] == 401
    # Two processes take turns, and tell the same.
    answers = [site.ask("/metrics", Authorization=f"Bearer {METRICS_TOKEN}") for _ in range(6)]
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) == 1
    assert 'dsiprouter_endpoints{enabled="true"} 0.0' in answers[0][2]


def test_least_rights_are_enough_and_no_more(site: Site, users: tuple[MariaDB, Users]) -> None:
    server, accounts = users
    accounts.grant_kamailio(server)  # a second time, as after an upgrade
    assert accounts.refused(server, "dsiprouter", "DROP TABLE kamailio.dispatcher")
    assert accounts.refused(server, "dsiprouter", "CREATE DATABASE more")
    assert accounts.refused(server, "kamailio", "DELETE FROM kamailio.dispatcher")
    assert accounts.refused(server, "kamailio", "SELECT * FROM dsiprouter.auth_user")
    assert accounts.refused(server, "kamailio", "SELECT * FROM kamailio.dr_rules")
    assert not accounts.refused(server, "kamailio", "SELECT * FROM kamailio.dispatcher")


def test_a_forged_address_does_not_escape_the_throttle(site: Site) -> None:
    """Run last: it closes the address of all these tests."""
    statuses = [site.log_in("wrong", X_Real_IP=f"192.0.2.{number}")[0] for number in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    done = manage(site.environment, "axes_reset_ip", HOST)
    assert done.returncode == 0, done.stderr
    assert site.log_in(PASSWORD)[0] == 302
