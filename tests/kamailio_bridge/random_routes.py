"""Random carrier groups and routes, with many numbers to ask a real Kamailio for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from django.db import transaction

from carriers.history.recording import unrecorded
from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    ConditionPBX,
    Endpoint,
    OutboundRoute,
    OutboundRouteGroup,
)

CHARACTERS = "0123456789*#+"
HOSTS = ("127.40.1.1", "127.40.1.2", "127.40.1.3", "carrier.invalid")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")
HOURS = ("", "Mon-Fri 08:00-18:00, Sat 09:30-12:00", "Fri-Mon 22:00-02:30", "Mon-Sun 00:00-12:00")
HOLIDAYS = ("", "01-01, 02-29, 12-24, 12-25, 12-31", "2026-12-28, 2027-03-28, 2028-02-29")
FIRST_MINUTE = 29_453_760  # 2026-01-01
YEARS = 3
SIZES = (0, 1, 1, 2, 3, 4, 5, 12, 20, 38, 42, 48)  # some with more than 29 that calls can go to


class RandomRoutes:
    """Replace all carriers by others, again and again, and think of numbers to dial."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    @transaction.atomic
    def replace(self) -> None:
        with unrecorded():
            self._replace()

    def _replace(self) -> None:
        CarrierGroup.objects.all().delete()
        OutboundRoute.objects.all().delete()
        Condition.objects.all().delete()
        PBX.objects.all().delete()
        pbxs = [PBX.objects.create(name=f"PBX {number}", host="127.40.1.9") for number in range(3)]
        PBX.objects.filter(pk=pbxs[0].pk).update(country_code="1", national_prefix="9")
        conditions = [self._condition(f"Condition {number}", pbxs) for number in range(4)]
        groups = [self._group(f"Carrier {number}") for number in range(self.random.randint(2, 6))]
        prefixes = {self._prefix() for _ in range(self.random.randint(2, 9))}
        for prefix in sorted(prefixes):
            route = OutboundRoute.objects.create(
                prefix=prefix,
                enabled=self.random.random() < 0.9,
                refuse_code=self.random.choice([None] * 9 + [403, 603]),
                refuse_reason=self.random.choice(["", "Not here: ask (us), please"]),
                fall_through=self.random.random() < 0.5,
                condition=self.random.choice([None, None, *conditions]),
            )
            chosen = self.random.sample(groups, k=self.random.randint(0, min(4, len(groups))))
            OutboundRouteGroup.objects.bulk_create(
                OutboundRouteGroup(
                    route=route,
                    group=group,
                    position=self.random.randint(0, 3),
                    condition=self.random.choice([None, None, None, *conditions]),
                )
                for group in chosen
            )

    def _condition(self, name: str, pbxs: list[PBX]) -> Condition:
        condition = Condition(
            name=name,
            any_pbx=self.random.random() < 0.5,
            hours=self.random.choice(HOURS),
            holidays=self.random.choice(HOLIDAYS),
            time_zone=self.random.choice(ZONES),
        )
        condition.outside = bool(condition.hours or condition.holidays) and self.random.random() < 0.3
        condition.full_clean()
        condition.save()
        for pbx in self.random.sample(pbxs, k=self.random.randint(0, 2)):
            ConditionPBX.objects.create(condition=condition, pbx=pbx)
        return condition

    def caller(self) -> tuple[int | None, int]:
        """Return a PBX, or none, and the minute of a call."""
        pbxs = [None, *PBX.objects.values_list("pk", flat=True)]
        return self.random.choice(pbxs), FIRST_MINUTE + self.random.randrange(YEARS * 525_960)

    def numbers(self, count: int) -> Iterator[str]:
        prefixes = list(OutboundRoute.objects.values_list("prefix", flat=True))
        for _ in range(count):
            if self.random.random() < 0.8:
                start = self.random.choice(prefixes)
                rest = "".join(self.random.choices(CHARACTERS, k=self.random.choice([0, 1, 2, 3, 5, 11])))
            else:
                start, rest = "", "".join(self.random.choices(CHARACTERS, k=self.random.choice([1, 2, 12, 30, 64])))
            yield (start + rest or "0")[:64]

    def _prefix(self) -> str:
        length = self.random.choice([0, 1, 1, 2, 2, 3, 4, 30])
        return "".join(self.random.choices("19+#" if length < 5 else CHARACTERS, k=length))

    def _group(self, name: str) -> CarrierGroup:
        group = CarrierGroup.objects.create(
            name=name,
            enabled=self.random.random() < 0.9,
            selection=self.random.choice(["position", "position", "weight"]),
        )
        size = self.random.choice(SIZES)
        Endpoint.objects.bulk_create(self._endpoint(group, number) for number in range(size))
        if self.random.random() < 0.4:
            credential = AuthCredential(group=group, username=f"user{group.pk}", registrar="127.40.1.1", register=False)
            credential.auth_username = self.random.choice(["", f"digest{group.pk}"])
            credential.set_password(f"password {group.pk}")
            credential.save()
        return group

    def _endpoint(self, group: CarrierGroup, number: int) -> Endpoint:
        return Endpoint(
            group=group,
            name=self.random.choice(["", f"number {number}"]),
            position=self.random.randint(1, 40),
            host=self.random.choice(HOSTS),
            port=self.random.choice([5060, 5061, 65_535]),
            transport=self.random.choice(["udp", "tcp"]),
            strip=self.random.choice([0, 0, 0, 1, 1, 2, 3, 5, 30]),
            prefix=self.random.choice(["", "", "+1", "00", "*31#", "#"]),
            direction=self.random.choice(["both", "both", "both", "outbound", "inbound"]),
            weight=self.random.randint(1, 100),
            enabled=self.random.random() < 0.9,
        )
