"""logrotate takes the file, and rotates a log that somebody writes on."""

from __future__ import annotations

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
