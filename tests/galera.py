"""A private Galera cluster for tests, as ``deploy/galera`` configures it: three MariaDB members on this machine.

Nothing of them is left afterwards.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import MySQLdb

from tests.mariadb import HOST, QUICK, USER, MariaDB, free_port, program

MEMBERS = 3
JOIN_SECONDS = 90
CONFIGURATION = Path(__file__).resolve().parents[1] / "deploy" / "galera" / "60-dsiprouter.cnf"
# Galera now and then reads the priority of a thread that has not begun yet, and gives up: then once more.
LOST_RACE = "Failed to read thread schedparams"


class NotJoined(RuntimeError):
    """A member did not join the cluster. ``str()`` is the end of its log."""


@dataclass
class Member:
    """One member; ``server`` is how to reach it."""

    name: str
    folder: Path
    server: MariaDB
    group_port: int = field(default_factory=free_port)
    state_port: int = field(default_factory=free_port)
    missed_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def group_address(self) -> str:
        return f"{HOST}:{self.group_port}"

    def start(self, others: list[Member]) -> None:
        """Join the others, or found the cluster when there are none, and return when this member is ready."""
        for _ in range(5):
            self._run(others)
            try:
                self._wait_until_it_serves()
            except NotJoined as failure:
                if LOST_RACE not in str(failure):
                    raise
            else:
                return
        raise NotJoined(f"{self.name} lost the same race five times.")

    def kill(self) -> None:
        """End the member as a power failure does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def status(self, name: str) -> str:
        """Return one of the member's status variables, such as ``wsrep_local_state_comment``."""
        with contextlib.closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE %s", [name])
            row = cursor.fetchone()
        return str(row[1]) if row else ""

    def _run(self, others: list[Member]) -> None:
        cluster = ",".join(member.group_address for member in others)
        settings = {
            "gmcast.listen_addr": f"tcp://{self.group_address}",
            "ist.recv_addr": f"{HOST}:{self.missed_port}",
            "gcache.size": "32M",
            "pc.recovery": "false",
        }
        options = [
            f"--defaults-file={CONFIGURATION}",
            *(f"--user={unprivileged()}", f"--datadir={self.folder / 'data'}"),
            *(f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}", f"--tmpdir={self.folder}"),
            *(f"--bind-address={HOST}", f"--port={self.server.port}"),
            *(f"--wsrep-node-name={self.name}", f"--wsrep-node-address={self.group_address}"),
            f"--wsrep-sst-receive-address={HOST}:{self.state_port}",
            f"--wsrep-provider-options={';'.join(f'{name}={value}' for name, value in settings.items())}",
            f"--wsrep-cluster-address=gcomm://{cluster}",
            *([] if others else ["--wsrep-new-cluster"]),
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program("setpriv", "util-linux"), "--pdeathsig", "KILL", *as_unprivileged(), program("mariadbd")]
                + options
                + [option for option in QUICK if option != "--skip-log-bin"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait_until_it_serves(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + JOIN_SECONDS
        while True:
            with contextlib.suppress(MySQLdb.Error):
                if self.status("wsrep_ready") == "ON":
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NotJoined(self.log.read_text(encoding="utf-8", errors="replace")[-4000:])
            time.sleep(0.1)


@contextlib.contextmanager
def private_galera(count: int = MEMBERS) -> Iterator[list[Member]]:
    """Start a cluster with the databases ``dsiprouter`` and ``kamailio``, and remove everything at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dsiprouter-galera-"))
    password = secrets.token_hex(16)
    members = [
        Member(f"member{number}", folder / str(number), MariaDB(free_port(), password)) for number in range(count)
    ]
    try:
        for member in members:
            (member.folder / "data").mkdir(parents=True)
        if os.getuid() == 0:
            for path in [folder, *folder.rglob("*")]:
                shutil.chown(path, unprivileged())
        # The founder's data hold the user; the others get all of it from the founder.
        _install(members[0], password)
        for number, member in enumerate(members):
            member.start(members[:number])
        yield members
    finally:
        for member in members:
            member.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _install(member: Member, password: str) -> None:
    user = unprivileged()
    subprocess.run(
        [
            *(program("mariadb-install-db"), "--no-defaults", f"--datadir={member.folder / 'data'}", f"--user={user}"),
            *("--skip-test-db", "--innodb-log-file-size=16M", "--auth-root-authentication-method=normal"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    statements = (
        f"FLUSH PRIVILEGES;\nCREATE USER '{USER}'@'{HOST}' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{USER}'@'{HOST}' WITH GRANT OPTION;\n"
        "CREATE DATABASE dsiprouter;\nCREATE DATABASE kamailio;\n"
    )
    subprocess.run(
        [
            *(program("mariadbd"), "--no-defaults", "--bootstrap", f"--datadir={member.folder / 'data'}"),
            *(f"--user={user}", "--innodb-log-file-size=16M"),
        ],
        input=statements.encode("ascii"),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def unprivileged() -> str:
    """Return the user that the members run as: rsync, which copies their state, does not do so as root."""
    return "mysql" if os.getuid() == 0 else getpass.getuser()


def as_unprivileged() -> list[str]:
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam(unprivileged())
    return ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
