"""manage.py runlocal: a local Kamailio and the web server, in the foreground, with everything prepared."""

from __future__ import annotations

import secrets
import signal
import threading
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from dsiprouter.database_errors import sentence_of
from kamailio_bridge.node_process import NodeNotStarted, NodeParameters, NodeProcess, parameters_from_settings
from kamailio_bridge.ports import Port
from kamailio_bridge.web_server import WebServer

WEB_ADDRESS = "127.0.0.1"
ADMIN_USER = "admin"
LOOK_SECONDS = 0.25  # how often we look whether both still run


class Command(BaseCommand):
    help = (
        "Prepare what is missing under DSIPROUTER_HOME, then run a local Kamailio and the web server until Ctrl-C."
        " For a laptop and for trying out; docs/ says how to run them in production."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-web", action="store_true", help="run Kamailio only")

    def handle(self, *args: Any, **options: Any) -> None:
        web = not options["no_web"]
        stop = stop_signals()
        try:
            parameters = parameters_from_settings()
            parameters.command()
        except NodeNotStarted as error:
            raise CommandError(str(error)) from None
        self._refuse_busy_ports(parameters, web=web)
        if web:
            self._refuse_weak_password()
        password = self._prepare(web=web)
        node = NodeProcess(parameters)
        try:
            node.start()
            self.stdout.write(
                f"Kamailio: SIP on {parameters.sip_address}:{parameters.sip_port} (UDP and TCP), log {parameters.log}"
            )
            self._serve(node, stop, password=password, web=web)
        except NodeNotStarted as error:
            raise CommandError(str(error)) from None
        finally:
            node.stop()
        self.stdout.write("Stopped.")

    def _refuse_busy_ports(self, parameters: NodeParameters, *, web: bool) -> None:
        ports = parameters.ports()
        if web:
            ports.append(Port("the web server", "TCP", WEB_ADDRESS, settings.DSIPROUTER_WEB_PORT, "DSIPROUTER_WEB"))
        problems = [problem for problem in (port.problem() for port in ports) if problem]
        if problems:
            raise CommandError("\n".join(problems))

    def _refuse_weak_password(self) -> None:
        """Hold the first user's password to the rules for all others; it counts only when that user is made."""
        password = settings.DSIPROUTER_ADMIN_PASSWORD
        if not password or _has_superuser():
            return
        try:
            validate_password(password, get_user_model()(username=ADMIN_USER))
        except ValidationError as refusal:
            raise CommandError(
                f"DSIPROUTER_ADMIN_PASSWORD is too weak: {' '.join(refusal.messages)} Choose another, or leave it out:"
                " then one is made and shown."
            ) from None

    def _prepare(self, *, web: bool) -> str:
        """Make what is missing; return the admin user's password when it was made now, else an empty text."""
        self.stdout.write(f"Preparing {settings.DSIPROUTER_HOME} …")
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        try:
            call_command("migrate", verbosity=0, interactive=False)
            # Also switches Kamailio's SQLite file to WAL, which can only be done while Kamailio is stopped.
            call_command("create_kamailio_tables", stdout=StringIO())
            call_command("create_roles", stdout=StringIO())
            return self._make_admin() if web else ""
        except DatabaseError as error:
            raise CommandError(f"The product's database can't be prepared. {sentence_of(error)}") from error

    def _make_admin(self) -> str:
        if _has_superuser():
            return ""
        given = settings.DSIPROUTER_ADMIN_PASSWORD
        password = given or secrets.token_urlsafe(12)
        get_user_model()._default_manager.create_superuser(ADMIN_USER, None, password)
        return "" if given else password

    def _serve(self, node: NodeProcess, stop: threading.Event, *, password: str, web: bool) -> None:
        server = None
        if web:
            server = WebServer(WEB_ADDRESS, settings.DSIPROUTER_WEB_PORT)
            server.start()
            self.stdout.write(f"Admin:    http://{WEB_ADDRESS}:{settings.DSIPROUTER_WEB_PORT}/")
            if password:
                self.stdout.write(
                    f"Log in as {ADMIN_USER} with the password {password} (shown only now; change it in the admin)."
                )
            else:
                self.stdout.write(f"Log in as {ADMIN_USER}. Forgot the password? manage.py changepassword {ADMIN_USER}")
        self.stdout.write("Ctrl-C stops.")
        self.stdout.flush()
        while not stop.wait(LOOK_SECONDS):
            if not node.is_running:
                raise NodeNotStarted(node.failure())
            if server is not None and not server.is_running:
                raise CommandError("The web server stopped by itself; what it wrote is above.")
        if server is not None:
            server.stop()


def _has_superuser() -> bool:
    try:
        return get_user_model()._default_manager.filter(is_superuser=True).exists()
    except DatabaseError:  # its tables are not made yet
        return False


def stop_signals() -> threading.Event:
    """Return an event that Ctrl-C and SIGTERM set, instead of ending the process in the middle of something."""
    stop = threading.Event()

    def handle(*_signal_and_frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stop
