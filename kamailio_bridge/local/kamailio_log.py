"""Explain in one sentence why a Kamailio ended, from its log."""

from __future__ import annotations

import re
import signal

# Patterns in Kamailio's log, and the remedy. The first match wins; without a match its first error is quoted.
EXPLANATIONS = (
    (
        r"could not find module <db_mysql",
        "its MySQL module is missing. Install it: apt-get install kamailio-mysql-modules.",
    ),
    (
        r"could not find module <db_sqlite",
        "its SQLite module is missing. Install it: apt-get install kamailio-sqlite-modules.",
    ),
    (
        r"could not find module <tls",
        "its TLS module is missing. Install it: apt-get install kamailio-tls-modules.",
    ),
    (r"[Aa]ddress already in use", "one of its ports was taken meanwhile. Start it again, or choose other ports."),
    (r"Access denied for user", "the database refuses its user and password. Check KAMAILIO_DATABASE_URL."),
    (r"Can't connect to .*server", "its database server does not answer. Check KAMAILIO_DATABASE_URL."),
    (
        r"no such table|Table .* doesn't exist|invalid version .* for table|failed to open sqlite database",
        "its tables are missing, or of a version that it does not take. Run: manage.py create_kamailio_tables.",
    ),
    (r"(could not allocate|no more|out of) (private|shared|pkg|shm) mem", "its memory is too small. Raise -m or -M."),
)
ERROR = re.compile(r"(?:ERROR|CRITICAL): (?:\S+ \[[^\]]*\]: )?(?:\w+\(\): )?(.+)")


CRASH = "it crashed, which is a fault in Kamailio or one of its modules. Report it with the log if it happens again."
CRASHED = re.compile(r"child process \d+ exited by a signal (\d+)")
KILLED = "somebody killed it, or the machine did because it ran out of memory."
BY_SIGNAL: dict[int, str] = {
    signal.SIGTERM: "somebody told it to stop.",
    signal.SIGINT: "somebody told it to stop.",
    signal.SIGKILL: KILLED,
}


def explain(log: str, killed_by: int | None = None) -> str:
    """Return one sentence for the errors of a log: the first error is the cause, later ones are its consequences.

    ``log`` is the log since the start, or its last lines after a long run; ``killed_by`` is the signal that ended it,
    if known, and then the only explanation.
    """
    crash = CRASHED.search(log)
    number = int(crash[1]) if crash else killed_by
    if number is not None:
        return f"signal {number} ({signal.strsignal(number)}): {BY_SIGNAL.get(number, CRASH)}"
    for pattern, sentence in EXPLANATIONS:
        if re.search(pattern, log):
            return sentence
    error = ERROR.search(log)
    if error:
        return f"it says “{error[1].strip().rstrip('.')}”."
    return "it gave no reason."
