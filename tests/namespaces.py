"""Kernel namespaces, in which a test may change the network or the mounts of the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kamailio_bridge.local.kamailio_parameters import program
from tests.deploy.places import ROOT, run


def in_namespace(kind: str, *commands: str, env: Mapping[str, str] | None = None) -> str:
    """Run shell commands in a namespace of ``kind``, one after the other; return their output.

    The kinds are "net", "mount" and "net --mount" for both.
    """
    whose = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    # In a chroot / may be no mount point: unshare can't make it private then, and it is not shared either.
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    propagation = ["--propagation", "unchanged"] if "mount" in kind and "/" not in mounted else []
    command = [program("unshare", "util-linux"), *whose, *propagation, *f"--{kind}".split()]
    command += ["sh", "-euc", "\n".join(commands)]
    return run(command, cwd=ROOT, env={**os.environ, **(env or {})})
