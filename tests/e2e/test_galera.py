"""Scaled out: three Galera members, three Kamailios and two web workers, and the end of one of each meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet

from kamailio_bridge.local.kamailio_parameters import NodeParameters
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.instance import ROOT, Instance
from tests.e2e.sip.agent import UserAgent
from tests.e2e.staff import NotAcknowledged, Staff
from tests.galera import Member, private_galera
from tests.mariadb import HOST, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.own_database, pytest.mark.timeout(280)]

TOKEN = "token-of-the-cluster"
PASSWORD = "a staple for horses"
PBX, CARRIER = "127.30.9.2", "127.30.8.2"
SETTLED = {"verified", "behind", "failed"}


class WebWorker:
    """A web process as deployed, with nothing of its own but the address of its nearest member."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.environment = {**environment, "DSIPROUTER_WEB_BIND": f"{HOST}:{self.port}", "DSIPROUTER_WEB_WORKERS": "1"}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.site}/healthz", timeout=5).ok:
                    return
            time.sleep(0.1)
        raise AssertionError("The web worker did not start.")

    def kill(self) -> None:
        """End it and all its processes at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Site:
    """The whole of it, and what was acknowledged while it was worked with."""

    def __init__(self, members: list[Member], folder: Path, stack: ExitStack) -> None:
        self.members = members
        secrets = {
            "DSIPROUTER_SECRET_KEY": "secret key of the cluster's site, long enough to be one",
            "DSIPROUTER_RPC_TOKEN": TOKEN,
            "DSIPROUTER_CREDENTIAL_KEYS": Fernet.generate_key().decode("ascii"),
        }
        self.instances = [
            Instance(
                folder / f"web{number}",
                {
                    "DATABASE_URL": member.server.url("dsiprouter"),
                    "KAMAILIO_DATABASE_URL": member.server.url("kamailio"),
                    **secrets,
                },
            )
            for number, member in enumerate(members)
        ]
        self.pbx = stack.enter_context(UserAgent(PBX))
        self.carrier = stack.enter_context(UserAgent(CARRIER))
        self.manage = self.instances[0].done
        self._set_up()
        self.nodes = [self._node(folder, number, member) for number, member in enumerate(members)]
        for node in self.nodes:
            stack.enter_context(node)
        self._enter_nodes()
        self.workers = [WebWorker(instance.environment) for instance in self.instances[:2]]
        for worker in self.workers:
            worker.start()
            stack.callback(worker.stop)
        self.acknowledged: list[str] = []
        self.calls: list[int] = []
        self.said: list[str] = []
        self.refused: list[str] = []
        self._names = itertools.count(1)
        self._over = threading.Event()

    def _set_up(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("create_kamailio_tables")
        document = {
            "carrier_groups": [
                {"name": "Acme", "endpoints": [{"host": CARRIER, "port": self.carrier.port, "strip": 1}]},
                {"name": "Busy"},
            ],
            "pbxs": [{"name": "office", "host": PBX, "port": self.pbx.port, "sources": [f"{PBX}/32"]}],
            "outbound_routes": [{"prefix": "9", "groups": ["Acme"]}],
        }
        self.manage("load_carriers", "-", document=json.dumps(document))
        for number in range(2):
            self.instances[0].environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
            self.manage("createsuperuser", "--noinput", "--username", f"staff{number}", "--email", "a@example.com")

    def _node(self, folder: Path, number: int, member: Member) -> NodeProcess:
        return NodeProcess(
            NodeParameters(
                folder=folder / f"node{number}",
                database_url=member.server.url("kamailio"),
                rpc_token=TOKEN,
                sip_port=free_port(),
                rpc_port=free_port(),
                shared_memory=256,
                private_memory=32,
                children=2,
                environment={"DSIPROUTER_RELOAD_DELTA": "0", "DSIPROUTER_NODE": f"node{number}"},
            )
        )

    def _enter_nodes(self) -> None:
        nodes = [
            {"name": f"node{number}", "rpc_url": node.parameters.rpc().url, "time_limit": 20}
            for number, node in enumerate(self.nodes)
        ]
        self.manage(
            "shell",
            "-c",
            "from kamailio_bridge.nodes.models import KamailioNode\n"
            f"KamailioNode.objects.bulk_create(KamailioNode(**values) for values in {nodes!r})",
        )

    # --- What goes on all the time

    def working(self, stack: ExitStack) -> None:
        """Let staff edit at both web workers and press the button at one, and let calls go through two nodes."""
        work: list[Callable[[], None]] = [
            *(self._editing(number) for number in range(2)),
            self._reloading(),
            *(self._calling(self.nodes[number]) for number in (0, 2)),
        ]
        threads = [threading.Thread(target=self._until_over, args=(each,)) for each in work]
        for thread in threads:
            thread.start()

        def end() -> None:
            self._over.set()
            for thread in threads:
                thread.join()

        stack.callback(end)

    def _until_over(self, work: Callable[[], None]) -> None:
        while not self._over.is_set():
            work()

    def _editing(self, number: int) -> Callable[[], None]:
        person = Staff(self.workers[number].site, f"staff{number}", PASSWORD)
        person.log_in()
        group = self.group("Busy")

        def edit() -> None:
            number = next(self._names)
            name = f"endpoint {number}"
            try:
                person.add_endpoint(group, name, f"127.31.{number // 250}.{number % 250 + 1}")
            except NotAcknowledged as refusal:
                self.refused.append(str(refusal))
                time.sleep(0.2)
            else:
                self.acknowledged.append(name)

        return edit

    def _reloading(self) -> Callable[[], None]:
        person = Staff(self.workers[0].site, "staff0", PASSWORD)
        person.log_in()

        def press() -> None:
            try:
                self.said.append(person.reload())
            except NotAcknowledged as refusal:
                self.refused.append(str(refusal))
            time.sleep(0.5)

        return press

    def _calling(self, node: NodeProcess) -> Callable[[], None]:
        proxy = f"{node.parameters.sip_address}:{node.parameters.sip_port}"

        def call() -> None:
            made = self.pbx.call("914443332222", proxy)
            self.calls += [made.code, made.bye() if made.code == 200 else 0]
            time.sleep(0.02)  # a call keeps its memory for a few seconds

        return call

    # --- What there is to see afterwards

    def group(self, name: str) -> int:
        return {**dict(self.rows(self.members[0], "SELECT name, id FROM carriers_carriergroup"))}[name]

    def rows(self, member: Member, query: str) -> list[Any]:
        with contextlib.closing(member.server.connect("dsiprouter")) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def report(self) -> str:
        return "\n".join([*self.said[-5:], *self.refused[-5:], *(node.log_text()[-3000:] for node in self.nodes)])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def site(stack: ExitStack, tmp_path: Path) -> Site:
    members = stack.enter_context(private_galera())
    return Site(members, tmp_path, stack)


def test_one_of_each_is_killed_while_edits_applies_and_calls_go_on(site: Site) -> None:
    site.manage("reload_kamailio", "--yes")
    with ExitStack() as work:
        site.working(work)
        time.sleep(4)
        before = len(site.acknowledged), len(site.calls)
        site.members[1].kill()
        site.workers[1].kill()
        os.killpg(site.nodes[1].pid or 0, signal.SIGKILL)
        time.sleep(10)
        during = len(site.acknowledged), len(site.calls)
        site.members[1].start([site.members[0], site.members[2]])
        site.nodes[1].stop()  # what is left of it
        site.nodes[1].start()
        site.workers[1].start()
        time.sleep(4)
    assert before[0] < during[0] < len(site.acknowledged), "edits went on"
    assert before[1] < during[1] < len(site.calls), "calls went on"
    assert set(site.calls) == {200}
    # No acknowledged edit is lost, at no member, and no key was given twice.
    stored = [{name for (name,) in site.rows(member, "SELECT name FROM carriers_endpoint")} for member in site.members]
    assert all(set(site.acknowledged) <= names for names in stored)
    assert stored[0] == stored[1] == stored[2]
    # Each apply said how it ended, and the record says the same.
    outcomes = {outcome for (outcome,) in site.rows(site.members[0], "SELECT outcome FROM kamailio_bridge_revision")}
    assert outcomes <= SETTLED
    assert any("Node node1" in sentence for sentence in site.said), "that node1 was gone was said"
    # And all is in step again.
    site.manage("reload_kamailio", "--yes")
    status = json.loads(site.manage("kamailio_status", "--json"))
    assert [node["in_step"] for node in status["nodes"]] == [True, True, True]
    assert {member.status("wsrep_cluster_size") for member in site.members} == {"3"}
