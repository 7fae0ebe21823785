"""The TLS profiles of carrier groups in the files of Kamailio's TLS module on this machine.

A profile is a section ``[client:any]`` of ``tls.cfg``, which a connection chooses by its ``server_id``. The sections
stand below ``MARK``; what is above is written at each start of Kamailio (``local/tls_files.py``). What a section leaves
out it has from ``[client:default]``. Nothing but Python's standard library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

CONFIG_NAME = "tls.cfg"
FOLDER_NAME = "tls_profiles"
_HEAD = "[client:any]"
MARK = "# Carrier groups with TLS of their own, written by an apply. Changes are lost.\n"


@dataclass(frozen=True)
class TlsProfile:
    """What one carrier group has of its own, in PEM format; "" is the node's."""

    server_id: str
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    verify: bool = True


@dataclass
class TlsProfiles:
    """The profiles that Kamailio is to have. Of those in ``kept`` it keeps what it has: they are not known."""

    known: list[TlsProfile] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)


def profiles_folder(fifo: Path | None) -> Path | None:
    """Return the folder with ``tls.cfg`` of the Kamailio that reads a pipe, None if it has none on this machine."""
    if fifo is None or not (fifo.parent / CONFIG_NAME).is_file():
        return None
    return fifo.parent


def write_profiles(folder: Path, profiles: TlsProfiles) -> None:
    """Write the sections and files of these profiles and of no others. Raises ``OSError``.

    The files of a profile are written before the section that names them. Kamailio's user may be another one than ours:
    then its group may read them.
    """
    config = folder / CONFIG_NAME
    base, _, before = config.read_text(encoding="utf-8").partition(MARK)
    files = folder / FOLDER_NAME
    files.mkdir(mode=0o700, exist_ok=True)
    _open_to_kamailio(files, folder)
    sections = [section for section in _sections_in(before) if _server_id(section) in profiles.kept]
    sections += [_section(profile, files, folder) for profile in profiles.known]
    _write(config, base + "".join([MARK, *sections] if sections else []), folder)
    named = set("".join(sections).split())
    for path in files.iterdir():
        if str(path.resolve()) not in named:
            path.unlink()


def _section(profile: TlsProfile, files: Path, folder: Path) -> str:
    """Write the files of a profile and return its section. No host has its name: only the id leads to it."""
    lines = [_HEAD, f"server_id = {profile.server_id}", f"server_name = {profile.server_id}.invalid"]
    if not profile.verify:
        lines += ["verify_certificate = no", "require_certificate = no"]
    for option, suffix, text in (
        ("ca_list", "ca.pem", profile.ca),
        ("certificate", "pem", profile.certificate),
        ("private_key", "key", profile.key),
    ):
        if text:
            path = files / f"{profile.server_id}.{suffix}"
            _write(path, f"{text}\n", folder)
            lines.append(f"{option} = {path.resolve()}")
    return "\n".join(["", *lines, ""])


def _sections_in(text: str) -> list[str]:
    return [f"\n{_HEAD}{rest}" for rest in text.split(f"\n{_HEAD}")[1:]]


def _server_id(section: str) -> str:
    return section.partition("server_id = ")[2].partition("\n")[0]


def sections_of(config: Path) -> str:
    """Return what an earlier apply wrote into a configuration, with its mark, "" for nothing.

    Kamailio does not start without the files that they name: if one is gone, none of the sections counts.
    """
    try:
        _, mark, sections = config.read_text(encoding="utf-8").partition(MARK)
    except OSError:
        return ""
    named = [line.partition(" = ")[2] for line in sections.splitlines() if " = /" in line]
    return mark + sections if all(Path(path).is_file() for path in named) else ""


def _write(path: Path, text: str, folder: Path) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    _open_to_kamailio(unfinished, folder)
    unfinished.replace(path)


def _open_to_kamailio(path: Path, folder: Path) -> None:
    """Let the group of Kamailio's folder read what we made there, if Kamailio's user is another one than ours."""
    owner, made_by = folder.stat(), path.stat().st_uid
    if os.geteuid() not in (owner.st_uid, 0) and made_by == os.geteuid():
        os.chown(path, -1, owner.st_gid)
        path.chmod(0o770 if path.is_dir() else 0o640)
