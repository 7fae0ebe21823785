"""The trace that a started Kamailio leaves in its folder, so that ``runlocal`` finds one that outlived the last."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kamailio_bridge.local.foreign_processes import start_of

if TYPE_CHECKING:
    from kamailio_bridge.local.kamailio_parameters import NodeParameters

NAME = "kamailio.started"


@dataclass(frozen=True)
class Trace:
    """A Kamailio that still runs. ``fits``: it was started as we would start it, from the same configuration."""

    pid: int
    fits: bool


def leave_trace(parameters: NodeParameters, pid: int) -> None:
    """Record which process this Kamailio is, and how it was started."""
    trace = {"pid": pid, "start": start_of(pid), "how": _how(parameters)}
    path = parameters.folder / NAME
    path.touch(mode=0o600)
    path.write_text(json.dumps(trace), encoding="ascii")


def find_trace(parameters: NodeParameters) -> Trace | None:
    """Return the Kamailio of this folder that still runs unwatched, None if there is none."""
    try:
        trace = json.loads((parameters.folder / NAME).read_text(encoding="ascii"))
        pid, start, how = int(trace["pid"]), str(trace["start"]), str(trace["how"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if start_of(pid) != start:
        return None
    return Trace(pid, hmac.compare_digest(how, _how(parameters)))


def remove_trace(parameters: NodeParameters) -> None:
    (parameters.folder / NAME).unlink(missing_ok=True)


def _how(parameters: NodeParameters) -> str:
    """Digest the command, the environment and the configuration. The secrets among them can't be read from it."""
    files = sorted(Path(parameters.configuration).parent.glob("*.cfg"))
    texts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    how = json.dumps([parameters.command(), sorted(parameters.variables().items()), texts])
    return hmac.new(parameters.rpc_token.encode(), how.encode(), "sha256").hexdigest()
