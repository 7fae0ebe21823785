"""``/metrics`` for Prometheus: only with the token of DSIPROUTER_METRICS_TOKEN; without that setting there is no page.

A request from loopback proves nothing: behind a proxy on the same machine all requests come from there.
"""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from kamailio_bridge.monitoring.metrics import BridgeCollector

logger = logging.getLogger(__name__)
_scrape = threading.Lock()  # one at a time: a scrape may wait for nodes and hold a thread of the process


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    token = settings.DSIPROUTER_METRICS_TOKEN
    if not token:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return _text("Authorization: Bearer with the site's metrics token is missing or wrong.\n", 401)
    if not _scrape.acquire(blocking=False):
        return _text("Another scrape is under way in this process: try again when it is done.\n", 503)
    try:
        return _scraped()
    finally:
        _scrape.release()


def _scraped() -> HttpResponse:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BridgeCollector())
    try:
        body = generate_latest(registry)
    except DatabaseError as error:
        logger.warning("No metrics: %s", error.args[-1] if error.args else error)
        return _text("A database can't be read; the site's log says why.\n", 503)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _text(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
