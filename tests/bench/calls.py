"""Calls through the product's kamailio.cfg, compared with a bare proxy that only relays, alternately in one run.

sipp makes the calls (INVITE, 180, 200, ACK, BYE, 200) and takes them. A fixed number of calls is kept up, so the rate
that comes out is what the proxy and the two sipp processes together can do on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Row, hand_over, median, seconds
from tests.bench.instance import fill, kamailio, prepare
from tests.bench.processes import cpu_seconds
from tests.mariadb import free_port, program

if TYPE_CHECKING:
    from kamailio_bridge.local.kamailio_process import NodeProcess

TITLE = "Calls through kamailio.cfg with 10,000 endpoints loaded, beside a bare proxy that only relays"
SIZES = (5_000,)  # calls in each run
RUNS = 5
CALLS_AT_A_TIME = 200
PBX, CARRIER = "127.30.9.1", "127.30.8.1"
NUMBER = "0099443332222"
# The PBX dials as in Berlin, and calls from its own numbers only.
NUMBER_PLAN = {"country_code": "49", "area_code": "30", "local_length": 5}
CALLERS = {"caller_numbers": "+4930* 49301234", "fallback_number": "+4930123"}
# The group tells its carrier in every header who calls, wants other forms of numbers, and goes on after other answers.
POLICY = {
    "number_format": "double_zero",
    "caller_format": "digits",
    "failover_codes": "408 480 5xx",
    "no_reply_timeout": 3,
    "from_user": "fixed",
    "from_user_value": "1000",
    "from_domain": "fixed",
    "from_domain_value": "carrier.example",
    "to_domain": "carrier",
    "asserted_identity": "caller",
    "removed_headers": "User-Agent",
}
SCENARIOS = Path(__file__).resolve().parent
RELAY = SCENARIOS / "relay.cfg"


@contextmanager
def carrier(folder: Path) -> Iterator[int]:
    """Run a sipp that takes every call, and yield its port."""
    port = free_port()
    process = subprocess.Popen(
        [
            program("sipp", "sip-tester"),
            "-sf",
            str(SCENARIOS / "carrier.xml"),
            "-i",
            CARRIER,
            "-p",
            str(port),
            "-nostdin",
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def call(proxy: str, calls: int, folder: Path) -> None:
    """Make the calls. One that fails makes sipp's exit status, and so the benchmark, fail."""
    done = subprocess.run(
        [
            *(program("sipp", "sip-tester"), proxy, "-sf", str(SCENARIOS / "pbx.xml"), "-s", NUMBER),
            *("-i", PBX, "-p", str(free_port()), "-m", str(calls), "-l", str(CALLS_AT_A_TIME), "-r", "20000"),
            *("-nostdin", "-timeout", "120", "-trace_err", "-error_file", "errors.log"),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        errors = folder / "errors.log"
        why = errors.read_text(encoding="utf-8", errors="replace")[:2000] if errors.exists() else ""
        raise RuntimeError(f"A call through {proxy} failed.\n{done.stdout.decode(errors='replace')[-3000:]}\n{why}")


def main(calls: int) -> None:
    prepare()
    from carriers import models  # noqa: PLC0415 - Django is set up only now
    from kamailio_bridge.apply.operations import apply  # noqa: PLC0415
    from kamailio_bridge.nodes.node import Node  # noqa: PLC0415

    home = Path(os.environ["DSIPROUTER_HOME"])
    fill(1_000)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dsiprouter-sipp-")))
        port = stack.enter_context(carrier(folder))
        group = models.CarrierGroup.objects.create(name="Acme", **POLICY)
        models.ExtraHeader.objects.create(group=group, name="X-Account-Id", value="7")
        models.Endpoint.objects.create(group=group, host=CARRIER, port=port, position=1, strip=2)
        models.OutboundRouteGroup.objects.create(
            route=models.OutboundRoute.objects.create(prefix="+99"), group=group, position=1
        )
        models.SourceNetwork.objects.create(
            pbx=models.PBX.objects.create(name="office", host=PBX, port=5060, **NUMBER_PLAN, **CALLERS),
            network=f"{PBX}/32",
        )
        ours = stack.enter_context(kamailio(shared_memory=1024))
        result = apply(author=None, nodes=[Node("bench", ours.parameters.rpc())])
        if not result.ok:
            raise RuntimeError(result.sentence)
        bare = stack.enter_context(
            kamailio(
                folder=home / "relay",
                configuration=RELAY,
                shared_memory=1024,
                environment={"BENCH_CARRIER": f"sip:{CARRIER}:{port}"},
            )
        )
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        costs: dict[str, list[float]] = {"ours": [], "bare": []}
        proxies: dict[str, NodeProcess] = {"bare": bare, "ours": ours}
        for run in range(RUNS + 1):
            for name, process in proxies.items():
                proxy = f"{process.parameters.sip_address}:{process.parameters.sip_port}"
                before = cpu_seconds(process.pid)
                took = seconds(lambda proxy=proxy: call(proxy, calls, folder))  # type: ignore[misc]
                if run:  # the first warms both up
                    rates[name].append(calls / took)
                    costs[name].append((cpu_seconds(process.pid) - before) / calls * 1e6)
    row: Row = {
        "calls in a run": calls,
        "kamailio.cfg, calls/s": median(rates["ours"]),
        "bare proxy, calls/s": median(rates["bare"]),
        "ratio": median(rates["ours"]) / median(rates["bare"]),
        "kamailio.cfg, CPU µs a call": median(costs["ours"]),
        "bare proxy, CPU µs a call": median(costs["bare"]),
    }
    hand_over([row])


if __name__ == "__main__":
    main(int(sys.argv[1]))
