"""One apply at a time; a holder whose claim has expired has lost the lock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from kamailio_bridge.apply.lock import Busy, LockLost, apply_lock
from kamailio_bridge.apply.lock_holder import is_dead
from kamailio_bridge.revisions.models import ApplyLock

pytestmark = pytest.mark.django_db


def test_the_refusal_names_the_holder_and_the_time_left() -> None:
    with (
        apply_lock("ada", 30),
        pytest.raises(Busy, match=r"ada on .* is applying at this moment.* in (29|30) s at the latest"),
        apply_lock("bob", 30),
    ):
        pytest.fail("two held the lock")


def test_it_is_free_again_afterwards() -> None:
    with apply_lock("ada", 30):
        pass
    with apply_lock("bob", 30):
        assert ApplyLock.objects.get().holder.startswith("bob")
    assert ApplyLock.objects.get().token == ""


def test_it_is_free_again_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="boom"), apply_lock("ada", 30):
        raise RuntimeError("boom")
    with apply_lock("bob", 30):
        assert ApplyLock.objects.get().holder.startswith("bob")


def test_the_lock_of_a_killed_holder_is_free_when_its_claim_expires() -> None:
    with apply_lock("ada", 30) as claim:
        ApplyLock.objects.update(expires=timezone.now() - timedelta(seconds=1))
        with apply_lock("bob", 30), pytest.raises(LockLost, match="took the lock"):
            claim.renew(30)
        assert ApplyLock.objects.get().token == ""


def test_a_late_holder_does_not_free_the_lock_of_the_next() -> None:
    with apply_lock("ada", 30):
        ApplyLock.objects.update(expires=timezone.now() - timedelta(seconds=1))
        late = apply_lock("bob", 30)
        late.__enter__()
    assert ApplyLock.objects.get().holder.startswith("bob")
    late.__exit__(None, None, None)


def test_renewing_extends_the_claim() -> None:
    with apply_lock("ada", 30) as claim:
        claim.renew(500)
        expires = ApplyLock.objects.get().expires
        assert expires is not None
        assert 400 < (expires - timezone.now()).total_seconds() < 501


def test_a_living_holder_keeps_the_lock() -> None:
    with apply_lock("ada", 30) as claim:
        for _ in range(3):
            with pytest.raises(Busy), apply_lock("bob", 30):
                pytest.fail("two held the lock")
        row = ApplyLock.objects.get()
        assert row.life
        assert not is_dead(connections["default"], row.token, row.life)
        claim.renew(30)
    assert is_dead(connections["default"], row.token, row.life) == (connections["default"].vendor == "mysql")
    assert ApplyLock.objects.get().life == ""


def test_nothing_is_left_of_a_lock() -> None:
    with apply_lock("ada", 30):
        pass
    name = Path(str(connections["default"].settings_dict["NAME"]))
    assert list(name.parent.glob(f"{name.name}-apply-*")) == []
