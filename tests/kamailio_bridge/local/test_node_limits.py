"""The limits of Kamailio's processes: no core dump, enough open files, and no ports but their own."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest

from kamailio_bridge.local.kamailio_parameters import OTHER_FILES, TCP_CONNECTIONS, NodeParameters, open_files
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.deploy.places import DEPLOY, run


def processes(node: NodeProcess) -> list[Path]:
    """Return the folders in /proc of all processes of a node: it has a session of its own."""
    assert node.pid is not None
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == node.pid:
                found.append(folder)
        except ProcessLookupError:
            continue
    return found


def test_no_process_writes_a_core(kamailio_process: NodeProcess) -> None:
    """A core of Kamailio's has the token and every account's digest in it, and half a gigabyte."""
    found = processes(kamailio_process)
    assert len(found) > 5
    for folder in found:
        limits = (folder / "limits").read_text(encoding="ascii")
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits


def test_each_process_may_open_a_file_for_each_connection(kamailio_process: NodeProcess) -> None:
    expected = open_files()
    assert expected >= 2 * OTHER_FILES
    for folder in processes(kamailio_process):
        limits = (folder / "limits").read_text(encoding="ascii")
        assert re.search(rf"^Max open files +{expected} +{expected} ", limits, re.MULTILINE), limits


@pytest.mark.parametrize(
    ("hard", "files", "connections"),
    [
        (resource.RLIM_INFINITY, TCP_CONNECTIONS + OTHER_FILES, TCP_CONNECTIONS),
        (1_048_576, TCP_CONNECTIONS + OTHER_FILES, TCP_CONNECTIONS),
        (4_096, 4_096, 3_072),
    ],
)
def test_a_machine_with_a_low_limit_has_fewer_connections(
    hard: int, files: int, connections: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """More connections than files would leave Kamailio without files for its work."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1_024, hard))
    monkeypatch.delenv("DSIPROUTER_TCP_CONNECTIONS", raising=False)
    parameters = NodeParameters(tmp_path, "sqlite:////nowhere", "token", 5060, 5062)
    assert open_files() == files
    assert parameters.variables()["DSIPROUTER_TCP_CONNECTIONS"] == str(connections)
    monkeypatch.setenv("DSIPROUTER_TCP_CONNECTIONS", "500")
    assert parameters.variables()["DSIPROUTER_TCP_CONNECTIONS"] == "500"


def test_it_listens_where_it_is_configured_and_nowhere_else(kamailio_process: NodeProcess) -> None:
    parameters = kamailio_process.parameters
    pids = {folder.name for folder in processes(kamailio_process)}
    listening = set()
    for line in run(["ss", "--no-header", "--listening", "--numeric", "--udp", "--tcp", "--processes"]).splitlines():
        protocol, _, _, _, local, *_ = line.split()
        if pids & set(re.findall(r"pid=(\d+)", line)):
            listening.add((protocol, local))
    assert listening == {
        ("udp", f"127.0.0.1:{parameters.sip_port}"),
        ("tcp", f"127.0.0.1:{parameters.sip_port}"),
        ("tcp", f"127.0.0.1:{parameters.rpc_port}"),
    }
    inside = {path.name for path in parameters.folder.iterdir() if path.is_socket() or path.is_fifo()}
    assert inside == {"kamailio_ctl", "rpc_fifo"}


def test_the_service_has_the_same_limits() -> None:
    unit = (DEPLOY / "systemd" / "dsiprouter-kamailio.service").read_text(encoding="utf-8")
    (files,) = re.findall(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE)
    assert int(files) >= TCP_CONNECTIONS + OTHER_FILES
    assert "\nLimitCORE=0\n" in unit
    memory = f"-m {NodeParameters.shared_memory} -M {NodeParameters.private_memory}"
    assert memory in unit
    compose = (DEPLOY / "docker" / "compose.yaml").read_text(encoding="utf-8")
    assert memory in compose
    assert "ulimits: {core: 0, nofile: 65536}" in compose
