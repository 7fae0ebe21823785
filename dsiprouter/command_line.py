"""Run commands of manage.py, Django's too, so that every error is reported as a sentence.

Exit statuses: 0 success, 1 failure, 2 wrong usage, 130 Ctrl-C, 141 the output was closed (as for programs that SIGPIPE
ends). Commands with other statuses list them in their help.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error

from carriers.databases.errors import sentence_of

FAILED, USAGE_ERROR, INTERRUPTED, OUTPUT_CLOSED = 1, 2, 130, 141
TRACEBACK_OPTION = "--traceback"


def run(arguments: list[str]) -> int:
    """Run a command, and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for terminals without UTF-8
    slips = list(settings.DSIPROUTER_SLIPS)
    for slip in slips:
        _say(slip)
    if not slips:
        status = _run_guarded(lambda: execute_from_command_line(arguments), arguments)
    elif arguments[1:2] == ["check"]:
        with contextlib.redirect_stdout(io.StringIO()):  # hides "no issues"
            _run_guarded(lambda: execute_from_command_line(arguments), arguments)
        status = FAILED
    else:
        status = FAILED
    flushed = _run_guarded(sys.stdout.flush, arguments)
    if flushed:
        _discard_output()
    return status or flushed


def _run_guarded(work: Callable[[], object], arguments: list[str]) -> int:
    """Run a part of a command, print its error as a sentence, and return the exit status."""
    try:
        work()
    except SystemExit as end:
        return _status(end)
    except KeyboardInterrupt:
        _say("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        return OUTPUT_CLOSED
    except Exception as error:
        if TRACEBACK_OPTION in arguments:
            raise
        _say(sentence(error))
        return FAILED
    return 0


def sentence(error: Exception) -> str:
    """Return a sentence about a failure for the operator."""
    if isinstance(error, Error):
        return sentence_of(error)
    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        file = f"{error.filename}: " if error.filename else ""
        return f"{file}{error.strerror}. Correct that, then try again."
    words = " ".join(str(error).split())
    return (
        f"An error occurred in dSIPRouter itself ({type(error).__name__}: {words}). With {TRACEBACK_OPTION} the command"
        " says where: please report that."
    )


def _status(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    _say(str(end.code))
    return FAILED


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def _discard_output() -> None:
    """Redirect standard output to the null device: flushing a closed output at exit would print an error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
