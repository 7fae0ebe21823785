"""Log a refused request as one line without a stack trace, and a flood of them as a few lines."""

from __future__ import annotations

import logging
import time

from django.core.exceptions import PermissionDenied

SECURITY = "django.security."
LINES_A_MINUTE = 10  # of each kind of refusal
LONGEST_LINE = 300  # characters: some messages quote the request


class RefusalLogFilter(logging.Filter):
    """Remove the stack trace from the record of a refused request; its message stays.

    Requests that Django refuses (a foreign host, a look-up that no list offers) are short warnings. Only some of each
    kind are logged per minute; then one line says how many were left out.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self._minutes: dict[str, tuple[float, int]] = {}  # by kind: start of its minute, and number of records in it

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        if not record.name.startswith(SECURITY):
            return True
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        text = record.getMessage()
        record.msg, record.args = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…", None
        return self._is_let_through(record)

    def _is_let_through(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        began, count = self._minutes.get(record.name, (now, 0))
        if now - began >= 60:
            if count > LINES_A_MINUTE:
                record.msg = f"{record.msg} ({count - LINES_A_MINUTE} more of this kind were left out before)"
            began, count = now, 0
        self._minutes[record.name] = (began, count + 1)
        return count < LINES_A_MINUTE
