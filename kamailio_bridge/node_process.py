"""A Kamailio of our own as a child process: for ``manage.py runlocal`` and for tests. Production has its own service.

Everything that a run leaves (log, pid file, control socket) is in one folder, and Kamailio works inside it, because the
path of a Unix socket may have 107 characters and a home folder may be deeper. Secrets go by the environment, which
other users can't read, and never by the command line, which they can.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from carriers.addresses import uri_host
from kamailio_bridge.node_log import explain
from kamailio_bridge.node_trace import leave_trace, remove_trace
from kamailio_bridge.ports import Port
from kamailio_bridge.processes import StrangersChild
from kamailio_bridge.rpc import Rpc, RpcError
from kamailio_bridge.rpc_address import rpc_address_problem
from kamailio_bridge.sip_address import not_ours, sip_address_problem, sip_ipv6_address_problem

CONFIGURATION = Path(__file__).resolve().parent / "kamailio" / "kamailio.cfg"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
GONE_SECONDS = 2.0
FIFO_NAME = "rpc_fifo"  # as in kamailio/modules.cfg
TCP_CONNECTIONS = 16_384  # of Kamailio's, as in kamailio/kamailio.cfg
OTHER_FILES = 1_024  # that it opens besides
ADOPT_SECONDS = 5.0
RECENT_LOOKS = 20  # what Kamailio wrote before the last of so many looks has nothing to do with its end
# Kamailio's configuration quotes a database URL, and has no escapes in it.
NOT_IN_DATABASE_URLS = re.compile(r'[\x00-\x1f"\\]')
# What the configuration takes from the environment besides what the parameters say (kamailio/kamailio.cfg).
PASSED_ON = (
    "PATH",
    "LANG",
    "TZ",
    "DSIPROUTER_NODE",
    "DSIPROUTER_RPC_SOURCES",
    "DSIPROUTER_KAMAILIO_LOG",
    "DSIPROUTER_KAMAILIO_CHILDREN",
    "DSIPROUTER_TCP_CONNECTIONS",
    "DSIPROUTER_RELOAD_DELTA",
)


class NodeNotStarted(Exception):
    """Kamailio could not be started. ``str()`` is one sentence that says why and what to do."""


@dataclass(frozen=True)
class NodeParameters:
    """What differs between one local Kamailio and another. ``database_url`` is written as Kamailio takes it.

    ``defines`` are ``-A`` switches of the configuration; ``environment`` overrides what is passed on of ours. Memory is
    in megabytes: shared by all calls, and private to each process. With ``outlives_us`` it goes on when we are killed.
    """

    folder: Path
    database_url: str = field(repr=False)
    rpc_token: str = field(repr=False)
    sip_port: int
    rpc_port: int
    sip_address: str = "127.0.0.1"
    sip_ipv6_address: str = ""
    sip_names: tuple[str, ...] = ()
    rpc_address: str = "127.0.0.1"
    shared_memory: int = 768
    private_memory: int = 64
    children: int | None = None
    outlives_us: bool = False
    defines: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    configuration: Path = CONFIGURATION

    @property
    def log(self) -> Path:
        return self.folder / "kamailio.log"

    def rpc(self, timeout: float = 60.0) -> Rpc:
        """Return the client for this Kamailio, by HTTP, as from another machine."""
        return Rpc(f"http://{uri_host(self.rpc_address)}:{self.rpc_port}/RPC", self.rpc_token, timeout)

    def local_rpc(self, timeout: float = 60.0) -> Rpc:
        """Return the client for this Kamailio that asks by its pipe."""
        return replace(self.rpc(timeout), fifo=self.folder / FIFO_NAME)

    def ports(self) -> list[Port]:
        """Return the sockets that this Kamailio listens on."""
        return [
            *(
                Port("SIP", transport, address, self.sip_port, "DSIPROUTER_SIP")
                for address in (self.sip_address, self.sip_ipv6_address)
                if address
                for transport in ("UDP", "TCP")
            ),
            Port("Kamailio's RPC", "TCP", self.rpc_address, self.rpc_port, "DSIPROUTER_RPC"),
        ]

    def command(self) -> list[str]:
        """Return the command line. Raises ``NodeNotStarted``."""
        # A core dump would hold the token and the digests of all accounts.
        limits = [f"--nofile={open_files()}:{open_files()}", "--core=0:0"]
        command = [] if self.outlives_us else [program("setpriv", "util-linux"), "--pdeathsig", "TERM"]
        command += [program("prlimit", "util-linux"), *limits]
        command += [program("kamailio", "kamailio")]
        command += ["-f", str(self.configuration), "-DD", "-E", "-w", str(self.folder), "-Y", "."]
        command += ["-P", str(self.folder / "kamailio.pid")]
        command += ["-m", str(self.shared_memory), "-M", str(self.private_memory)]
        if self.database_url.startswith("mysql:"):
            command += ["-A", "WITH_MYSQL"]
        for define in self.defines:
            command += ["-A", define]
        return command

    def variables(self) -> dict[str, str]:
        """Return the environment, where the values and the secrets of Kamailio are, and no others."""
        variables = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "DSIPROUTER_SIP_ADDRESS": uri_host(self.sip_address),
            "DSIPROUTER_SIP_PORT": str(self.sip_port),
            "DSIPROUTER_SIP_NAMES": ",".join(self.sip_names),
            "DSIPROUTER_RPC_ADDRESS": uri_host(self.rpc_address),
            "DSIPROUTER_RPC_PORT": str(self.rpc_port),
            "DSIPROUTER_RPC_TOKEN": self.rpc_token,
            "DSIPROUTER_KAMAILIO_DB": self.database_url,
            "KAMAILIO_ID_BASE": str(settings.KAMAILIO_ID_BASE),
            **self.environment,
        }
        if self.sip_ipv6_address:  # the configuration would listen at an empty one
            variables["DSIPROUTER_SIP_IPV6_ADDRESS"] = uri_host(self.sip_ipv6_address)
        wanted = int(variables.get("DSIPROUTER_TCP_CONNECTIONS", "") or TCP_CONNECTIONS)
        variables["DSIPROUTER_TCP_CONNECTIONS"] = str(min(wanted, open_files() - OTHER_FILES))
        if self.children is not None:
            variables["DSIPROUTER_KAMAILIO_CHILDREN"] = str(self.children)
        return variables


def open_files() -> int:
    """Return how many files Kamailio may open: one for each TCP connection, as far as this machine's limit goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = TCP_CONNECTIONS + OTHER_FILES
    return most if hard == resource.RLIM_INFINITY else max(2 * OTHER_FILES, min(most, hard))


