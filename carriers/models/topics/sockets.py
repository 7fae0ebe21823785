"""Which of our SIP sockets is used for a carrier group or a PBX."""

from __future__ import annotations

from typing import Any

from django.db import models

from carriers.fields import SocketField


class SocketFields(models.Model):
    """The name of a socket, as the nodes' environment has it."""

    socket = SocketField(
        "SIP socket",
        help_text="The name of one of the sockets in DSIPROUTER_SIP_SOCKETS, such as “carriers”: calls, registrations"
        " and tests leave by it, and the other side sees its address. Blank: the default socket.",
    )

    class Meta:
        abstract = True


def explain_socket(settings: Any) -> str:
    """Say by which socket requests leave."""
    which = f"the socket “{settings.socket}” of each node" if settings.socket else "the default socket of each node"
    return f"Requests leave by {which}. Calls from admitted addresses are taken at every socket."
