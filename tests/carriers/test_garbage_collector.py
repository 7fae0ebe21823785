"""The garbage collector is paused for a block, and for no longer."""

from __future__ import annotations

import gc
from contextlib import suppress

from carriers.garbage_collector import collector_paused


def test_it_is_on_again_afterwards_whatever_happens() -> None:
    assert gc.isenabled()
    with suppress(KeyError), collector_paused():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
