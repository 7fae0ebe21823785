"""The named SIP sockets of a node, from ``DSIPROUTER_SIP_SOCKETS``, and the file that tells Kamailio of them.

It needs nothing but Python: Kamailio's unit runs it, too (deploy/write-sip-sockets).

Each socket listens for UDP and TCP, and for TLS where that is served. Kamailio's own names of them are ``carriers``,
``carriers.tcp`` and ``carriers.tls``; where a name has an IPv4 address and an IPv6 address, those of the latter are
``carriers.6``, ``carriers.tcp6`` and ``carriers.tls6`` (kamailio/sockets.cfg).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kamailio_bridge.nodes.sip_address import not_bracketed, not_ours, sip_address_problem

VARIABLE = "DSIPROUTER_SIP_SOCKETS"
FILE_NAME = "sip_sockets.cfg"  # as in kamailio/kamailio.cfg
DEFAULT = "default"  # the socket of DSIPROUTER_SIP_ADDRESS
LONGEST_NAME = 16
EXAMPLE = "carriers=203.0.113.7:5060, pbxs=10.0.0.7:5080"
_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_ENTRY = re.compile(
    r"(?P<name>[^\s=]*)\s*=\s*(?P<address>\[[^\]\s]*\]|[^\s\[\]:]+|[^\s]*:[^\s]*:[^\s]*?)(:(?P<port>[0-9]+))?"
    r"(\s+advertise\s+(?P<advertise>[A-Za-z0-9.-]+|\[[^\]\s]*\])(:(?P<advertise_port>[0-9]+))?)?"
    r"(\s+tls\s+(?P<tls>[0-9]+))?"
)
_HEAD = "# Written at each start of Kamailio. Changes are lost.\n"


class SocketsRefused(ValueError):
    """The setting can't be used. ``str()`` is one sentence that begins with its name."""


@dataclass(frozen=True)
class SipSocket:
    """One address of a socket, without brackets. Others reach it at ``advertise`` where that is set (1:1 NAT)."""

    name: str
    address: str
    port: int = 5060
    advertise: str = ""
    advertise_port: int = 0
    tls_port: int = 0

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.address

    @property
    def port_of_tls(self) -> int:
        return self.tls_port or self.port + 1

    @property
    def written(self) -> str:
        """The address as in a URI."""
        return f"[{self.address}]" if self.is_ipv6 else self.address


@dataclass(frozen=True)
class DefaultSocket:
    """What Kamailio listens on besides: the named sockets must leave it free."""

    address: str
    port: int
    ipv6_address: str = ""
    tls_port: int | None = None
    rpc_port: int | None = None

    @classmethod
    def of_environment(cls, variables: Mapping[str, str]) -> DefaultSocket:
        """Read the variables as kamailio/kamailio.cfg does."""
        tls = variables.get("DSIPROUTER_SIP_TLS_PORT", "5061") if variables.get("DSIPROUTER_TLS_CONFIG") else ""
        return cls(
            variables.get("DSIPROUTER_SIP_ADDRESS", "127.0.0.1").strip("[]"),
            _number(variables.get("DSIPROUTER_SIP_PORT", ""), 5060),
            variables.get("DSIPROUTER_SIP_IPV6_ADDRESS", "").strip("[]"),
            _number(tls, 5061) if tls else None,
            _number(variables.get("DSIPROUTER_RPC_PORT", ""), 5062),
        )

    @property
    def addresses(self) -> list[str]:
        return [address for address in (self.address, self.ipv6_address) if address]

    @property
    def ports(self) -> list[int]:
        return [self.port] if self.tls_port is None else [self.port, self.tls_port]


def parse_sip_sockets(text: str) -> list[SipSocket]:
    """Return the sockets that the setting names. Raises ``SocketsRefused``."""
    return [_parse(entry.strip()) for entry in text.split(",") if entry.strip()]


def socket_names(text: str) -> list[str]:
    """Return the names in the setting, each once; none if it can't be used."""
    try:
        return list(dict.fromkeys(socket.name for socket in parse_sip_sockets(text)))
    except SocketsRefused:
        return []


def tcp_ports(text: str, default: DefaultSocket) -> list[int]:
    """Return the ports of TCP and TLS that the named sockets listen at; none if the setting can't be used."""
    try:
        sockets = parse_sip_sockets(text)
    except SocketsRefused:
        return []
    return sorted({port for socket in sockets for port in _ports_of(socket, default)})


def sip_sockets_problem(text: str, default: DefaultSocket, *, on_this_machine: bool = True) -> str:
    """Return in one sentence, which begins with the setting, why Kamailio can't start with it, or an empty text."""
    try:
        sockets = parse_sip_sockets(text)
        _refuse_collisions(sockets, default)
    except SocketsRefused as refused:
        return str(refused)
    found = ((socket.name, not_ours(socket.written)) for socket in sockets if on_this_machine)
    return next((f"{VARIABLE}: {name}: {problem}" for name, problem in found if problem), "")


def write_sip_sockets(folder: Path, text: str, default: DefaultSocket) -> Path:
    """Write the file that kamailio/kamailio.cfg includes, and return its path. Raises ``SocketsRefused``."""
    if problem := sip_sockets_problem(text, default):
        raise SocketsRefused(problem)
    path = folder / FILE_NAME
    path.write_text(sip_sockets_file(parse_sip_sockets(text), default), encoding="utf-8")
    return path


