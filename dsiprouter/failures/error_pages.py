"""Error pages for failures outside the product: one sentence for a database error, a full disk, a damaged key."""

from __future__ import annotations

import errno
import logging
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from carriers.databases.errors import kind_of, page_sentence, sentence_of

_DISK = {
    errno.ENOSPC: "The disk of the web server is full.",
    errno.EDQUOT: "The disk of the web server is full.",
    errno.EROFS: "The disk of the web server is read-only.",
}


def server_error(_request: HttpRequest) -> HttpResponse:
    """Answer 503 for a known failure, else 500. The user may not be logged in, so no host or user is named."""
    sentence = known_failure(sys.exc_info()[1])
    if not sentence:
        return HttpResponse(render_to_string("500.html"), status=500)
    return HttpResponse(render_to_string("503.html", {"sentence": sentence}), status=503, headers={"Retry-After": "10"})


def known_failure(error: BaseException | None) -> str:
    """Return what failed outside the product, without secrets; an empty text if the fault may be ours."""
    if isinstance(error, Error):
        return page_sentence(error) if kind_of(error) is not None else ""
    if isinstance(error, ImproperlyConfigured):
        return "A setting or a key of this site is wrong or damaged."
    return _DISK.get(error.errno or 0, "") if isinstance(error, OSError) else ""


class KnownFailureLogFilter(logging.Filter):
    """Replace the stack trace by a sentence if the fault is not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if known_failure(error):
            words = sentence_of(error) if isinstance(error, Error) else " ".join(str(error).split())
            record.msg, record.args = f"{record.getMessage()}: {words}".replace("%", "%%"), ()
            record.exc_info = None
        return True