def parameters_from_settings() -> NodeParameters:
    """Return the parameters of the node that the settings describe. Raises ``NodeNotStarted``."""
    problem = rpc_address_problem(settings.DSIPROUTER_RPC_ADDRESS)
    if problem and not settings.KAMAILIO_RPC_ANYWHERE:
        raise NodeNotStarted(
            f"DSIPROUTER_RPC_ADDRESS: {problem} KAMAILIO_RPC_ANYWHERE=true allows it, for a network that is closed."
        )
    insist_on_sip_addresses(settings.DSIPROUTER_SIP_ADDRESS, settings.DSIPROUTER_SIP_IPV6_ADDRESS)
    return NodeParameters(
        folder=Path(settings.DSIPROUTER_HOME) / "kamailio",
        database_url=kamailio_database_url(settings.DATABASES["kamailio"]),
        rpc_token=settings.DSIPROUTER_RPC_TOKEN,
        sip_address=settings.DSIPROUTER_SIP_ADDRESS,
        sip_ipv6_address=settings.DSIPROUTER_SIP_IPV6_ADDRESS,
        sip_port=settings.DSIPROUTER_SIP_PORT,
        sip_names=tuple(settings.DSIPROUTER_SIP_NAMES),
        rpc_address=settings.DSIPROUTER_RPC_ADDRESS,
        rpc_port=settings.DSIPROUTER_RPC_PORT,
        outlives_us=True,  # whoever kills runlocal must not end the calls
    )


def insist_on_sip_addresses(address: str, ipv6_address: str) -> None:
    """Raise ``NodeNotStarted`` with a sentence for each SIP address that carriers can't be told or that is not ours."""
    found = {
        "DSIPROUTER_SIP_ADDRESS": sip_address_problem(address) or not_ours(address),
        "DSIPROUTER_SIP_IPV6_ADDRESS": sip_ipv6_address_problem(ipv6_address)
        or (not_ours(ipv6_address) if ipv6_address else ""),
    }
    problems = [f"{name}: {problem}" for name, problem in found.items() if problem]
    if problems:
        raise NodeNotStarted(" ".join(problems))


