"""manage.py runlocal when its parts are killed or hang: Kamailio and its calls go on until somebody stops it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kamailio_bridge.local.foreign_processes import ForeignProcess, start_of
from kamailio_bridge.local.home_lock import HomeTaken, home_lock
from kamailio_bridge.local.kamailio_log import explain
from kamailio_bridge.local.web_process import WebProcess
from tests.kamailio_bridge.local_run import Runlocal, ports_are_free, runlocal
from tests.mariadb import HOST, free_port

pytestmark = pytest.mark.own_database


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kamailio_of(run: Runlocal) -> int:
    folder = Path(run.environment["DSIPROUTER_HOME"]) / "kamailio"
    return int((folder / "kamailio.pid").read_text(encoding="ascii"))


def web_server_of(run: Runlocal) -> int:
    """Return the child that is Python: the other one is Kamailio."""
    pid = run.process.pid
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())
    return next(child for child in children if child != kamailio_of(run))


def test_a_web_server_that_is_killed_is_started_again(environment: dict[str, str]) -> None:
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        kamailio, web = kamailio_of(run), web_server_of(run)
        os.kill(web, signal.SIGKILL)
        run.wait_for(f"The web server (process {web}) ended: signal 9 (Killed). It is restarted in 1 s;")
        assert "kamailio" in str(run.rpc("core.version"))
        assert run.page("/admin/login/")[0] == 200  # the connection waits for the new one
        assert web_server_of(run) != web
        assert kamailio_of(run) == kamailio
        assert run.end(signal.SIGINT) == 0
    assert ports_are_free(environment)


def test_a_web_server_that_hangs_keeps_nobody_from_stopping(environment: dict[str, str]) -> None:
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        os.kill(web_server_of(run), signal.SIGSTOP)
        assert "kamailio" in str(run.rpc("core.version"))
        assert run.end(signal.SIGINT) == 0
    assert ports_are_free(environment)


def test_a_web_server_that_hangs_is_replaced_with_growing_pauses(capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    server = WebProcess(HOST, free_port(), said.append, hang_seconds=3)
    try:
        for number in (1, 2):
            wait_until(lambda: server.watch() or server.is_ready)  # type: ignore[func-returns-value]
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            wait_until(lambda number=number: server.watch() or len(said) == number)  # type: ignore[misc]
            assert said[-1] == (
                f"The web server (process {pid}) did not respond for 3 s and was killed."
                f" It is restarted in {number} s; Kamailio and its calls are not affected."
            )
            assert start_of(pid) is None
    finally:
        server.stop()


def test_a_kamailio_that_outlived_runlocal_is_adopted(environment: dict[str, str]) -> None:
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        kamailio, web = kamailio_of(run), web_server_of(run)
        log = Path(environment["DSIPROUTER_HOME"]) / "kamailio" / "kamailio.log"
        inode = log.stat().st_ino
        run.process.kill()
        run.end()
        wait_until(lambda: start_of(web) is None)
        assert "kamailio" in str(run.rpc("core.version"))
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        assert f"Kamailio (process {kamailio}) still runs from the last start. It is adopted as it is" in run.said
        assert kamailio_of(run) == kamailio
        assert log.stat().st_ino == inode
        assert run.page("/admin/login/")[0] == 200
        assert run.end(signal.SIGINT) == 0
    assert start_of(kamailio) is None
    assert ports_are_free(environment)


def test_an_adopted_one_is_watched_too(environment: dict[str, str]) -> None:
    with runlocal(environment, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        run.process.kill()
        run.end()
    with runlocal(environment, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        os.kill(kamailio_of(run), signal.SIGKILL)
        assert run.end() == 1
        assert "Kamailio stopped: " in run.said
    assert ports_are_free(environment)


def test_a_kamailio_with_other_settings_is_ended_cleanly(environment: dict[str, str]) -> None:
    with runlocal(environment, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        kamailio = kamailio_of(run)
        run.process.kill()
        run.end()
    with runlocal({**environment, "DSIPROUTER_SIP_PORT": str(free_port())}, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        assert f"Kamailio (process {kamailio}) still runs from the last start, but was started with other" in run.said
        assert start_of(kamailio) is None
        assert kamailio_of(run) != kamailio
        assert run.end(signal.SIGTERM) == 0


def test_a_second_one_on_the_same_home_touches_nothing(environment: dict[str, str]) -> None:
    folder = Path(environment["DSIPROUTER_HOME"]) / "kamailio"
    others = {name: str(free_port()) for name in environment if name.endswith("_PORT")}
    with runlocal(environment, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}
        for ports in (environment, {**environment, **others}):
            with runlocal(ports, "--no-web") as second:
                assert second.end() == 1
            assert (
                f"Another runlocal is running for the home {folder.parent} (process {run.process.pid})." in second.said
            )
            assert "Traceback" not in second.said
        after = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}
        assert {name: after[name] for name in before if "log" not in name} == {
            name: before[name] for name in before if "log" not in name
        }
        assert after["kamailio.log"][0] == before["kamailio.log"][0]
        assert "kamailio" in str(run.rpc("core.version"))
        assert run.end(signal.SIGINT) == 0


def test_a_crash_is_not_explained_by_an_older_line(environment: dict[str, str]) -> None:
    with runlocal(environment, "--no-web") as run:
        run.wait_for("Ctrl-C stops.")
        log = Path(environment["DSIPROUTER_HOME"]) / "kamailio" / "kamailio.log"
        with log.open("a", encoding="ascii") as lines:
            lines.write(" 0(1) ERROR: db_mysql [km_my_con.c:175]: driver error: Can't connect to MySQL server\n")
        time.sleep(7)  # as long as a line counts as one of what just happened
        os.kill(kamailio_of(run), signal.SIGSEGV)
        assert run.end() == 1
    assert "Kamailio stopped: signal 11 (Segmentation fault): it crashed, which is a fault in Kamailio" in run.said
    assert "database server" not in run.said


@pytest.mark.parametrize(
    ("log", "killed_by", "sentence"),
    [
        (
            "ERROR: x: Address already in use\nALERT: child process 9 exited by a signal 11",
            None,
            "signal 11",
        ),
        ("ERROR: x: Address already in use", 11, "signal 11 (Segmentation fault): it crashed"),
        ("", 9, "signal 9 (Killed): somebody killed it, or the machine did because it ran out of memory."),
        ("", 15, "signal 15 (Terminated): somebody told it to stop."),
        ("", 6, "signal 6 (Aborted): it crashed"),
    ],
)
def test_a_signal_is_the_reason(log: str, killed_by: int | None, sentence: str) -> None:
    assert explain(log, killed_by).startswith(sentence)


def test_the_lock_is_free_when_its_holder_is_gone(tmp_path: Path) -> None:
    with home_lock(tmp_path), pytest.raises(HomeTaken, match=f"process {os.getpid()}"), home_lock(tmp_path):
        pass
    with home_lock(tmp_path):
        assert (tmp_path / "runlocal.lock").stat().st_mode & 0o777 == 0o600


def test_a_process_that_is_no_child_of_ours() -> None:
    with pytest.raises(ProcessLookupError):
        ForeignProcess(2**22 - 3)
    reading, writing = os.pipe()
    middle = os.posix_spawn(
        sys.executable,
        [
            sys.executable,
            "-c",
            "import os, subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, flush=True)",
        ],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)],
    )
    os.waitpid(middle, 0)
    os.close(writing)
    pid = int(os.read(reading, 20))
    os.close(reading)
    stranger = ForeignProcess(pid)
    assert stranger.poll() is None
    stranger.terminate()
    assert stranger.wait(10) == 0
    assert stranger.poll() == 0
