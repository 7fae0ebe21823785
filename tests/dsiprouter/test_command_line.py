"""Every command ends in a sentence and the right exit status, whatever says no: ours and Django's."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.mariadb import HOST, MariaDB, free_port

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = "carrier_groups: [{name: Acme, endpoints: [{host: 203.0.113.7}]}]\n"
# Each of our commands and those of Django's that people use, as they are called, with what they read.
COMMANDS = {
    "check_drift": (["check_drift"], ""),
    "collect": (["collect", "--once"], ""),
    "create_kamailio_tables": (["create_kamailio_tables"], ""),
    "create_roles": (["create_roles"], ""),
    "dump_carriers": (["dump_carriers"], ""),
    "kamailio_status": (["kamailio_status"], ""),
    "load_carriers": (["load_carriers", "-"], DOCUMENT),
    "plan_kamailio": (["plan_kamailio"], ""),
    "reload_certificates": (["reload_certificates"], ""),
    "reload_kamailio": (["reload_kamailio", "--yes"], ""),
    "reset_login_delay": (["reset_login_delay", "admin"], ""),
    "roll_back": (["roll_back", "1", "--yes"], ""),
    "rotate_credential_keys": (["rotate_credential_keys"], ""),
    "route_call": (["route_call", "123"], ""),
    "runlocal": (["runlocal"], ""),
    "second_factor": (["second_factor", "admin"], ""),
    "test_carrier": (["test_carrier", "Acme"], ""),
    "who_is": (["who_is", "203.0.113.7"], ""),
    "write_tls_profiles": (["write_tls_profiles"], ""),
    "changepassword": (["changepassword", "admin"], "a long password\na long password\n"),
    "clearsessions": (["clearsessions"], ""),
    "createsuperuser": (["createsuperuser", "--noinput", "--username", "x", "--email", "x@example.com"], ""),
    "migrate": (["migrate"], ""),
    "showmigrations": (["showmigrations"], ""),
}
pytestmark = pytest.mark.own_database


def environment(home: Path, **variables: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DSIPROUTER_", "KAMAILIO_")) and name != "DATABASE_URL"
    }
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
        "DSIPROUTER_HOME": str(home),
        "DSIPROUTER_RPC_PORT": str(free_port()),
        **variables,
    }


def manage(
    variables: Mapping[str, str], *arguments: str, text: str = "", stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(variables),
        input=text,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with both databases and some carriers in them, to be copied."""
    home = tmp_path_factory.mktemp("prepared")
    variables = environment(home)
    for arguments, text in (
        (["migrate", "-v", "0"], ""),
        (["create_kamailio_tables"], ""),
        (["load_carriers", "-"], DOCUMENT),
    ):
        result = manage(variables, *arguments, text=text)
        assert result.returncode == 0, result.stderr
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)


def ends_in_a_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """Return what was said, which must be no traceback, and end the command with a status that tells of a failure."""
    said = result.stderr + (result.stdout or "")
    assert "Traceback" not in said
    assert 'File "' not in said
    assert "itself" not in said, said  # "something went wrong in dSIPRouter itself"
    assert result.returncode in (1, 2), (result.returncode, said)
    return said


def test_all_commands_of_ours_are_tried() -> None:
    ours = {path.stem for path in ROOT.glob("*/management/commands/[!_]*.py")}
    assert ours <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_is_down(name: str, tmp_path: Path) -> None:
    arguments, text = COMMANDS[name]
    (tmp_path / "kamailio").mkdir()
    (tmp_path / "kamailio" / "tls.cfg").touch()  # without it nothing is read of the carriers' certificates
    down = f"mysql://nobody:none@{HOST}:{free_port()}/none"
    variables = environment(
        tmp_path, DATABASE_URL=down, KAMAILIO_DATABASE_URL=down, DJANGO_SUPERUSER_PASSWORD="a long password"
    )
    said = ends_in_a_sentence(manage(variables, *arguments, text=text))
    assert "can't be reached" in said or "can't be read" in said or "database failed" in said or "can't be" in said
    assert "none@" not in said  # no password


@pytest.mark.parametrize("broken", ["DATABASE_URL", "KAMAILIO_DATABASE_URL"])
def test_the_database_is_named_by_its_setting(broken: str, home: Path) -> None:
    variables = environment(home, **{broken: f"mysql://nobody:none@{HOST}:{free_port()}/none"})
    command = "route_call" if broken.startswith("K") else "dump_carriers"
    said = ends_in_a_sentence(manage(variables, *COMMANDS[command][0]))
    assert f"({broken}) can't be reached: Can't connect" in said
    assert f"Check that its server runs, and what {broken} says; then try again." in said


