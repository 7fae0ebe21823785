"""Ask several nodes at once, so that none of them delays the others, a page, or the whole site.

A node gets a few seconds for all questions. A question that is not answered by then is abandoned in its thread, which
ends at its own deadline a moment later; the result says that no answer came in time.

Meanwhile the page holds a thread of the web server. So only some of a process's threads ask nodes at a time, and the
others stay free for pages that need no node, and for ``/healthz``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import NodeTimeout, RpcError

logger = logging.getLogger(__name__)
ASK_SECONDS = 5.0  # an idle node answers within milliseconds, one that reloads a large table within a second or two
PLACES = (
    4  # of the eight threads of web_server.py and deploy/gunicorn.conf.py; an apply and a scrape have one more each
)
_MOMENT = 0.1  # seconds in which healthy nodes answer, so that a page of many nodes can ask all of them
_GRACE = 0.25  # seconds for a late node's own time-out sentence
_places = threading.BoundedSemaphore(PLACES)
Answer = TypeVar("Answer")


class UnexpectedError(RpcError):
    """The product itself failed over a node's answers. The site's log has the traceback."""


class Crowded(RpcError):
    """As many threads of this process as may ask nodes are asking them."""


@contextmanager
def place_to_ask() -> Iterator[None]:
    """Hold a place while the block asks nodes. Raises ``Crowded`` when none becomes free within a moment."""
    if not _places.acquire(timeout=_MOMENT):
        raise Crowded("Many pages are asking nodes now, and some nodes answer slowly: try again in a few seconds.")
    try:
        yield
    finally:
        _places.release()


def ask_nodes(
    nodes: Sequence[Node], question: Callable[[Node], Answer], seconds: float = ASK_SECONDS
) -> list[Answer | RpcError]:
    """Put ``question`` to all nodes in parallel; return each one's answer, or the error that says why there is none."""
    try:
        with place_to_ask():
            return ask_at_once(nodes, question, seconds)
    except Crowded as crowded:
        return [crowded] * len(nodes)


def ask_at_once(nodes: Sequence[Node], question: Callable[[Node], Answer], seconds: float) -> list[Answer | RpcError]:
    """Do the same without a place, for callers that limit themselves."""
    if not nodes:
        return []
    hurried = [node.for_one_job(seconds) for node in nodes]
    pool = ThreadPoolExecutor(max_workers=len(nodes))
    try:
        futures = [pool.submit(_answer, node, question) for node in hurried]
        done, _ = wait(futures, timeout=seconds + _GRACE)
        return [
            future.result()
            if future in done
            else NodeTimeout(f"{node.rpc.url} did not answer within {seconds:g} s. Look at its log, then try again.")
            for node, future in zip(nodes, futures, strict=True)
        ]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(node: Node, question: Callable[[Node], Answer]) -> Answer | RpcError:
    try:
        return question(node)
    except RpcError as error:
        return error
    except Exception as error:
        logger.exception("Node %s: a question ended in an unexpected error.", node.name)
        what = type(error).__name__
        return UnexpectedError(f"Its answer led to an unexpected error ({what}): the site's log says more.")
