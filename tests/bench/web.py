"""Pages through gunicorn as it is deployed, with four clients, beside a view that only answers, in the same run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figures import Row, hand_over, median, p95
from tests.bench.instance import fill, prepare
from tests.bench.processes import cpu_seconds
from tests.mariadb import HOST, free_port

TITLE = "Pages a second through gunicorn (deploy/gunicorn.conf.py) at 4 clients, 1,000 groups, beside /healthz"
SIZES = (1_000,)  # carrier groups of ten endpoints each
CLIENTS = 4
RUNS = 3
SECONDS = 5.0
LIST = "/admin/carriers/carriergroup/"
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def gunicorn(port: int) -> Iterator[int]:
    """Run gunicorn with the configuration of ``deploy/``, and yield its process id once it answers."""
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "gunicorn"), "--config", "deploy/gunicorn.conf.py"],
        cwd=ROOT,
        env={**os.environ, "DSIPROUTER_WEB_BIND": f"{HOST}:{port}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("gunicorn did not start.")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        ask(http.client.HTTPConnection(HOST, port, timeout=5), "/healthz", {})
    except OSError:
        return False
    return True


def ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> None:
    """Fetch a page on a connection that stays; whatever is no 200 ends the benchmark."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")


def client(port: int, paths: list[str], cookie: str) -> None:
    """Ask for the pages in turn until the time is over, and print how long each took."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    headers = {"Cookie": cookie} if cookie else {}
    times = []
    end = time.monotonic() + SECONDS
    while (start := time.monotonic()) < end:
        ask(connection, paths[len(times) % len(paths)], headers)
        times.append(time.monotonic() - start)
    print(json.dumps(times))


def visited(pid: int, port: int, paths: list[str], cookie: str) -> tuple[list[float], float]:
    """Let the clients ask at the same time; return how long each page took, and the server's CPU seconds."""
    before = cpu_seconds(pid)
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.web", "client", str(port), cookie, *paths],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(CLIENTS)
    ]
    outputs = [process.communicate()[0] for process in clients]
    if any(process.returncode for process in clients):
        raise RuntimeError("A client failed.")
    return [took for output in outputs for took in json.loads(output)], cpu_seconds(pid) - before


def main(groups: int) -> None:
    prepare()
    from django.contrib.auth.models import User  # noqa: PLC0415 - Django is set up only now
    from django.db import connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from carriers.models import CarrierGroup  # noqa: PLC0415

    fill(groups)
    browser = Client()
    browser.force_login(User.objects.create_superuser("bench"))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    keys = list(CarrierGroup.objects.order_by("pk").values_list("pk", flat=True))[:50]
    connections.close_all()
    edits = [f"{LIST}{key}/change/" for key in keys]
    kinds = {
        "/healthz": ["/healthz"],
        "list": [LIST, f"{LIST}?p=2", f"{LIST}?p=3"],
        "edit": edits,
        "3 lists to 1 edit": [page for edit in edits[:10] for page in (LIST, LIST, LIST, edit)],
    }
    port = free_port()
    rows: list[Row] = []
    with gunicorn(port) as pid:
        for paths in kinds.values():  # every worker once, so that none is measured while it imports
            visited(pid, port, paths, cookie)
        for kind, paths in kinds.items():
            rates, costs, times = [], [], []
            for _ in range(RUNS):
                took, cpu = visited(pid, port, paths, cookie)
                rates.append(len(took) / SECONDS)
                costs.append(cpu / len(took))
                times += took
            cost = median(costs)
            rows.append(
                {
                    "page": kind,
                    "pages/s": median(rates),
                    "of it per core": median(rates) / (os.cpu_count() or 1),
                    "CPU of the web processes, ms a page": cost * 1000,
                    "pages/s that a core of them could": 1 / cost,
                    "p50, ms": median(times) * 1000,
                    "p95, ms": p95(sorted(times)) * 1000,
                }
            )
    hand_over(rows)


if __name__ == "__main__":
    if sys.argv[1] == "client":
        client(int(sys.argv[2]), sys.argv[4:], sys.argv[3])
    else:
        main(int(sys.argv[1]))