@pytest.mark.parametrize("name", ["dump_carriers", "load_carriers", "second_factor", "who_is", "changepassword"])
@pytest.mark.parametrize(
    ("damage", "said"),
    [(b"", "lacks the tables of this version"), (b"no database at all" * 100, "is damaged: file is not a database")],
)
def test_an_sqlite_file_that_is_empty_or_damaged(name: str, damage: bytes, said: str, home: Path) -> None:
    for path in home.glob("dsiprouter.sqlite3*"):
        path.unlink()
    (home / "dsiprouter.sqlite3").write_bytes(damage)
    arguments, text = COMMANDS[name]
    assert said in ends_in_a_sentence(manage(environment(home), *arguments, text=text))


@pytest.mark.parametrize("name", ["dump_carriers", "load_carriers", "check_drift", "plan_kamailio"])
def test_an_sqlite_file_that_cannot_be_opened(name: str, home: Path) -> None:
    """Its folder is gone, say. There is no server to look at."""
    variables = environment(home, DATABASE_URL=f"sqlite:///{home}/nowhere/dsiprouter.sqlite3")
    arguments, text = COMMANDS[name]
    said = ends_in_a_sentence(manage(variables, *arguments, text=text))
    assert "(DATABASE_URL) can't be opened: unable to open database file. Check that its file and folder" in said
    assert "server" not in said


def test_an_sqlite_file_that_another_program_holds(home: Path) -> None:
    with closing(sqlite3.connect(home / "dsiprouter.sqlite3", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        said = ends_in_a_sentence(manage(environment(home), "load_carriers", "-", text=DOCUMENT))
    assert "(DATABASE_URL) is held by another program: database is locked. Wait until that has ended" in said


def test_a_disk_that_is_full(home: Path) -> None:
    """A file may not grow: that is what the database sees of a full disk."""
    size = max(path.stat().st_size for path in home.glob("dsiprouter.sqlite3*"))
    result = subprocess.run(
        [sys.executable, "manage.py", "load_carriers", "-"],
        cwd=ROOT,
        env=environment(home),
        input="carrier_groups:\n" + "".join(f"  - {{name: {'x' * 50}{number}}}\n" for number in range(8000)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        ),
    )
    said = ends_in_a_sentence(result)
    assert (
        "(DATABASE_URL) is full" in said
        or "(DATABASE_URL) can't be read or written on its disk: disk I/O error" in said
    )


@pytest.fixture
def server(mariadb: MariaDB) -> Iterator[MariaDB]:
    mariadb.execute("CREATE DATABASE spoken CHARACTER SET utf8mb4; CREATE DATABASE spoken_k CHARACTER SET utf8mb4")
    yield mariadb
    mariadb.execute(
        "SET GLOBAL read_only = 0; DROP DATABASE spoken; DROP DATABASE spoken_k; DROP USER IF EXISTS limited"
    )


def on(server: MariaDB, home: Path, **variables: str) -> dict[str, str]:
    return environment(
        home,
        **{"DATABASE_URL": server.url("spoken"), "KAMAILIO_DATABASE_URL": server.url("spoken_k"), **variables},
    )


def test_a_mariadb_that_may_not_be_written(server: MariaDB, tmp_path: Path) -> None:
    variables = on(server, tmp_path)
    assert manage(variables, "migrate", "-v", "0").returncode == 0
    server.execute(
        "CREATE USER limited IDENTIFIED BY 'word'; GRANT SELECT ON spoken.* TO limited;"
        " GRANT ALL ON spoken_k.* TO limited"
    )
    limited = server.url("spoken").replace(f"tests:{server.password}", "limited:word")
    said = ends_in_a_sentence(manage(on(server, tmp_path, DATABASE_URL=limited), "load_carriers", "-", text=DOCUMENT))
    assert "(DATABASE_URL) refuses the login, or does not exist: INSERT command denied" in said
    server.execute("GRANT ALL ON spoken.* TO limited; SET GLOBAL read_only = 1")
    said = ends_in_a_sentence(manage(on(server, tmp_path, DATABASE_URL=limited), "load_carriers", "-", text=DOCUMENT))
    assert "(DATABASE_URL) is read-only" in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("mysql://tests:wrong-word@{host}:{port}/spoken", "refuses the login, or does not exist: Access denied"),
        ("mysql://tests:{password}@{host}:{port}/nowhere", "refuses the login, or does not exist: Unknown database"),
    ],
)
def test_a_mariadb_that_does_not_know_us(wrong: str, said: str, server: MariaDB, tmp_path: Path) -> None:
    url = wrong.format(host=HOST, port=server.port, password=server.password)
    shown = ends_in_a_sentence(manage(on(server, tmp_path, DATABASE_URL=url), "dump_carriers"))
    assert f"(DATABASE_URL) {said}" in shown
    assert "wrong-word" not in shown


