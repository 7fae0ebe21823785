"""Keep the secrets of carriers' accounts out of logs and error reports, at debug level and in debug mode, too.

Where passwords are handled, ``sensitive_variables`` and ``sensitive_post_parameters`` hide them by the names of
variables. This module hides secrets without such a name: form data in Django's own functions, and HA1 digests and
secret values of headers in SQL and in records. Ciphertexts are useless without their key, but hidden as well.
"""

from __future__ import annotations

import logging
import re
from collections.abc import ItemsView
from pprint import pformat
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

_SECRET = re.compile(r"\b[0-9a-f]{32}\b|\bgAAAA[\w-]{40,}={0,2}|\bhex:[0-9a-f]+")
_PASSWORD = re.compile(r"""('(?:[\w-]*(?:password|secret)[\w-]*|value)': \[?)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_ONE_LINE = 1_000_000  # characters: keeps pprint from breaking texts, which would not be recognised
HIDDEN = "(secret)"


def mask(text: str) -> str:
    """Return the text with all digests, ciphertexts and passwords of forms hidden."""
    return _SECRET.sub(HIDDEN, _PASSWORD.sub(rf"\1'{HIDDEN}'", text))


class SqlLogFilter(logging.Filter):
    """Mask the statements that Django logs at debug level, for all handlers."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        for name in ("sql", "params"):
            if hasattr(record, name):
                setattr(record, name, mask(str(getattr(record, name))))
        return True


class ErrorReportFilter(SafeExceptionReporterFilter):
    """Django's filter, active in debug mode, too, because test systems have real carriers' passwords."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        found = super().get_traceback_frame_variables(request, tb_frame)
        return {name: _masked(value) for name, value in found}.items()


class _ReportText:
    """The text of a frame's value in the report."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _masked(value: Any) -> Any:
    try:
        text = pformat(value, width=_ONE_LINE)
    except Exception:  # noqa: BLE001 - a report must not fail for a value that can't be shown
        return _ReportText("(can't be shown)")
    return value if text == mask(text) else _ReportText(mask(text))
