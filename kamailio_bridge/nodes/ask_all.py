"""Query several nodes in parallel: no node delays the others, a page, or the whole site.

A node has a few seconds for all queries. A query without an answer by then is abandoned in its thread, which ends at
its own deadline a moment later; its result is ``NodeTimeout``.

Meanwhile the page holds a thread of the web server. ``PLACES`` limits how many of a process's threads query nodes at a
time; the others stay free for pages that need no node, and for ``/healthz``.
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
ASK_SECONDS = 5.0  # an idle node answers within milliseconds, a reloading one within a second or two
PLACES = (
    4  # of the eight threads of web_server.py and deploy/gunicorn.conf.py; an apply and a scrape have one more each
)
_MOMENT = 0.1  # seconds in which a healthy node answers, and frees its place for the next query of a page
_GRACE = 0.25  # seconds for the time-out error of the query itself
_places = threading.BoundedSemaphore(PLACES)
Answer = TypeVar("Answer")


class UnexpectedError(RpcError):
    """The product failed on a node's answer. The site's log has the traceback."""


class NoPlaceFree(RpcError):
    """All places of this process are taken: ``PLACES`` threads are querying nodes."""


@contextmanager
def hold_place() -> Iterator[None]:
    """Hold a place while the block queries nodes. Raises ``NoPlaceFree`` when none becomes free in time."""
    if not _places.acquire(timeout=_MOMENT):
        raise NoPlaceFree("Many pages are asking nodes now, and some nodes answer slowly: try again in a few seconds.")
    try:
        yield
    finally:
        _places.release()


def ask_nodes(
    nodes: Sequence[Node], question: Callable[[Node], Answer], seconds: float = ASK_SECONDS
) -> list[Answer | RpcError]:
    """Put ``question`` to all nodes in parallel; return per node, in order, the answer or the error."""
    try:
        with hold_place():
            return ask_at_once(nodes, question, seconds)
    except NoPlaceFree as error:
        return [error] * len(nodes)


def ask_at_once(nodes: Sequence[Node], question: Callable[[Node], Answer], seconds: float) -> list[Answer | RpcError]:
    """Do the same without a place, for callers with a limit of their own."""
    if not nodes:
        return []
    hurried = [node.with_deadline(seconds) for node in nodes]
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
