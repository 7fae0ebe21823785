"""The documented backup and restore: what comes back serves calls, with Kamailio reading and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kamailio_bridge.local.kamailio_parameters import NodeParameters
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.deploy.databases import Users, database_users
from tests.deploy.places import DEPLOY, run
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge
from tests.e2e.sip.registrar import Registrar
from tests.mariadb import HOST, USER, MariaDB, free_port, private_mariadb
from tests.security.production import manage, production_environment

pytestmark = [pytest.mark.e2e, pytest.mark.own_database]

ACCOUNT = Account("1000", "a secret that stays one", "asterisk")


class Machine:
    """A machine in production: its database server, its files in /etc, its site and its Kamailio."""

    def __init__(self, folder: Path, server: MariaDB) -> None:
        self.folder = folder
        self.server = server
        self.users: Users = database_users(server)
        self.etc = folder / "etc"
        self.etc.mkdir(parents=True)
        self.options = folder / "client.cnf"
        self.options.touch(mode=0o600)
        self.options.write_text(
            f"[client]\nhost={HOST}\nport={server.port}\nuser={USER}\npassword={server.password}\n", encoding="ascii"
        )
        self.rpc_port, self.sip_port = free_port(), free_port()

    def environment(self) -> dict[str, str]:
        """Return what the site's unit gives it: its own databases, and the secrets of the file in /etc."""
        lines = (self.etc / "web.env").read_text(encoding="ascii").splitlines()
        return {
            **production_environment(self.folder / "home"),
            **dict(line.split("=", 1) for line in lines),
            "DATABASE_URL": self.users.web_url(self.server, "dsiprouter"),
            "KAMAILIO_DATABASE_URL": self.users.web_url(self.server, "kamailio"),
            "DSIPROUTER_RPC_PORT": str(self.rpc_port),
        }

    def manage(self, *arguments: str) -> str:
        done = manage(self.environment(), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def script(self, name: str, argument: Path, *, options: Path | None = None, status: int = 0) -> str:
        """Run ``deploy/backup`` or ``deploy/restore``."""
        environment = {**os.environ, "DSIPROUTER_ETC": str(self.etc), "DSIPROUTER_BACKUPS_KEPT": "2"}
        command = [DEPLOY / name, argument, f"--defaults-extra-file={options or self.options}"]
        return run(command, status=status, env=environment)

    def kamailio(self) -> NodeProcess:
        """Return a Kamailio that reads the database as its own user, which may do nothing else."""
        return NodeProcess(
            NodeParameters(
                folder=self.folder / "kamailio",
                database_url=self.users.kamailio_url(self.server),
                rpc_token=self.environment()["DSIPROUTER_RPC_TOKEN"],
                sip_port=self.sip_port,
                rpc_port=self.rpc_port,
                shared_memory=128,
                private_memory=32,
                children=2,
            )
        )


@pytest.fixture
def agents() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with private_mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def machine(server: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine whose tables are made, as docs/deploy.md says."""
    machine = Machine(tmp_path_factory.mktemp("machine") / "old", server)
    secrets = production_environment(machine.folder)
    names = ("DSIPROUTER_SECRET_KEY", "DSIPROUTER_RPC_TOKEN", "DSIPROUTER_CREDENTIAL_KEYS")
    web_env = machine.etc / "web.env"
    web_env.write_text("".join(f"{name}={secrets[name]}\n" for name in names), encoding="ascii")
    machine.manage("migrate", "--verbosity", "0")
    machine.manage("create_kamailio_tables")
    machine.users.grant_kamailio(machine.server)
    return machine


def test_a_restored_database_serves_calls(machine: Machine, tmp_path: Path, agents: ExitStack) -> None:
    pbx = agents.enter_context(UserAgent("127.30.9.1"))
    challenge = Challenge(ACCOUNT)
    trunk = agents.enter_context(Registrar("127.30.8.2", ACCOUNT, behaviour=challenge))
    document = tmp_path / "carriers.json"
    document.write_text(
        json.dumps(
            {
                "carrier_groups": [
                    {
                        "name": "Trunk",
                        "endpoints": [{"host": trunk.address, "port": trunk.port, "strip": 1}],
                        "credential": {
                            "username": ACCOUNT.username,
                            "password": ACCOUNT.password,
                            "registrar": trunk.host_port,
                            "realm": ACCOUNT.realm,
                        },
                    }
                ],
                "pbxs": [{"name": "office", "sources": [f"{pbx.address}/32"], "host": pbx.address, "port": pbx.port}],
                "outbound_routes": [{"prefix": "9", "groups": ["Trunk"]}],
            }
        ),
        encoding="ascii",
    )
    with machine.kamailio():
        machine.manage("load_carriers", str(document))
        assert "reloaded and verified" in machine.manage("reload_kamailio", "--yes")
        assert pbx.call("914443332222", f"{HOST}:{machine.sip_port}").code == 200
    backup = Path(machine.script("backup", tmp_path / "backups").splitlines()[-1])
    assert {path.name for path in backup.iterdir()} == {"databases.sql.gz", "web.env", "SHA256SUMS"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (backup, *backup.iterdir()))

    # The machine is lost. Another one has other passwords, and the secrets of the backup.
    fresh = Machine(tmp_path / "new", agents.enter_context(private_mariadb()))
    shutil.copy(backup / "web.env", fresh.etc)
    fresh.script("restore", backup)
    fresh.users.grant_kamailio(fresh.server)
    fresh.manage("migrate", "--check")
    with fresh.kamailio():
        assert pbx.call("914443332222", f"{HOST}:{fresh.sip_port}").code == 200
        assert challenge.faults == []
        assert trunk.numbers[-1] == "14443332222"
        trunk.wait_until_registered(ACCOUNT.username)
        assert "Nothing to do" in fresh.manage("reload_kamailio", "--yes")
        assert '"ok": true' in fresh.manage("kamailio_status", "--json")


def test_old_backups_go_and_a_failed_one_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    for moment in ("20200101T000000Z", "20200102T000000Z"):
        (folder / moment).mkdir(parents=True)
    (folder / "notes").mkdir()
    newest = Path(machine.script("backup", folder).strip()).name
    assert sorted(path.name for path in folder.iterdir()) == sorted(["20200102T000000Z", newest, "notes"])
    (tmp_path / "down.cnf").write_text(f"[client]\nhost={HOST}\nport=1\n", encoding="ascii")
    machine.script("backup", tmp_path / "failed", options=tmp_path / "down.cnf", status=2)
    assert list((tmp_path / "failed").iterdir()) == []


def test_a_damaged_backup_is_not_restored(machine: Machine, tmp_path: Path) -> None:
    backup = Path(machine.script("backup", tmp_path / "backups").strip())
    with (backup / "databases.sql.gz").open("ab") as dump:
        dump.write(b"more")
    assert "databases.sql.gz: FAILED" in machine.script("restore", backup, status=1)
    machine.manage("migrate", "--check")
