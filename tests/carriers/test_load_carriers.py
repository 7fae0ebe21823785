"""The command that loads a document: what it says, its exit status, and that no password is in it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from carriers.documents import dump_yaml
from carriers.models import CarrierGroup
from tests.carriers.documents.trees import PASSWORD, example, with_password
from tests.carriers.stored import is_empty
from tests.commands import run_command
from tests.terminal import open_terminal

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "carriers.yaml"
    path.write_text(dump_yaml(with_password(example())), encoding="utf-8")
    return path


def test_what_was_done_is_said(document: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run_command("load_carriers", str(document))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "carrier groups: 2 created, 0 changed, 0 unchanged",
        "endpoints: 3 created, 0 changed, 0 unchanged",
        "source networks: 3 created, 0 changed, 0 unchanged",
        "credentials: 1 created, 0 changed, 0 unchanged",
        "extra headers: 2 created, 0 changed, 0 unchanged",
        "PBXs: 1 created, 0 changed, 0 unchanged",
        "conditions: 2 created, 0 changed, 0 unchanged",
        "outbound routes: 2 created, 0 changed, 0 unchanged",
        "inbound routes: 1 created, 0 changed, 0 unchanged",
        "Loaded. Nothing reaches Kamailio before manage.py reload_kamailio, or the button.",
    ]
    assert capfd.readouterr().err == "", "a progress bar is for terminals"


def test_a_dry_run_stores_nothing_and_says_so(document: Path) -> None:
    ran = run_command("load_carriers", str(document), "--dry-run")
    assert ran.status == 0
    assert ran.out.startswith("carrier groups: 2 created")
    assert ran.out.endswith("Nothing was stored, because this was a dry run.\n")
    assert PASSWORD not in ran.out + ran.err
    assert is_empty()


def test_prune_names_what_it_deletes(document: Path) -> None:
    CarrierGroup.objects.create(name="Old")
    assert "deleted" not in run_command("load_carriers", str(document)).out
    ran = run_command("load_carriers", str(document), "--prune", "--dry-run")
    assert "1 deleted (Old)" in ran.out
    assert CarrierGroup.objects.filter(name="Old").exists()
    assert "1 deleted (Old)" in run_command("load_carriers", str(document), "--prune").out
    assert not CarrierGroup.objects.filter(name="Old").exists()


@pytest.mark.parametrize("suffix", ["yaml", "json", "txt"])
def test_json_is_known_by_its_name_or_its_beginning(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"carriers.{suffix}"
    path.write_text("\ufeff" + json.dumps(with_password(example())), encoding="utf-8")
    assert run_command("load_carriers", str(path)).status == 0


def test_standard_input(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document.read_bytes())))
    assert run_command("load_carriers", "-").status == 0
    assert CarrierGroup.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "can't be read: No such file or directory."),
        (b"carrier_groups: [\xff]", "is not UTF-8 text: byte 17 is not."),
        (b"", "document: it is empty."),
        (b"a: [", "line 2, column 1: this is not YAML"),
    ],
)
def test_a_file_that_is_no_document(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "carriers.yaml"
    if content is not None:
        path.write_bytes(content)
    ran = run_command("load_carriers", str(path))
    assert ran.status == 1
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_mistakes_are_counted_and_show_no_password(tmp_path: Path) -> None:
    tree: dict[str, Any] = with_password(example())
    tree["carrier_groups"][0]["credential"].update(expires=0, username="a b", realm='"')
    path = tmp_path / "carriers.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    for options in ([], ["--dry-run"]):
        ran = run_command("load_carriers", str(path), *options)
        assert ran.status == 1
        assert ran.err.endswith("CommandError: 3 mistakes in the document: nothing was stored.\n")
        assert len(ran.err.splitlines()) == 4
        assert PASSWORD not in ran.out + ran.err
    assert is_empty()


def test_progress_shows_on_a_terminal(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_terminal() as terminal:
        monkeypatch.setattr(sys, "stderr", terminal.file)
        run_command("load_carriers", str(document))
        assert terminal.shows("8/8")
