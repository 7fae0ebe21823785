"""An apply in a process of its own that is killed with signal 9 at a given step; the product knows nothing of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.contrib.auth.models import User
from django.db import connections

from kamailio_bridge.apply import operations as apply_module
from kamailio_bridge.apply import reload_nodes as reloads
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc

GIVE_UP_SECONDS = 60  # a child that gets stuck ends itself

Trap = Callable[[], Any]


def die(*_: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives signal 9")


class Traps:
    """Where the process is to die. Each method is a step; ``progress`` is what apply tells of its own steps."""

    def __init__(self) -> None:
        self.words = ""

    def progress(self, step: str) -> None:
        if self.words and step.startswith(self.words):
            die()

    def at_progress(self, words: str) -> None:
        self.words = words

    def at_statement(self, alias: str, words: tuple[str, ...], *, count: int = 1, after: bool = False) -> None:
        """Die at the ``count``th statement on a database that holds all of ``words``, before it runs or after."""
        seen = 0

        def trap(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            nonlocal seen
            seen += all(word in sql for word in words)
            if seen < count:
                return execute(sql, *rest)
            if after:
                execute(sql, *rest)
            die()

        connections[alias].execute_wrappers.append(trap)

    def at_commit(self, alias: str) -> None:
        connections[alias]._commit = die

    def at_call(self, method: str) -> None:
        """Die instead of asking the node for ``method``."""
        call = Rpc.call

        def trap(rpc: Rpc, called: str, *params: str | int) -> Any:
            return die() if called == method else call(rpc, called, *params)

        Rpc.call = trap  # type: ignore[method-assign]


@contextmanager
def applying(
    author: User, node: Node, prepare: Callable[[Traps], None], *, lease: float = 30.0, hold: int | None = None
) -> Iterator[int]:
    """Apply in a forked process, and yield its id. With ``hold`` it waits before it reloads for a byte in that pipe."""
    connections.close_all()  # a connection must not be shared by two processes
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(GIVE_UP_SECONDS)
            apply_module.WRITE_SECONDS = reloads.LEASE_SECONDS = lease
            traps = Traps()
            prepare(traps)

            def progress(step: str) -> None:
                traps.progress(step)
                if hold is not None and step.startswith("Reloading"):
                    os.read(hold, 1)

            result = apply_module.apply(author=author, nodes=[node], progress=progress)
            os._exit(0 if result.ok else 1)
        finally:
            os._exit(2)
    try:
        yield pid
    finally:
        connections.close_all()


def end_of(pid: int) -> int:
    """Wait for a process to end; return its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_apply(author: User, node: Node, prepare: Callable[[Traps], None], *, lease: float = 30.0) -> int:
    """Apply, dying where ``prepare`` set the trap; return the id of the process that is no more."""
    with applying(author, node, prepare, lease=lease) as pid:
        assert end_of(pid) == -signal.SIGKILL, "the process never came to the step at which it was to be killed"
    return pid
