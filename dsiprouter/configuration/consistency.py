"""Mistakes across settings, such as equal ports, and in settings that only Kamailio's configuration reads."""

from __future__ import annotations

import ipaddress
import re
from difflib import get_close_matches
from itertools import combinations

from dsiprouter.configuration.environment import Environment

# The Kamailio modules of the bridge in the order of reloads (kamailio_bridge.modules; a test compares them).
KAMAILIO_MODULE_NAMES = ("permissions", "policy", "certificates", "uac", "dispatcher", "mtree", "drouting", "htable")

# Variables that others read: gunicorn, Kamailio's configuration, deploy/backup and deploy/restore.
READ_ELSEWHERE = {
    "DSIPROUTER_BACKUPS_KEPT",
    "DSIPROUTER_DATABASES",
    "DSIPROUTER_ETC",
    "DSIPROUTER_KAMAILIO_DB",
    "DSIPROUTER_TLS_CONFIG",
    "DSIPROUTER_WEB_BIND",
}
TOKENS = "DSIPROUTER_RPC_TOKEN_"  # prefix of nodes' tokens, named by the operator

EVERY_ADDRESS = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - compared only

Socket = tuple[str, int]  # address and port


def check_together(env: Environment, *, sip: Socket, rpc: Socket, web_port: int) -> None:
    """Note mistakes across settings, and in settings that the site itself does not use."""
    sockets = {"DSIPROUTER_SIP_PORT": sip, "DSIPROUTER_RPC_PORT": rpc, "DSIPROUTER_WEB_PORT": ("127.0.0.1", web_port)}
    for (other, one), (variable, two) in combinations(sockets.items(), 2):
        if one[1] == two[1] and (one[0] == two[0] or {one[0], two[0]} & EVERY_ADDRESS):
            env.note_slip(variable, f"is {two[1]}, the same as {other}: give each a port of its own.")
    env.int("DSIPROUTER_KAMAILIO_LOG", 1, -5, 3)
    env.int("DSIPROUTER_KAMAILIO_CHILDREN", 4, 1, 256)
    env.int("DSIPROUTER_RELOAD_DELTA", 1, 0, 3600)
    env.int("DSIPROUTER_TCP_CONNECTIONS", 16_384, 64, 1_000_000)
    env.int("DSIPROUTER_WEB_WORKERS", 3, 1, 1024)
    for network in env.list("DSIPROUTER_RPC_SOURCES", []):
        if not _is_network(network):
            env.note_slip(
                "DSIPROUTER_RPC_SOURCES", f"has “{network}”: write networks such as 127.0.0.0/8,192.0.2.0/24."
            )
    address = env.str("DSIPROUTER_SIP_IPV6_ADDRESS")
    if address and not _is_ipv6(address):
        env.note_slip(
            "DSIPROUTER_SIP_IPV6_ADDRESS", f"is “{address}”: write an IPv6 address in brackets, [2001:db8::1]."
        )
    node = env.str("DSIPROUTER_NODE")
    if node and not re.fullmatch(r'[^\s"\\]+', node):
        env.note_slip("DSIPROUTER_NODE", f"is “{node}”: write the node's name in the admin, without blanks and quotes.")


def unknown_settings(env: Environment) -> list[str]:
    """Return a sentence for each variable that looks like a setting but is none. Call it when all settings are read."""
    known = env.asked | READ_ELSEWHERE
    return [_unknown(name, known) for name in sorted(env.values) if _looks_like_ours(name, known)]


def _looks_like_ours(name: str, known: set[str]) -> bool:
    """Whether it has our prefix. Others use KAMAILIO_, too: such a name must be close to one of ours."""
    if name in known or name.startswith(TOKENS):
        return False
    return name.startswith("DSIPROUTER_") or (name.startswith("KAMAILIO_") and bool(_closest(name, known)))


def _unknown(name: str, known: set[str]) -> str:
    meant = _closest(name, known)
    question = f" Did you mean {meant}?" if meant else ""
    return f"{name} is no setting of this version, so it has no effect.{question}"


def _closest(name: str, known: set[str]) -> str:
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.85)), "")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return text.startswith("[") and text.endswith("]")
