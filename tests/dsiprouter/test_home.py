"""Secrets in files of the home folder: made once, complete or not there, and closed to others."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from carriers.passwords.secret_files import add_secret_line, secret_from_file
from dsiprouter.configuration.home import prepare_home


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_home_is_closed_to_other_users(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "a" / "home")
    assert mode(home) == 0o700


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = secret_from_file(path)
    assert len(first) >= 48
    assert secret_from_file(path) == first
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_those_who_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        assert len(set(starters.map(lambda _: secret_from_file(tmp_path / "secret"), range(8)))) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["secret"]


def test_lines_added_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    secret_from_file(path, lambda: "oldest")
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: add_secret_line(path, f"line{number}"), range(40)))
    lines = path.read_text(encoding="ascii").splitlines()
    assert lines[-1] == "oldest"
    assert sorted(lines[:-1]) == sorted(f"line{number}" for number in range(40))
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    secret_from_file(path, lambda: "oldest")
    owner = (4711, 4712) if os.geteuid() == 0 else (os.geteuid(), os.getegid())  # only root can give a file away
    os.chown(path, *owner)
    add_secret_line(path, "newest")
    found = path.stat()
    assert (found.st_uid, found.st_gid) == owner
    assert mode(path) == 0o600
    assert path.read_text(encoding="ascii") == "newest\noldest\n"
