"""logrotate takes the file, and rotates a log that somebody writes on."""

from __future__ import annotations

import time
from pathlib import Path

from tests.deploy.places import DEPLOY, adapted, run

LOGROTATE = "/usr/sbin/logrotate"


def test_a_log_is_rotated_while_it_is_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    configuration = adapted(DEPLOY / "logrotate", tmp_path, **{"/var/log/dsiprouter": str(tmp_path)})
    configuration.chmod(0o644)
    said = run([LOGROTATE, "-d", configuration])
    assert "error" not in said.lower()
    log = tmp_path / "kamailio.log"
    with log.open("a", encoding="ascii") as written:
        written.write("before\n")
        written.flush()
        run([LOGROTATE, "-f", "-s", tmp_path / "state", configuration])
        written.write("after\n")
    assert log.read_text(encoding="ascii") == "after\n"
    assert (tmp_path / "kamailio.log.1").read_text(encoding="ascii") == "before\n"


def test_a_log_that_grew_large_does_not_wait_for_the_night(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    configuration = adapted(DEPLOY / "logrotate", tmp_path, **{"/var/log/dsiprouter": str(tmp_path)})
    configuration.chmod(0o644)
    log = tmp_path / "kamailio.log"
    log.write_text("small\n", encoding="ascii")
    state = tmp_path / "state"
    state.write_text(
        f'logrotate state -- version 2\n"{log}" {time.strftime("%Y-%-m-%-d-%-H:%-M:%-S")}\n', encoding="ascii"
    )
    run([LOGROTATE, "-s", state, configuration])
    assert not (tmp_path / "kamailio.log.1").exists()
    with log.open("ab") as grown:
        grown.truncate(201 * 1024 * 1024)
    run([LOGROTATE, "-s", state, configuration])
    assert log.stat().st_size == 0
    assert (tmp_path / "kamailio.log.1").exists()


def test_it_is_looked_at_every_hour() -> None:
    timer = (DEPLOY / "systemd" / "dsiprouter-logrotate.timer").read_text(encoding="utf-8")
    assert "OnCalendar=hourly" in timer
    service = (DEPLOY / "systemd" / "dsiprouter-logrotate.service").read_text(encoding="utf-8")
    assert f"ExecStart={LOGROTATE} /etc/logrotate.d/dsiprouter\n" in service
