"""docker-compose's own judgement of the compose file, and what the image is made of. No engine is needed."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import yaml

from tests.deploy.places import DEPLOY, ROOT, run

DOCKER = DEPLOY / "docker"


def variables() -> list[str]:
    text = (DOCKER / "env.example").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z_]+)=", text, flags=re.MULTILINE)


def compose(folder: Path, *, without: str = "", status: int | tuple[int, ...] = 0) -> str:
    """Let docker-compose read the file, with values for all that env.example names, except ``without``."""
    for name in ("docker", "sql", "nginx"):
        shutil.copytree(DEPLOY / name, folder / "deploy" / name, dirs_exist_ok=True)
    given = [f"{name}=value-of-{name.lower()}\n" for name in variables() if name != without]
    (folder / "deploy" / "docker" / ".env").write_text("".join(given), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return run(
        ["docker-compose", "-f", folder / "deploy" / "docker" / "compose.yaml", "config"],
        status=status,
        env=inherited,
        cwd=folder / "deploy" / "docker",
    )


def test_compose_takes_the_file(tmp_path: Path) -> None:
    services = yaml.safe_load(compose(tmp_path))["services"]
    assert set(services) == {"db", "prepare", "grants", "web", "collector", "kamailio", "nginx"}
    # What the machine's network reaches.
    written = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    ports = {port for service in written.values() for port in service.get("ports", [])}
    assert ports == {"127.0.0.1:3306:3306", "80:80", "443:443"}
    assert services["kamailio"]["network_mode"] == "host"
    assert services["web"]["environment"]["DSIPROUTER_PRODUCTION"] == "true"


def test_each_secret_must_be_given(tmp_path: Path) -> None:
    for name in ("DSIPROUTER_SECRET_KEY", "DSIPROUTER_RPC_TOKEN", "DSIPROUTER_CREDENTIAL_KEYS", "WEB_PASSWORD"):
        assert "env.example" in compose(tmp_path, without=name, status=(1, 15))  # version 1, version 2


def test_mounted_and_copied_files_are_there() -> None:
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    mounted = {
        volume.partition(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if volume.startswith(".") and not volume.startswith("./tls")
    }
    assert {"../sql", "./users.sh", "../nginx/dsiprouter.conf"} == mounted
    assert all((DOCKER / path).exists() for path in mounted)
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, flags=re.MULTILINE)
    assert copied == ["requirements-build.txt requirements.txt", "."]


def test_the_image_is_built_with_what_setup_installs() -> None:
    setup = (ROOT / ".ci" / "setup").read_text(encoding="utf-8")
    build = re.findall(r"^build=\((.*)\)$", setup, flags=re.MULTILINE)[0]
    assert build in (DOCKER / "Dockerfile").read_text(encoding="utf-8")


def test_no_secret_goes_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".env", "var", ".git"} <= set(ignored)
