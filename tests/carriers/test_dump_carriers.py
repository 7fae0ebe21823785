"""The command that writes all carriers, without passwords."""

from __future__ import annotations

import sys

import pytest
from django.core.management import CommandError, call_command

from carriers.documents import carriers_document, load_document, read_document
from tests.carriers.documents.trees import PASSWORD, as_typed, example, with_password
from tests.commands import run_command
from tests.terminal import open_terminal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def carriers(db: None) -> None:
    load_document(as_typed(with_password(example())))


@pytest.mark.parametrize("name", [None, "yaml", "json"])
def test_the_document_loads_again(name: str | None, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run_command("dump_carriers", *([] if name is None else ["--format", name]))
    assert (ran.status, ran.err) == (0, "")
    assert capfd.readouterr().err == "", "a progress bar is for terminals"
    assert ran.out.startswith("{" if name == "json" else "carrier_groups:\n")
    assert PASSWORD not in ran.out
    before = carriers_document()
    assert all(" unchanged" in line for line in load_document(read_document(ran.out), prune=True).lines())
    assert carriers_document() == before


def test_csv() -> None:
    ran = run_command("dump_carriers", "--format", "csv")
    assert len(ran.out.splitlines()) == 5
    assert PASSWORD not in ran.out


def test_another_format() -> None:
    with pytest.raises(CommandError, match="invalid choice: 'xml'"):
        call_command("dump_carriers", "--format", "xml")


def test_progress_shows_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_terminal() as terminal:
        monkeypatch.setattr(sys, "stderr", terminal.file)
        run_command("dump_carriers")
        assert terminal.shows("2/2")
