"""Keep stack traces for what went wrong: a refused page is one line in the log, with its address."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied


class RefusalLogFilter(logging.Filter):
    """Leave the stack trace out of the record of a refused page. The line with its address stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True
