"""Read settings from the environment. Each mistake (slip) is noted with its remedy, and the other settings are read.

So all mistakes are reported at once. A setting with a mistake has its default until the start is refused; only
``manage.py check`` continues (``dsiprouter.command_line``, ``dsiprouter.wsgi``).
"""

from __future__ import annotations

import builtins
import ipaddress
import zoneinfo
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ

TRUE, FALSE = ("true", "yes", "y", "on", "ok", "1"), ("false", "no", "n", "off", "0")
DATABASE_SCHEMES = ("sqlite", "mysql")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Number = TypeVar("_Number", int, float)


class Environment:
    """The environment, then ``.env``. ``slips`` has a sentence per mistake, which begins with its variable."""

    def __init__(self, file: Path) -> None:
        self._env = environ.Env()
        self.slips: builtins.list[builtins.str] = []
        self.asked: set[builtins.str] = set()
        try:
            environ.Env.read_env(file)  # a missing file is allowed; the environment wins over the file
        except UnicodeDecodeError:
            self.note_slip(builtins.str(file), "is not written in UTF-8: save it as UTF-8.")
        if file.exists() and not _is_readable(file):
            self.note_slip(builtins.str(file), "can't be read: let the user that runs this read it, or remove it.")

    @property
    def values(self) -> Mapping[builtins.str, builtins.str]:
        """All variables, unchanged."""
        return self._env.ENVIRON

    def note_slip(self, variable: builtins.str, text: builtins.str) -> None:
        """Note a mistake in a variable with its remedy. ``text`` must not contain secrets."""
        self.slips.append(f"{variable} {text}")

    def has_slip(self, variable: builtins.str) -> builtins.bool:
        """Return whether a mistake in a variable was noted."""
        return any(slip.startswith(f"{variable} ") for slip in self.slips)

    def str(self, variable: builtins.str, default: builtins.str = "") -> builtins.str:
        self.asked.add(variable)
        return builtins.str(self._env.str(variable, default))

    def list(self, variable: builtins.str, default: builtins.list[builtins.str]) -> builtins.list[builtins.str]:
        """Return the comma-separated values, stripped."""
        text = self._given(variable)
        return default if text is None else [part.strip() for part in text.split(",") if part.strip()]

    def bool(self, variable: builtins.str, default: builtins.bool) -> builtins.bool:
        text = (self._given(variable) or "").strip().lower()
        if text in TRUE or text in FALSE:
            return text in TRUE
        if text:
            self.note_slip(variable, f"is “{text}”: write true or false.")
        return default

    def int(
        self,
        variable: builtins.str,
        default: builtins.int,
        low: builtins.int | None = None,
        high: builtins.int | None = None,
    ) -> builtins.int:
        return self._number(variable, default, (low, high), builtins.int)

    def float(
        self,
        variable: builtins.str,
        default: builtins.float,
        low: builtins.float | None = None,
        high: builtins.float | None = None,
    ) -> builtins.float:
        return self._number(variable, default, (low, high), builtins.float)

    def port(self, variable: builtins.str, default: builtins.int) -> builtins.int:
        return self.int(variable, default, 1, 65535)

    def one_of(self, variable: builtins.str, default: builtins.str, known: Collection[builtins.str]) -> builtins.str:
        text = self.str(variable, default)
        if text not in known:
            self.note_slip(variable, f"is “{text}”: write one of {', '.join(known)}.")
            return default
        return text

    def some_of(
        self, variable: builtins.str, default: builtins.list[builtins.str], known: Collection[builtins.str]
    ) -> builtins.list[builtins.str]:
        names = self.list(variable, default)
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            what = f"names {', '.join(unknown)}" if unknown else "names none"
            self.note_slip(variable, f"{what}: write some of {','.join(known)}.")
            return default
        return names

    def time_zone(self, variable: builtins.str, default: builtins.str) -> builtins.str:
        name = self.str(variable, default)
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            self.note_slip(variable, f"is “{name}”, which is no time zone: write a name such as UTC or Europe/Berlin.")
            return default
        return name

    def networks(self, variable: builtins.str, default: builtins.list[builtins.str]) -> builtins.list[Network]:
        """Return addresses and networks as networks."""
        networks: builtins.list[Network] = []
        for text in self.list(variable, default):
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError:
                form = "write addresses and networks such as 10.0.0.5,10.0.0.0/24"
                self.note_slip(variable, f"has “{text}”, which is neither an address nor a network: {form}.")
        return networks

    def db_url(self, variable: builtins.str, default: builtins.str) -> dict[builtins.str, Any]:
        """Return Django's settings of a database. No sentence quotes the URL, which has a password."""
        text = self._given(variable) or default
        try:
            url = urlsplit(text)
            fault = _database_fault(url.scheme, url.hostname, url.port, url.path)
            config = dict(self._env.db_url_config(text)) if not fault else {}
        except ValueError:
            fault, config = "is no URL, or its port is no number", {}
        if fault:
            form = "mysql://user:password@host:3306/name, with %-codes for / @ : # ? in the password"
            self.note_slip(variable, f"{fault}: write {form}, or sqlite:////path/to/file.")
            config = dict(self._env.db_url_config(default))
        return config

    def _given(self, variable: builtins.str) -> builtins.str | None:
        self.asked.add(variable)
        return builtins.str(self._env.str(variable)) if variable in self.values else None

    def _number(
        self,
        variable: builtins.str,
        default: _Number,
        bounds: tuple[_Number | None, _Number | None],
        read: Callable[[builtins.str], _Number],
    ) -> _Number:
        text, (low, high) = (self._given(variable) or "").strip(), bounds
        if not text:
            return default
        try:
            number = read(text)
        except ValueError:
            number = None
        if number is not None and (low is None or number >= low) and (high is None or number <= high):
            return number
        what = "a number" if read is builtins.float else "a whole number"
        if low is not None:
            what += f" of at least {low}" if high is None else f" from {low} to {high}"
        self.note_slip(variable, f"is “{text}”: write {what}, such as {default}.")
        return default


def _is_readable(file: Path) -> bool:
    try:
        file.open("rb").close()
    except OSError:
        return False
    return True


def _database_fault(scheme: str, host: str | None, port: int | None, path: str) -> str:
    if scheme not in DATABASE_SCHEMES:
        return "names no database of a kind that this product works with"
    if scheme == "mysql" and (not host or not path.strip("/") or port == 0):
        return "names no host or no database"
    if scheme == "sqlite" and not path.strip("/"):
        return "names no file"
    return ""
