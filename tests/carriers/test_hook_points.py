"""Places where other apps add something."""

from __future__ import annotations

import pytest

from carriers.hook_points import HookPoint


def test_hooks_are_called_in_order_and_what_they_return_is_collected() -> None:
    point = HookPoint[[int], str]("point")
    assert point.call(2) == []
    point.add(lambda number: f"second {number}")
    point.add(lambda number: f"third {number}")
    point.add(lambda number: f"first {number}", order=-1)
    assert point.call(2) == ["first 2", "second 2", "third 2"]


def test_a_temporary_hook_is_gone_after_the_block_even_if_it_fails() -> None:
    point = HookPoint[[], str]("point")
    point.add(lambda: "kept")
    with point.temporarily(lambda: "first", order=-1):
        assert point.call() == ["first", "kept"]
    assert point.call() == ["kept"]
    with pytest.raises(ZeroDivisionError), point.temporarily(lambda: "gone"):
        raise ZeroDivisionError
    assert point.call() == ["kept"]


def test_what_a_hook_raises_is_raised() -> None:
    point = HookPoint[[int], float]("point")
    point.add(lambda number: 1 / number)
    with pytest.raises(ZeroDivisionError):
        point.call(0)
