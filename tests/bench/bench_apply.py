"""How long an apply takes beside the node's own reloads: python -m tests.bench.bench_apply [ENDPOINTS ...] [--json].

For each number of endpoints (10 in a group, a route a group) it makes a home of its own with SQLite files, starts a
real Kamailio, applies everything once, and then repeats: change one endpoint, apply, and, in the same run, call the
reloads that this apply needs on the node alone. Medians of the repetitions, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPETITIONS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure_in_a_process_of_its_own(count) for count in options.endpoints]
    if options.json:
        print(json.dumps(rows, indent=2))  # noqa: T201
        return
    columns = list(rows[0])
    print(" | ".join(columns))  # noqa: T201
    for row in rows:
        print(" | ".join(f"{row[column]:g}" for column in columns))  # noqa: T201


def measure_in_a_process_of_its_own(count: int) -> dict[str, float]:
    """Fork, because Django's settings, and with them the home, are fixed once for a process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 1
        try:
            with tempfile.TemporaryDirectory(prefix="dsiprouter-bench-") as home:
                result = measure(count, Path(home))
            os.write(write, json.dumps(result).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"The measurement of {count} endpoints failed.")
    return dict(json.loads(answer))


def measure(count: int, home: Path) -> dict[str, float]:
    os.environ.update(DSIPROUTER_HOME=str(home), DJANGO_SETTINGS_MODULE="dsiprouter.settings")
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("KAMAILIO_DATABASE_URL", None)
    import django  # noqa: PLC0415 - the home must be known before the settings are read

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from carriers.models import CarrierGroup, Endpoint, OutboundRoute, OutboundRouteGroup  # noqa: PLC0415
    from kamailio_bridge.apply import apply  # noqa: PLC0415
    from kamailio_bridge.node_process import (  # noqa: PLC0415
        NodeParameters,
        NodeProcess,
        kamailio_database_url,
    )
    from kamailio_bridge.nodes import Node  # noqa: PLC0415
    from kamailio_bridge.plan import make_plan  # noqa: PLC0415
    from kamailio_bridge.schema import create_missing_tables  # noqa: PLC0415
    from tests.kamailio_bridge.http_node import free_port  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    create_missing_tables()
    groups = CarrierGroup.objects.bulk_create(CarrierGroup(name=f"Carrier {n}") for n in range(count // 10))
    Endpoint.objects.bulk_create(
        Endpoint(group=group, host=f"127.{n // 250 % 250}.{n % 250}.{p + 1}", position=p + 1)
        for n, group in enumerate(groups)
        for p in range(10)
    )
    routes = OutboundRoute.objects.bulk_create(OutboundRoute(prefix=str(1_000_000 + group.pk)) for group in groups)
    OutboundRouteGroup.objects.bulk_create(
        OutboundRouteGroup(route=route, group=group) for route, group in zip(routes, groups, strict=True)
    )
    parameters = NodeParameters(
        folder=home / "kamailio",
        database_url=kamailio_database_url(connections["kamailio"].settings_dict),
        rpc_token="token-of-the-bench",
        sip_port=free_port(),
        rpc_port=free_port(),
        environment={"DSIPROUTER_RELOAD_DELTA": "0"},
        children=1,
    )
    with NodeProcess(parameters) as process:
        node = Node("bench", process.parameters.rpc())
        first = seconds(lambda: require(apply(author=None, nodes=[node]).outcome == "verified"))
        applies, reloads, plans = [], [], []
        for strip in range(1, REPETITIONS + 1):
            Endpoint.objects.filter(pk=count // 2).update(strip=strip)
            plans.append(seconds(make_plan))
            applies.append(seconds(lambda: require(apply(author=None, nodes=[node]).outcome == "verified")))
            reloads.append(
                seconds(
                    lambda: (
                        node.rpc.call("dispatcher.reload"),
                        node.rpc.call("dispatcher.list"),
                        node.rpc.call("htable.reload", "dsiprouter"),
                    )
                )
            )
    apply_one, node_alone = statistics.median(applies), statistics.median(reloads)
    return {
        "endpoints": count,
        "first apply, s": round(first, 3),
        "plan, s": round(statistics.median(plans), 3),
        "apply of one change, s": round(apply_one, 3),
        "node's reload and dump alone, s": round(node_alone, 3),
        "ratio": round(apply_one / node_alone, 2),
    }


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def require(condition: bool) -> None:
    if not condition:
        raise RuntimeError("an apply was not verified")


if __name__ == "__main__":
    main()
