"""Namespaces of the kernel in which a test may change what is the whole machine's: the network, or what is mounted."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kamailio_bridge.node_parameters import program
from tests.deploy.places import ROOT, run


def in_namespace(kind: str, *commands: str, env: Mapping[str, str] | None = None) -> str:
    """Run shell commands in a namespace of ``kind``, "net" or "mount", one after the other; return what they said."""
    whose = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [program("unshare", "util-linux"), *whose, f"--{kind}", "sh", "-euc", "\n".join(commands)]
    return run(command, cwd=ROOT, env={**os.environ, **(env or {})})
