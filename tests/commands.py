"""Commands of manage.py, run in this process on the test's own databases."""

from __future__ import annotations

from io import StringIO
from typing import NamedTuple

from django.core.management import CommandError, call_command


class Ran(NamedTuple):
    """A finished command: its exit status and output."""

    status: int
    out: str
    err: str


def run_command(name: str, *arguments: str) -> Ran:
    """Run a command until it ends, as ``manage.py`` does."""
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        err.write(f"CommandError: {error}\n")
        status = error.returncode
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    return Ran(status, out.getvalue(), err.getvalue())
