"""Run the cases of ``own_network/`` in a network of their own, on SQLite."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.e2e.own_network.named_calls import NAME_SERVER
from tests.namespaces import in_namespace

DATABASES = ("DATABASE_URL", "KAMAILIO_DATABASE_URL")


def passed_in_own_network(*cases: ModuleType, commands: Sequence[str] = (), resolver: Path | None = None) -> int:
    """Run shell commands and then the tests of some files in a new network namespace; return how many passed.

    All must pass, else the assertion shows what pytest printed. With ``resolver``, a file to write, all questions
    about names go to the address ``NAME_SERVER``, where the cases start a name server. A MariaDB of this network
    can't be reached from there, so the cases always have databases of their own.
    """
    kind = "net"
    if resolver:
        kind = "net --mount"
        resolver.write_text(f"nameserver {NAME_SERVER}\n", encoding="utf-8")
        commands = (f"mount --bind {resolver} /etc/resolv.conf", *commands)
    files = " ".join(str(each.__file__) for each in cases)
    said = in_namespace(
        kind,
        f"unset {' '.join(DATABASES)}",
        "ip link set lo up",
        *commands,
        f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:xdist {files} 2>&1 || true",
    )
    passed = re.search(r"^(\d+) passed in ", said, flags=re.MULTILINE)
    assert passed, said
    return int(passed[1])