def test_a_mariadb_with_another_character_set(server: MariaDB, tmp_path: Path) -> None:
    server.execute("ALTER DATABASE spoken CHARACTER SET latin1")
    assert manage(on(server, tmp_path), "migrate", "-v", "0").returncode == 0
    document = 'carrier_groups: [{name: "Łódź"}]\n'
    said = ends_in_a_sentence(manage(on(server, tmp_path), "load_carriers", "-", text=document))
    assert "(DATABASE_URL) can't hold these characters, because its tables have another character set" in said
    assert "ALTER DATABASE … CHARACTER SET utf8mb4" in said


def test_a_key_of_passwords_that_is_damaged(home: Path) -> None:
    (home / "credential_key").write_text("damaged\n", encoding="ascii")
    document = (
        "carrier_groups: [{name: B, credential: {username: u, password: p, registrar: 203.0.113.9, register: false}}]\n"
    )
    said = ends_in_a_sentence(manage(environment(home), "load_carriers", "-", text=document))
    assert "credential_key holds something that is no Fernet key: take it out, or put the keys back" in said
    checked = manage(environment(home), "check")
    assert checked.returncode == 1
    assert "credential_key holds something that is no Fernet key" in checked.stderr


@pytest.mark.parametrize("name", ["secret_key", "rpc_token"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_secret_of_the_home_that_is_damaged(name: str, content: bytes, home: Path) -> None:
    (home / name).write_bytes(content)
    said = ends_in_a_sentence(manage(environment(home), "dump_carriers"))
    assert said.startswith("DSIPROUTER_HOME has the file")
    assert f"{name}”, which is empty or damaged: put it back from your backup, or remove it." in said


def test_output_that_nobody_reads_any_more(home: Path) -> None:
    """``dump_carriers | head``: no word about it, and the status that SIGPIPE gives to others."""
    document = "carrier_groups:\n" + "".join(f"  - {{name: group {number}}}\n" for number in range(3000))
    assert manage(environment(home), "load_carriers", "-", text=document).returncode == 0
    for arguments in (["dump_carriers"], ["dump_carriers", "--format", "csv"], ["help", "--commands"]):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            result = manage(environment(home), *arguments, stdout=writing)
        finally:
            os.close(writing)
        assert (result.returncode, result.stderr) == (141, ""), arguments


def test_output_to_a_disk_that_is_full(home: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    assert stat.S_ISCHR(os.fstat(full).st_mode)
    try:
        result = manage(environment(home), "dump_carriers", stdout=full)
    finally:
        os.close(full)
    assert (result.returncode, result.stderr) == (1, "No space left on device. Correct that, then try again.\n")


def test_a_terminal_that_knows_no_such_characters(home: Path) -> None:
    assert manage(environment(home), "load_carriers", "-", text='carrier_groups: [{name: "Łódź"}]').returncode == 0
    result = manage(environment(home, PYTHONIOENCODING="ascii", PYTHONUTF8="0"), "dump_carriers", "--format", "csv")
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u0141" in result.stdout


def _cpu_time(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_ctrl_c(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "load_carriers", "-"],
        cwd=ROOT,
        env=environment(home),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while "load_carriers" not in Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8"):
        time.sleep(0.01)
    before, now = -1, _cpu_time(process.pid)
    while before != now:  # until it waits for standard input
        time.sleep(0.7)
        before, now = now, _cpu_time(process.pid)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "Stopped.\n")


def test_a_fault_of_our_own_is_said_as_one(home: Path) -> None:
    """And ``--traceback`` shows where."""
    variables = environment(home, PYTHONPATH=f"{ROOT}", DJANGO_SETTINGS_MODULE="tests.broken_command")
    result = manage(variables, "dump_carriers")
    assert result.returncode == 1
    assert "An error occurred in dSIPRouter itself (ZeroDivisionError: division by zero)" in result.stderr
    assert "Traceback" not in result.stderr
    assert "ZeroDivisionError" in manage(variables, "dump_carriers", "--traceback").stderr.splitlines()[-1]
