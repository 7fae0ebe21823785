"""The record of a started Kamailio in its folder, by which ``runlocal`` finds one that outlived an earlier run."""

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
class RunRecord:
    """A Kamailio that still runs. ``fits``: it was started with the same parameters and configuration."""

    pid: int
    fits: bool


def write_run_record(parameters: NodeParameters, pid: int) -> None:
    """Record the process of this Kamailio, and how it was started."""
    record = {"pid": pid, "start": start_of(pid), "how": _how(parameters)}
    path = parameters.folder / NAME
    path.touch(mode=0o600)
    path.write_text(json.dumps(record), encoding="ascii")


def find_running(parameters: NodeParameters) -> RunRecord | None:
    """Return the Kamailio that still runs in this folder, None if there is none."""
    try:
        record = json.loads((parameters.folder / NAME).read_text(encoding="ascii"))
        pid, start, how = int(record["pid"]), str(record["start"]), str(record["how"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if start_of(pid) != start:
        return None
    return RunRecord(pid, hmac.compare_digest(how, _how(parameters)))


def remove_run_record(parameters: NodeParameters) -> None:
    (parameters.folder / NAME).unlink(missing_ok=True)


def _how(parameters: NodeParameters) -> str:
    """Return a keyed digest of command, environment and configuration, from which no secret can be read."""
    files = sorted(Path(parameters.configuration).parent.glob("*.cfg"))
    texts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    how = json.dumps([parameters.command(), sorted(parameters.variables().items()), texts])
    return hmac.new(parameters.rpc_token.encode(), how.encode(), "sha256").hexdigest()