def sip_sockets_file(sockets: list[SipSocket], default: DefaultSocket) -> str:
    """Return the contents of the file: where Kamailio listens, and what its script knows of the names."""
    of_ipv4 = [DEFAULT for address in default.addresses if ":" not in address]
    of_ipv6 = [DEFAULT for address in default.addresses if ":" in address]
    of_ipv4 += [socket.name for socket in sockets if not socket.is_ipv6]
    of_ipv6 += [socket.name for socket in sockets if socket.is_ipv6]
    lines, contacts = [], []
    for socket in sockets:
        six = "6" if socket.is_ipv6 and socket.name in of_ipv4 else ""
        udp = f"{socket.name}.6" if six else socket.name
        tls = f"{socket.name}.tls{six}"
        tls_port = socket.port_of_tls
        reached = socket.advertise or socket.written
        port = socket.advertise_port or socket.port
        advertise = f" advertise {reached}:{port}" if socket.advertise else ""
        advertise_tls = f" advertise {reached}:{tls_port}" if socket.advertise else ""
        lines += [
            f'listen=udp:{socket.written}:{socket.port}{advertise} name "{udp}"',
            f'listen=tcp:{socket.written}:{socket.port}{advertise} name "{socket.name}.tcp{six}"',
            "#!ifdef TLS_CONFIG",
            f'listen=tls:{socket.written}:{tls_port}{advertise_tls} name "{tls}"',
            "#!endif",
        ]
        contacts += [f"{udp}={reached}:{port}", f"{tls}={reached}:{tls_port}"]
    lines += [
        f'#!define SOCKETS_OF_IPV4 "{_listed(of_ipv4)}"',
        f'#!define SOCKETS_OF_IPV6 "{_listed(of_ipv6)}"',
        f'#!define SOCKET_CONTACTS "{";".join(contacts)}"',
    ]
    return _HEAD + "".join(f"{line}\n" for line in lines)


def base_name(kamailio_name: str) -> str:
    """Return the name in the setting of a socket that Kamailio calls ``carriers.tcp6``."""
    return kamailio_name.partition(".")[0]


def _parse(entry: str) -> SipSocket:
    found = _ENTRY.fullmatch(entry)
    if not found:
        raise SocketsRefused(
            f"{VARIABLE}: “{entry}” can't be read: write name=address:port, and after it what the socket has of"
            f" “advertise address:port” and “tls port”, such as {EXAMPLE}."
        )
    name, address = found["name"], found["address"]
    if not _NAME.fullmatch(name):
        raise SocketsRefused(
            f"{VARIABLE}: “{name}” is no name of a socket: write up to {LONGEST_NAME} characters of a-z, 0-9, - and _,"
            " a letter first."
        )
    if name == DEFAULT:
        raise SocketsRefused(f"{VARIABLE}: {DEFAULT} is the socket of DSIPROUTER_SIP_ADDRESS: choose another name.")
    if problem := not_bracketed(address):
        raise SocketsRefused(f"{VARIABLE}: {name}: {problem}")
    bare = address.strip("[]")
    if problem := sip_address_problem(address):
        raise SocketsRefused(f"{VARIABLE}: {name}: {problem}")
    if found["advertise"] and ":" in address:
        raise SocketsRefused(f"{VARIABLE}: {name}: an IPv6 address needs no NAT, so nothing is advertised for it.")
    ports = {key: _port(name, found[key]) for key in ("port", "advertise_port", "tls")}
    if (found["advertise"] or "").startswith("["):
        raise SocketsRefused(f"{VARIABLE}: {name}: advertise an IPv4 address or a host name.")
    return SipSocket(name, bare, ports["port"] or 5060, found["advertise"] or "", ports["advertise_port"], ports["tls"])


def _port(name: str, text: str | None) -> int:
    if text is None:
        return 0
    if not 1 <= _number(text, 0) <= 65_535:
        raise SocketsRefused(f"{VARIABLE}: {name}: {text} is no port: write 1 to 65535.")
    return int(text)


def _refuse_collisions(sockets: Iterable[SipSocket], default: DefaultSocket) -> None:
    taken = {(address, port): "the default socket" for address in default.addresses for port in default.ports}
    families: set[tuple[str, bool]] = set()
    for socket in sockets:
        if (socket.name, socket.is_ipv6) in families:
            family = "IPv6" if socket.is_ipv6 else "IPv4"
            raise SocketsRefused(f"{VARIABLE}: {socket.name} has two {family} addresses: give each a name of its own.")
        families.add((socket.name, socket.is_ipv6))
        ports = _ports_of(socket, default)
        for port in ports:
            if port == default.rpc_port:
                raise SocketsRefused(
                    f"{VARIABLE}: {socket.name} has port {port}, which is DSIPROUTER_RPC_PORT: choose another one."
                )
            other = taken.setdefault((socket.address, port), socket.name)
            if other != socket.name or ports.count(port) > 1:
                raise SocketsRefused(
                    f"{VARIABLE}: {socket.name} has {socket.written}:{port}, as {other} does: give each its own port"
                    " (the port of TLS is the next one, or the one behind “tls”)."
                )


def _ports_of(socket: SipSocket, default: DefaultSocket) -> list[int]:
    return [socket.port] if default.tls_port is None else [socket.port, socket.port_of_tls]


def _listed(names: Iterable[str]) -> str:
    return "," + "".join(f"{name}," for name in dict.fromkeys(names))


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise
