"""Memory of a web process after use, and of Kamailio with its routing data loaded, as the number of endpoints grows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tests.bench.figures import Row, hand_over
from tests.bench.instance import ENDPOINTS_PER_GROUP, fill, kamailio, prepare
from tests.bench.processes import family, memory_mib
from tests.bench.web import LIST, gunicorn, visited
from tests.mariadb import free_port

TITLE = "Memory of web processes and Kamailio, in MiB; pages that processes share count in proportion"
SIZES = (1_000, 10_000, 100_000)  # endpoints


def main(endpoints: int) -> None:
    prepare()
    from django.contrib.auth.models import User  # noqa: PLC0415 - Django is set up only now
    from django.db import connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from carriers.models import CarrierGroup  # noqa: PLC0415
    from kamailio_bridge.apply.operations import apply  # noqa: PLC0415
    from kamailio_bridge.nodes.node import Node  # noqa: PLC0415

    with kamailio(children=1, shared_memory=1024) as process:
        node = Node("bench", process.parameters.local_rpc(timeout=240))
        empty = kamailio_memory(node, process.pid)
        fill(endpoints // ENDPOINTS_PER_GROUP)
        result = apply(author=None, nodes=[node])
        if not result.ok:
            raise RuntimeError(result.sentence)
        full = kamailio_memory(node, process.pid)
    browser = Client()
    browser.force_login(User.objects.create_superuser("bench"))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    edits = [f"{LIST}{pk}/change/" for pk in CarrierGroup.objects.order_by("pk").values_list("pk", flat=True)[:20]]
    connections.close_all()
    port = free_port()
    with gunicorn(port) as pid:
        visited(pid, port, ["/healthz"], cookie)
        fresh = web_memory(pid)
        visited(pid, port, [LIST, "/admin/", *edits], cookie)
        pages = web_memory(pid)
        visited(pid, port, ["/admin/kamailio/waiting/count/"], cookie)
        plans = web_memory(pid)
        workers = len(family(pid)) - 1
    row: Row = {
        "endpoints": endpoints,
        "web processes": workers,
        "a web process, fresh": fresh,
        "… after pages": pages,
        "… after plans": plans,
        "Kamailio, shared, empty": empty["shared"],
        "… loaded": full["shared"],
        "Kamailio, largest private, empty": empty["private"],
        "… loaded ": full["private"],
        "Kamailio, all processes (PSS)": full["pss"],
    }
    hand_over([row])


def web_memory(pid: int) -> float:
    """Return the memory of the largest web process."""
    return max(memory_mib(each) for each in family(pid) if each != pid)


def kamailio_memory(node: Any, pid: int) -> dict[str, float]:
    """Return what Kamailio says of its shared memory, and the private memory of its largest process."""
    shared = node.rpc.call("core.shmmem")
    return {
        "shared": int(shared["real_used"]) / 2**20,
        "private": max(private_mib(each) for each in family(pid)),
        "pss": sum(memory_mib(each) for each in family(pid)),
    }


def private_mib(pid: int) -> float:
    """Return the memory that a process has for itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))) / 1024


if __name__ == "__main__":
    os.environ.setdefault("DSIPROUTER_WEB_WORKERS", "2")
    main(int(sys.argv[1]))
