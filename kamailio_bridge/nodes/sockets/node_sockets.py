"""The SIP sockets that a node has now, by the names of ``DSIPROUTER_SIP_SOCKETS`` in its environment."""

from __future__ import annotations

from typing import NamedTuple

from kamailio_bridge.nodes.printable import make_printable
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, as_list, parsing_answer
from kamailio_bridge.nodes.sockets.sip_sockets import base_name


class NodeSocket(NamedTuple):
    """A socket; ``transport`` is udp, tcp or tls, and ``advertise`` is "" where others reach it at its address."""

    name: str
    transport: str
    address: str
    port: int
    advertise: str

    @property
    def written(self) -> str:
        """The socket as Kamailio's commands name it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.transport}:{host}:{self.port}"


def read_sockets(rpc: Rpc) -> list[NodeSocket]:
    """Ask a node for its named sockets; a configuration of somebody else's may have none. Raises ``RpcError``."""
    try:
        answer = rpc.call("corex.list_sockets")
    except CallFailed:
        return []
    with parsing_answer("corex.list_sockets"):
        # Kamailio 5.6 writes the members in capitals, 6.0 does not.
        entries = [{key.lower(): value for key, value in entry.items()} for entry in as_list(answer)]
        return [
            NodeSocket(
                base_name(make_printable(str(entry["sockname"]))),
                str(entry["proto"]).lower(),
                make_printable(str(entry["name"])),
                int(entry["port"]),
                "" if entry["advertise"] == "-" else make_printable(str(entry["advertise"])),
            )
            for entry in entries
            if entry["sockname"] != "-"
        ]


def find_socket(sockets: list[NodeSocket], name: str, transport: str, host: str) -> NodeSocket | None:
    """Return the socket of a name for requests to ``host``, as kamailio/sockets.cfg chooses it."""
    named = [socket for socket in sockets if (socket.name, socket.transport) == (name, transport)]
    family = [socket for socket in named if (":" in socket.address) == (":" in host)]
    return next(iter(family or named), None)


def missing_sentence(node: str, name: str) -> str:
    """Say that a node lacks a socket, and what to do."""
    return (
        f"node {node} has no socket “{name}”: add it to DSIPROUTER_SIP_SOCKETS in the environment of Kamailio there and"
        " restart it, or choose another socket."
    )
