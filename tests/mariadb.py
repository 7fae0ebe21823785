"""A private MariaDB for tests: its own data folder, socket, port and user; all are removed afterwards.

As a program it runs a command with both databases on such a server: ``python -m tests.mariadb -- pytest -m "not e2e"``.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import MySQLdb

HOST = "127.0.0.1"
USER = "tests"
START_SECONDS = 60
PORTS = range(16_000, 32_000)
# Its data are thrown away, so nothing needs to reach the disk.
QUICK = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-fast-shutdown=3",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--max-connections=1000",  # several test processes, each with a few Kamailios of some twenty processes
]


class MariaDBMissing(RuntimeError):
    """A required program is not installed."""


@dataclass(frozen=True)
class MariaDB:
    """A running server with a user that may create databases."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """Return the address of a database as Django's settings and Kamailio's ``db_mysql`` take it."""
        return f"mysql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def execute(self, sql: str, database: str = "") -> None:
        """Run SQL statements, separated by semicolons."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            while cursor.nextset() is not None:
                pass
            connection.commit()

    def connect(self, database: str = "") -> MySQLdb.connections.Connection:
        return MySQLdb.connect(
            host=HOST, port=self.port, user=USER, password=self.password, database=database, charset="utf8mb4"
        )


def program(name: str, package: str = "mariadb-server") -> str:
    """Return the path of a program; raise ``MariaDBMissing`` saying how to install it."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MariaDBMissing(f"{name} is missing. Install it: apt-get install -y {package}")
    return path


def free_port() -> int:
    """Return a port of the loopback address that is free for UDP and TCP.

    It is drawn from below the range that the system hands out by itself: until whoever asked listens on it, no
    connection of another test can be given it.
    """
    for _ in range(200):
        port = secrets.choice(PORTS)
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams, socket.socket() as connections:
            try:
                datagrams.bind((HOST, port))
                connections.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError("No port is free.")


@contextlib.contextmanager
def private_mariadb() -> Iterator[MariaDB]:
    """Start a server, yield it when it answers, and remove everything at the end."""
    install, daemon = program("mariadb-install-db"), program("mariadbd")
    setpriv = program("setpriv", "util-linux")
    folder = Path(tempfile.mkdtemp(prefix="dsiprouter-mariadb-"))
    try:
        server = MariaDB(free_port(), secrets.token_hex(16))
        common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
        subprocess.run(
            [install, *common, "--skip-test-db", "--innodb-log-file-size=16M"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        start = folder / "start.sql"
        start.touch(mode=0o600)
        start.write_text(
            f"CREATE USER '{USER}'@'{HOST}' IDENTIFIED BY '{server.password}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'{HOST}' WITH GRANT OPTION;\n"
            "CREATE DATABASE dsiprouter;\nCREATE DATABASE kamailio;\n",
            encoding="ascii",
        )
        options = [
            f"--socket={folder / 'socket'}",
            f"--tmpdir={folder}",  # a server that starts deletes the temporary tables of others in a shared folder
            f"--pid-file={folder / 'pid'}",
            f"--bind-address={HOST}",
            f"--port={server.port}",
            f"--init-file={start}",
            # As Debian's configuration has it, which --no-defaults leaves out.
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
        ]
        log = folder / "log"
        with log.open("wb") as output:
            # setpriv: the server ends with us even when we are killed.
            process = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", daemon, *common, *options, *QUICK],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            wait_until_it_answers(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_it_answers(server: MariaDB, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect("kamailio").close()
        except MySQLdb.Error as error:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"The private MariaDB did not start:\n{text}") from error
            time.sleep(0.05)
        else:
            return


def main(arguments: list[str]) -> int:
    """Run a command with both databases on a private server; return its exit status."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("Usage: python -m tests.mariadb -- COMMAND [ARGUMENT ...]", file=sys.stderr)  # noqa: T201
        return 2

    def end(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        with private_mariadb() as server:
            environment = {
                **os.environ,
                "DATABASE_URL": server.url("dsiprouter"),
                "KAMAILIO_DATABASE_URL": server.url("kamailio"),
            }
            return subprocess.run(command, env=environment, check=False).returncode
    except MariaDBMissing as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
