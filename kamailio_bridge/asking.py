"""Ask several nodes at once, none of which may keep the others, or a page, waiting.

A node is given a few seconds. One that connects and then drips, or whose name does not resolve, is left behind in its
thread: its answer is that there was none in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from kamailio_bridge.nodes import Node
from kamailio_bridge.rpc import NodeTimeout, RpcError

ASK_SECONDS = 5.0  # an idle node answers within milliseconds, one that reloads a large table within a second or two
Answer = TypeVar("Answer")


def ask_nodes(
    nodes: Sequence[Node], question: Callable[[Node], Answer], seconds: float = ASK_SECONDS
) -> list[Answer | RpcError]:
    """Put ``question`` to all nodes in parallel; return each one's answer, or the error that says why there is none."""
    if not nodes:
        return []
    hurried = [node.for_one_job(seconds) for node in nodes]
    pool = ThreadPoolExecutor(max_workers=len(nodes))
    try:
        futures = [pool.submit(_answer, node, question) for node in hurried]
        done, _ = wait(futures, timeout=seconds)
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
