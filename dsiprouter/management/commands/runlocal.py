"""manage.py runlocal: a local Kamailio and the web server, in the foreground, with everything prepared."""

from __future__ import annotations

import secrets
import signal
import threading
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connections

from carriers.databases.errors import sentence_of
from dsiprouter.configuration.home import close_files
from dsiprouter.staff.first_user import FIRST_USER, first_password_problem
from kamailio_bridge.apply.node_files import write_applied_files
from kamailio_bridge.local.collector_process import CollectorProcess
from kamailio_bridge.local.home_lock import HomeTaken, home_lock
from kamailio_bridge.local.kamailio_parameters import NodeNotStarted, parameters_from_settings
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.local.ports import Port
from kamailio_bridge.local.run_record import find_running
from kamailio_bridge.local.web_process import WebProcess

WEB_ADDRESS = "127.0.0.1"
LOOK_SECONDS = 0.25  # interval of checks of both processes


class Command(BaseCommand):
    help = (
        "Prepare what is missing under DSIPROUTER_HOME, then run a local Kamailio and the web server until Ctrl-C."
        " For a laptop and for trying out; docs/ says how to run them in production."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-web", action="store_true", help="run Kamailio only")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = stop_signals()
        try:
            with home_lock(Path(settings.DSIPROUTER_HOME)):
                self._run(stop, web=not options["no_web"])
        except (NodeNotStarted, HomeTaken) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Stopped.")

    def _run(self, stop: threading.Event, *, web: bool) -> None:
        parameters = parameters_from_settings()
        parameters.command()
        node = NodeProcess(parameters)
        is_adopted = self._adopt(node)
        self._refuse_busy_ports([] if is_adopted else parameters.ports(), web=web)
        if web:
            self._refuse_weak_password()
        close_files(Path(settings.DSIPROUTER_HOME))
        password = self._prepare(web=web)
        if not is_adopted and parameters.sip_tls_port is not None:
            parameters.write_files()
            write_applied_files(parameters.folder)
        connections.close_all()  # from here on this process only watches its children
        try:
            if not is_adopted:
                node.start()
                self.stdout.write(
                    f"Kamailio: SIP on {parameters.sip_address}:{parameters.sip_port} (UDP and TCP),"
                    f" log {parameters.log}"
                )
            self._serve(node, stop, password=password, web=web)
        finally:
            node.stop()

    def _adopt(self, node: NodeProcess) -> bool:
        """Adopt a Kamailio that outlived a killed runlocal, with its calls; stop one with other settings."""
        running = find_running(node.parameters)
        if running is None:
            return False
        answers = node.adopt(running.pid)
        if answers and running.fits:
            self.stdout.write(
                f"Kamailio (process {running.pid}) still runs from the last start. It is adopted as it is, with its"
                f" calls; log {node.parameters.log}"
            )
            return True
        why = "was started with other settings or by another version" if answers else "does not answer"
        self.stdout.write(
            f"Kamailio (process {running.pid}) still runs from the last start, but {why}: it is restarted."
        )
        node.stop()
        return False

    def _refuse_busy_ports(self, ports: list[Port], *, web: bool) -> None:
        if web:
            web_port = Port("the web server", "TCP", WEB_ADDRESS, settings.DSIPROUTER_WEB_PORT, "DSIPROUTER_WEB")
            ports = [*ports, web_port]
        problems = [problem for problem in (port.problem() for port in ports) if problem]
        if problems:
            raise CommandError("\n".join(problems))

    def _refuse_weak_password(self) -> None:
        """Refuse a weak password of the first user; it is used only when that user is created."""
        problem = first_password_problem()
        if problem and not _has_superuser():
            raise CommandError(f"{problem} Choose another, or leave it out: then one is made and shown.")

    def _prepare(self, *, web: bool) -> str:
        """Create what is missing; return the password of an admin user created now, else an empty text."""
        self.stdout.write(f"Preparing {settings.DSIPROUTER_HOME} …")
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        try:
            call_command("migrate", verbosity=0, interactive=False)
            # It also switches Kamailio's SQLite file to WAL, which is possible only while Kamailio is stopped.
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
        get_user_model()._default_manager.create_superuser(FIRST_USER, None, password)
        return "" if given else password

    def _serve(self, node: NodeProcess, stop: threading.Event, *, password: str, web: bool) -> None:
        server = WebProcess(WEB_ADDRESS, settings.DSIPROUTER_WEB_PORT, self._say) if web else None
        collector = CollectorProcess(self._say)
        try:
            self._wait_for_web(server, node, stop)
            if server is not None:
                self._say(f"Admin:    http://{WEB_ADDRESS}:{settings.DSIPROUTER_WEB_PORT}/")
                if password:
                    self._say(
                        f"Log in as {FIRST_USER} with the password {password} (shown only now; change it in the admin)."
                    )
                else:
                    self._say(f"Log in as {FIRST_USER}. Forgot the password? manage.py changepassword {FIRST_USER}")
            self._say("Ctrl-C stops.")
            while not stop.wait(LOOK_SECONDS):
                self._look(server, node)
                collector.watch()
        finally:
            collector.stop()
            if server is not None:
                server.stop()

    def _wait_for_web(self, server: WebProcess | None, node: NodeProcess, stop: threading.Event) -> None:
        """Wait until the web server serves. If it can't start, it is retried, and Kamailio keeps running."""
        while server is not None and not server.is_ready and not stop.wait(LOOK_SECONDS / 5):
            self._look(server, node)

    def _look(self, server: WebProcess | None, node: NodeProcess) -> None:
        if not node.look():
            raise NodeNotStarted(node.failure())
        if server is not None:
            server.watch()

    def _say(self, sentence: str) -> None:
        """Print a sentence if the output is still open: a closed terminal must not end Kamailio."""
        with suppress(OSError):
            self.stdout.write(sentence)
            self.stdout.flush()


def _has_superuser() -> bool:
    try:
        return get_user_model()._default_manager.filter(is_superuser=True).exists()
    except DatabaseError:  # its tables are not created yet
        return False


def stop_signals() -> threading.Event:
    """Return an event that Ctrl-C and SIGTERM set instead of ending the process."""
    stop = threading.Event()

    def handle(*_signal_and_frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stop
