"""The pages that operators use most, as the number of carrier groups grows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.figures import Row, hand_over, median, p95, seconds
from tests.bench.instance import fill, prepare

if TYPE_CHECKING:
    from django.http import HttpResponse

TITLE = "Pages on MariaDB, in the process (no HTTP server): what one view costs"
SIZES = (100, 1_000, 5_000)  # carrier groups of ten endpoints each
TIMES = 20
LIST = "/admin/carriers/carriergroup/"


def main(groups: int) -> None:
    prepare()
    from django.contrib.auth.models import User  # noqa: PLC0415 - Django is set up only now
    from django.db import connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from carriers.models import CarrierGroup  # noqa: PLC0415
    from tests.admin.forms import fields_of  # noqa: PLC0415

    fill(groups)
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"))
    keys = list(CarrierGroup.objects.order_by("pk").values_list("pk", flat=True))
    edit = f"{LIST}{keys[len(keys) // 2]}/change/"
    strips = iter(range(10_000))
    doomed = iter(keys)

    def save() -> Callable[[], HttpResponse]:
        fields = {**fields_of(client.get(edit).content.decode()), "endpoints-0-strip": str(next(strips) % 30)}
        return lambda: client.post(edit, {**fields, "_save": "Save"})

    # Each makes one visit ready; only the visit itself is measured.
    pages: dict[str, tuple[Callable[[], Callable[[], HttpResponse]], int]] = {
        "list": (lambda: lambda: client.get(LIST), 200),
        "edit": (lambda: lambda: client.get(edit), 200),
        "save of one endpoint": (save, 302),
        "delete": (lambda: partial(client.post, f"{LIST}{next(doomed)}/delete/", {"post": "yes"}), 302),
    }
    rows: list[Row] = []
    for name, (make_ready, status) in pages.items():
        visit = make_ready()
        with CaptureQueriesContext(connections["default"]) as queries:
            answer = visit()
            count = len(queries)  # later ones reset the log
        if answer.status_code != status:
            raise RuntimeError(f"{name} answered {answer.status_code}")
        times = sorted(seconds(make_ready()) for _ in range(TIMES))
        rows.append(
            {
                "groups": groups,
                "page": name,
                "p50, ms": median(times) * 1000,
                "p95, ms": p95(times) * 1000,
                "queries": count,
                "bytes": len(answer.content),
            }
        )
    hand_over(rows)


if __name__ == "__main__":
    main(int(sys.argv[1]))
