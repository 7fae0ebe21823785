"""Packages: all pinned with hashes, what they need included; and an altered file is refused."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.security.production import ROOT

KINDS = ("", "-build", "-dev", "-audit")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+?)(?: ; ([^\\]+?))?(?: \\)?$")


def pins_of(kind: str) -> dict[str, tuple[str, int]]:
    """Return by package its version and how many hashes it has."""
    pins: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (ROOT / f"requirements{kind}.txt").read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("    --hash=sha256:"):
            version, count = pins[name]
            pins[name] = version, count + 1
        else:
            found = PIN.match(line)
            assert found, line  # neither an address nor an option: any mirror will do
            name = found[1]
            pins[name] = found[2], 0
    return pins


def named_in(kind: str) -> dict[str, str]:
    lines = (ROOT / f"requirements{kind}.in").read_text(encoding="ascii").splitlines()
    return {name.lower(): version for name, version in re.findall(r"^([\w-]+)==(\S+)", "\n".join(lines), re.MULTILINE)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_package_is_pinned_with_hashes(kind: str) -> None:
    pins = pins_of(kind)
    assert {name: version for name, (version, _) in pins.items()}.items() >= named_in(kind).items()
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []


def test_what_runs_is_what_is_tested() -> None:
    assert pins_of("").items() <= pins_of("-dev").items()
    assert set(pins_of("-build")) == {"pip", "setuptools"}


def test_what_is_installed_is_pinned() -> None:
    """No package is here that no file names, so none was forgotten."""
    pins = {**pins_of("-dev"), **pins_of("-build")}
    installed = {found.metadata["Name"].lower().replace("_", "-"): found.version for found in metadata.distributions()}
    assert sorted(installed.keys() - pins.keys()) == []
    assert {name: pins[name][0] for name in installed if name not in ("pip", "setuptools")} == {
        name: version for name, version in installed.items() if name not in ("pip", "setuptools")
    }


@pytest.mark.parametrize("file", [".ci/setup", "deploy/docker/Dockerfile", "Makefile"])
def test_nothing_is_installed_without_hashes(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []


@pytest.mark.parametrize("is_altered", [False, True])
def test_an_altered_file_is_refused(tmp_path: Path, is_altered: bool) -> None:
    wheel = tmp_path / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("thing.py", "")
        packed.writestr("thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
        packed.writestr("thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr("thing-1.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if is_altered:
        with zipfile.ZipFile(wheel, "a") as packed:
            packed.writestr("more.py", "")
    (tmp_path / "pins.txt").write_text(f"thing==1 \\\n    --hash=sha256:{digest}\n", encoding="ascii")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--isolated", "install", "--require-hashes", "--no-index"),
            *("--find-links", tmp_path, "--target", tmp_path / "target", "-r", tmp_path / "pins.txt"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is not is_altered, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) is is_altered