def kamailio_database_url(database: Mapping[str, Any]) -> str:
    """Write one of Django's database settings as Kamailio takes it, which knows no percent-encoding.

    Raises ``NodeNotStarted`` when a part has a character that would end it too early.
    """
    if database["ENGINE"] == "django.db.backends.sqlite3":
        path = str(Path(database["NAME"]).resolve())
        if NOT_IN_DATABASE_URLS.search(path):
            raise NodeNotStarted(
                f"Kamailio can't open {path}: its path has a quote or a backslash."
                " Choose another DSIPROUTER_HOME or KAMAILIO_DATABASE_URL."
            )
        return f"sqlite:///{path}"
    if database["ENGINE"] != "django.db.backends.mysql":
        raise NodeNotStarted("Kamailio reads SQLite and MariaDB/MySQL here: change KAMAILIO_DATABASE_URL.")
    user, password = str(database["USER"]), str(database["PASSWORD"])
    if NOT_IN_DATABASE_URLS.search(user + password) or set(user) & set(":@/") or "/" in password:
        raise NodeNotStarted(
            "Kamailio can't be told the password of KAMAILIO_DATABASE_URL: it has a slash, a quote or a backslash."
            " Give the database user another one."
        )
    host = f"{database['HOST'] or 'localhost'}:{database['PORT'] or 3306}"
    return f"mysql://{user}:{password}@{host}/{database['NAME']}"


def program(name: str, package: str) -> str:
    """Return the path of a program; raise ``NodeNotStarted`` saying how to install it."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise NodeNotStarted(f"{name} is not installed. Install it: apt-get install {package}")
    return path


def _closed_to_others(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class NodeProcess:
    """One local Kamailio: started, or found running, then watched and stopped by us."""

    def __init__(self, parameters: NodeParameters) -> None:
        self.parameters = parameters
        self._process: subprocess.Popen[bytes] | StrangersChild | None = None
        self._log_sizes: deque[int] = deque([0], maxlen=RECENT_LOOKS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look(self) -> bool:
        """Return whether it runs. Call it often: ``failure`` explains an end by what the log says since a while ago."""
        if self.is_running:
            self._log_sizes.append(self._log_size())
            return True
        return False

    def adopt(self, pid: int) -> bool:
        """Take over a Kamailio that another process of ours started, and say whether it answers. It is not touched."""
        try:
            self._process = StrangersChild(pid)
        except ProcessLookupError:
            return False
        self._log_sizes.append(self._log_size())
        self._log_sizes.popleft()
        try:
            self.parameters.rpc(timeout=ADOPT_SECONDS).call("core.uptime")
        except RpcError:
            return False
        return True

    def start(self, timeout: float = START_SECONDS) -> None:
        """Start Kamailio and return when it answers. Raises ``NodeNotStarted``."""
        parameters = self.parameters
        for port in parameters.ports():
            if problem := port.problem():
                raise NodeNotStarted(problem)
        parameters.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            parameters.log.replace(parameters.log.with_suffix(".log.1"))
        self._log_sizes = deque([0], maxlen=RECENT_LOOKS)
        with open(parameters.log, "wb", opener=_closed_to_others) as log:
            self._process = subprocess.Popen(
                parameters.command(),
                cwd=parameters.folder,
                env=parameters.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, and we stop Kamailio in order
            )
        try:
            leave_trace(parameters, self._process.pid)
            self._wait_until_it_answers(timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Stop Kamailio and all its processes. Safe to repeat."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        # The group is ours alone. Whatever of it is still there (a worker that outlived its parent) ends now; its ports
        # are free when there is no such group any more.
        deadline = time.monotonic() + GONE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            while time.monotonic() < deadline:
                os.killpg(process.pid, 0)
                time.sleep(0.01)
        remove_trace(self.parameters)

    def failure(self) -> str:
        """Say in one sentence why Kamailio ended: by its signal, or by what it wrote just before."""
        status = self._process.poll() if self._process is not None else None
        killed_by = -status if status is not None and status < 0 else None
        recent = self.log_text(since=self._log_sizes[0])
        return f"Kamailio stopped: {explain(recent, killed_by)} Its log is {self.parameters.log}."

    def log_text(self, since: int = 0) -> str:
        """Return the log of this start, from a byte on."""
        try:
            return self.parameters.log.read_bytes()[since:].decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def _log_size(self) -> int:
        try:
            return self.parameters.log.stat().st_size
        except FileNotFoundError:
            return 0

    def _wait_until_it_answers(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        rpc = self.parameters.rpc(timeout=2.0)
        while True:
            if not self.is_running:
                raise NodeNotStarted(self.failure())
            try:
                rpc.call("core.uptime")
            except RpcError as error:
                if time.monotonic() > deadline:
                    raise NodeNotStarted(
                        f"Kamailio runs, but did not answer within {timeout:g} s: {error}"
                        f" Its log is {self.parameters.log}."
                    ) from None
            else:
                return
            time.sleep(0.05)
