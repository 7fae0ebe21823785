"""The parameters of a local Kamailio: command line, environment and limits.

Secrets are passed in the environment, because other users can read the command line.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from carriers.values.addresses import uri_host
from kamailio_bridge.local.ports import Port
from kamailio_bridge.local.tls_files import TlsFilesRefused, write_tls_files
from kamailio_bridge.nodes.certificates.tls_profiles import CONFIG_NAME
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.nodes.rpc_address import rpc_address_problem
from kamailio_bridge.nodes.sip_address import sip_address_problems
from kamailio_bridge.nodes.sockets.sip_sockets import (
    DefaultSocket,
    SocketsRefused,
    parse_sip_sockets,
    write_sip_sockets,
)

CONFIGURATION = Path(__file__).resolve().parents[1] / "kamailio" / "kamailio.cfg"
FIFO_NAME = "rpc_fifo"  # as in kamailio/modules.cfg
TCP_CONNECTIONS = 16_384  # as in kamailio/kamailio.cfg
OTHER_FILES = 1_024  # opened besides connections
# Kamailio's configuration quotes a database URL, without escapes.
NOT_IN_DATABASE_URLS = re.compile(r'[\x00-\x1f"\\]')
# Further environment variables that the configuration reads (kamailio/kamailio.cfg).
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
    """The parameters of one local Kamailio. ``database_url`` has Kamailio's syntax.

    ``defines`` are ``-A`` switches of the configuration; ``environment`` overrides inherited variables. Memory is in
    megabytes: shared by all calls, and private to each process. With ``survives_parent`` it survives if we are killed.
    """

    folder: Path
    database_url: str = field(repr=False)
    rpc_token: str = field(repr=False)
    sip_port: int
    rpc_port: int
    sip_address: str = "127.0.0.1"
    sip_ipv6_address: str = ""
    sip_advertise: str = ""
    sip_advertise_port: int | None = None
    sip_names: tuple[str, ...] = ()
    sip_sockets: str = ""
    sip_tls_port: int | None = None
    tls_certificate: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    rpc_address: str = "127.0.0.1"
    shared_memory: int = 768
    private_memory: int = 64
    children: int | None = None
    survives_parent: bool = False
    defines: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    configuration: Path = CONFIGURATION

    @property
    def log(self) -> Path:
        return self.folder / "kamailio.log"

    def rpc(self, timeout: float = 60.0) -> Rpc:
        """Return the client for this Kamailio by HTTP, as another machine would use it."""
        return Rpc(f"http://{uri_host(self.rpc_address)}:{self.rpc_port}/RPC", self.rpc_token, timeout)

    def local_rpc(self, timeout: float = 60.0) -> Rpc:
        """Return the client for this Kamailio by its pipe."""
        return replace(self.rpc(timeout), fifo=self.folder / FIFO_NAME)

    def ports(self) -> list[Port]:
        """Return the sockets that this Kamailio listens on."""
        return [
            *(
                Port("SIP", protocol, address, self.sip_port, "DSIPROUTER_SIP")
                for address in filter(None, (self.sip_address, self.sip_ipv6_address))
                for protocol in ("UDP", "TCP")
            ),
            *(
                Port("SIP over TLS", "TCP", address, self.sip_tls_port, "DSIPROUTER_SIP_TLS")
                for address in filter(None, (self.sip_address, self.sip_ipv6_address))
                if self.sip_tls_port is not None
            ),
            *self._named_ports(),
            Port("Kamailio's RPC", "TCP", self.rpc_address, self.rpc_port, "DSIPROUTER_RPC"),
        ]

    def _named_ports(self) -> list[Port]:
        try:
            sockets = parse_sip_sockets(self.sip_sockets)
        except SocketsRefused as refused:
            raise NodeNotStarted(str(refused)) from None
        return [
            Port(f"The SIP socket {socket.name}", protocol, socket.address, socket.port, "DSIPROUTER_SIP_SOCKETS")
            for socket in sockets
            for protocol in ("UDP", "TCP")
        ]

    def command(self) -> list[str]:
        """Return the command line. Raises ``NodeNotStarted``."""
        # A core dump would hold the token and the digests of all accounts.
        limits = [f"--nofile={open_files()}:{open_files()}", "--core=0:0"]
        command = [] if self.survives_parent else [program("setpriv", "util-linux"), "--pdeathsig", "TERM"]
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

    def write_files(self) -> None:
        """Write the files that this Kamailio reads besides its configuration. Raises ``NodeNotStarted``."""
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if self.sip_sockets:
            default = DefaultSocket(
                self.sip_address, self.sip_port, self.sip_ipv6_address, self.sip_tls_port, self.rpc_port
            )
            try:
                write_sip_sockets(self.folder, self.sip_sockets, default)
            except SocketsRefused as refused:
                raise NodeNotStarted(str(refused)) from None
        if self.sip_tls_port is None:
            return
        try:
            write_tls_files(
                self.folder,
                certificate=self.tls_certificate,
                key=self.tls_key,
                ca=self.tls_ca,
                name=self.sip_address,
            )
        except TlsFilesRefused as refused:
            raise NodeNotStarted(str(refused)) from None

    def variables(self) -> dict[str, str]:
        """Return the environment of Kamailio, with its values and secrets only."""
        variables = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "DSIPROUTER_SIP_ADDRESS": uri_host(self.sip_address),
            **({"DSIPROUTER_SIP_IPV6_ADDRESS": uri_host(self.sip_ipv6_address)} if self.sip_ipv6_address else {}),
            **({"DSIPROUTER_SIP_ADVERTISE": self.sip_advertise} if self.sip_advertise else {}),
            "DSIPROUTER_SIP_ADVERTISE_PORT": str(self.sip_advertise_port or self.sip_port),
            "DSIPROUTER_SIP_PORT": str(self.sip_port),
            **(
                {
                    "DSIPROUTER_SIP_TLS_PORT": str(self.sip_tls_port),
                    "DSIPROUTER_TLS_CONFIG": str(self.folder.resolve() / CONFIG_NAME),
                }
                if self.sip_tls_port is not None
                else {}
            ),
            **({"DSIPROUTER_SIP_SOCKETS": self.sip_sockets} if self.sip_sockets else {}),
            "DSIPROUTER_SIP_NAMES": ",".join(self.sip_names),
            "DSIPROUTER_RPC_ADDRESS": uri_host(self.rpc_address),
            "DSIPROUTER_RPC_PORT": str(self.rpc_port),
            "DSIPROUTER_RPC_TOKEN": self.rpc_token,
            "DSIPROUTER_KAMAILIO_DB": self.database_url,
            "KAMAILIO_ID_BASE": str(settings.KAMAILIO_ID_BASE),
            **self.environment,
        }
        wanted = int(variables.get("DSIPROUTER_TCP_CONNECTIONS", "") or TCP_CONNECTIONS)
        variables["DSIPROUTER_TCP_CONNECTIONS"] = str(min(wanted, open_files() - OTHER_FILES))
        if self.children is not None:
            variables["DSIPROUTER_KAMAILIO_CHILDREN"] = str(self.children)
        return variables


def open_files() -> int:
    """Return how many files Kamailio may open: enough for all TCP connections, up to this machine's limit."""
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
    if problems := sip_address_problems(settings.DSIPROUTER_SIP_ADDRESS, settings.DSIPROUTER_SIP_IPV6_ADDRESS):
        raise NodeNotStarted(" ".join(problems))
    return NodeParameters(
        folder=Path(settings.DSIPROUTER_HOME) / "kamailio",
        database_url=kamailio_database_url(settings.DATABASES["kamailio"]),
        rpc_token=settings.DSIPROUTER_RPC_TOKEN,
        sip_address=settings.DSIPROUTER_SIP_ADDRESS,
        sip_ipv6_address=settings.DSIPROUTER_SIP_IPV6_ADDRESS,
        sip_advertise=settings.DSIPROUTER_SIP_ADVERTISE,
        sip_advertise_port=settings.DSIPROUTER_SIP_ADVERTISE_PORT,
        sip_port=settings.DSIPROUTER_SIP_PORT,
        sip_names=tuple(settings.DSIPROUTER_SIP_NAMES),
        sip_sockets=settings.DSIPROUTER_SIP_SOCKETS,
        sip_tls_port=settings.DSIPROUTER_SIP_TLS_PORT,
        tls_certificate=settings.DSIPROUTER_TLS_CERTIFICATE,
        tls_key=settings.DSIPROUTER_TLS_KEY,
        tls_ca=settings.DSIPROUTER_TLS_CA,
        rpc_address=settings.DSIPROUTER_RPC_ADDRESS,
        rpc_port=settings.DSIPROUTER_RPC_PORT,
        survives_parent=True,  # killing runlocal must not end the calls
    )


def kamailio_database_url(database: Mapping[str, Any]) -> str:
    """Return one of Django's database settings as a URL for Kamailio (docs/kamailio-facts.md#database-addresses).

    Raises ``NodeNotStarted`` if a part has a character that would end the URL too early.
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
