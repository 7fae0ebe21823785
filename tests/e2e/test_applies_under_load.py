"""60 calls per second while routes change twenty times: none fails, and each change counts from the first call on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from carriers.models import CarrierGroup, Endpoint, OutboundRoute
from tests.e2e.scene import Scene, to
from tests.e2e.sip.message import Uri

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

CALLS_PER_SECOND = 60
APPLIES = 20
CALLS_BETWEEN = 12  # at least so many calls begin between two applies
CALLERS = 40


@dataclass
class Generations:
    """How many applies have begun and how many are done: the newest may count already, the last one done must."""

    begun: int = 0
    done: int = 0


@dataclass(frozen=True)
class Placed:
    """One call: its number, its two answers, and which applies were done and begun around it."""

    number: str
    code: int
    bye: int
    done_before: int
    begun_after: int


class Load:
    """Place calls at a steady rate; each has a number of its own, takes a moment, and is hung up."""

    def __init__(self, scene: Scene, generations: Generations) -> None:
        self.scene, self.generations = scene, generations
        self.count = 0
        self.calls: list[Future[Placed]] = []
        self._changed = threading.Condition()
        self._enough = threading.Event()
        self._pool = ThreadPoolExecutor(CALLERS)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._pool.shutdown()

    def place_one(self) -> None:
        """Place one more call, now, and see it through."""
        call = self._pool.submit(self._place, f"98{self.count:05}")
        self.calls.append(call)
        call.result()

    def wait_for(self, more: int) -> None:
        """Wait until so many more calls have begun."""
        with self._changed:
            goal = self.count + more
            assert self._changed.wait_for(lambda: self.count >= goal, 60)

    def _run(self) -> None:
        start = time.monotonic()
        while not self._enough.is_set():
            self.calls.append(self._pool.submit(self._place, f"91{len(self.calls):05}"))
            due = start + len(self.calls) / CALLS_PER_SECOND  # late ones are caught up with, so the rate holds
            self._enough.wait(max(0.0, due - time.monotonic()))

    def _place(self, number: str) -> Placed:
        done_before = self.generations.done
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        call = self.scene.dial(number)
        code = call.code
        begun_after = self.generations.begun
        return Placed(number, code, call.bye() if code == 200 else 0, done_before, begun_after)


def change(generation: int, groups: list[CarrierGroup], route: OutboundRoute) -> None:
    """Give the calls another first carrier and every endpoint another prefix; add a route, and remove an older one."""
    first = groups[generation % 2]
    for member in route.route_groups.all():
        member.position = 1 if member.group_id == first.pk else 2
        member.save()
    Endpoint.objects.update(prefix=f"{generation:02}*")


def test_60_calls_per_second_during_20_applies(scene: Scene) -> None:
    carriers = [scene.carrier(), scene.carrier()]
    groups = [scene.group(f"Carrier {index}", to(carrier, strip=1)) for index, carrier in enumerate(carriers)]
    route = scene.route("9", *groups)
    change(0, groups, route)
    scene.apply()
    generations = Generations()
    with Load(scene, generations) as load:
        load.place_one()
        for generation in range(1, APPLIES + 1):
            change(generation, groups, route)
            scene.route(f"5{generation}", groups[generation % 2])
            OutboundRoute.objects.filter(prefix=f"5{generation - 3}").delete()
            generations.begun = generation
            scene.apply()
            generations.done = generation
            load.place_one()  # the first call after the button
            load.wait_for(CALLS_BETWEEN)
    calls = [call.result() for call in load.calls]
    assert len(calls) > APPLIES * CALLS_BETWEEN
    assert [call for call in calls if (call.code, call.bye) != (200, 200)] == []
    # A call's first attempt counts. It has a second one only where a carrier of ours was too busy to answer in time.
    attempts = [(invite, index) for index, each in enumerate(carriers) for invite in each.invites]
    seen: dict[str, tuple[int, int]] = {}
    for invite, index in sorted(attempts, key=lambda attempt: attempt[0].time):
        generation, _, number = Uri.parse(invite.uri).user.partition("*")
        seen.setdefault(number, (index, int(generation)))
    assert len(attempts) == len(calls) + scene.report().count("did not answer")
    settled = set()
    for call in calls:
        carrier, generation = seen.pop(call.number[1:])
        assert call.done_before <= generation <= call.begun_after, call
        if call.done_before == call.begun_after:  # no apply was under way: exactly the last one counts
            assert (carrier, generation) == (call.done_before % 2, call.done_before), call
            settled.add(generation)
    assert seen == {}, "a carrier got calls that nobody placed"
    assert settled == set(range(APPLIES + 1))
