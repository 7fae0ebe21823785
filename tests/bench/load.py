"""``load_carriers`` and ``dump_carriers``, beside the same rows by plain ``executemany``."""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path

import yaml

from tests.bench.figures import Row, hand_over, median, seconds
from tests.bench.instance import ENDPOINTS_PER_GROUP, prepare

TITLE = "load_carriers and dump_carriers of 1,000 groups x 10 endpoints, beside executemany of the same rows"
SIZES = (10_000,)  # endpoints
REPETITIONS = 3


def document(groups: int) -> str:
    return yaml.safe_dump(
        {
            "carrier_groups": [
                {
                    "name": f"Carrier {number:05}",
                    "endpoints": [
                        {"host": f"127.{number // 250}.{number % 250}.{position}", "strip": 1, "name": f"e{position}"}
                        for position in range(1, ENDPOINTS_PER_GROUP + 1)
                    ],
                }
                for number in range(groups)
            ]
        }
    )


def main(endpoints: int) -> None:
    prepare()
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now
    from django.db import connection, transaction  # noqa: PLC0415

    from carriers.models import CarrierGroup, Endpoint  # noqa: PLC0415

    path = Path(os.environ["DSIPROUTER_HOME"]) / "carriers.yaml"
    path.write_text(document(endpoints // ENDPOINTS_PER_GROUP), encoding="utf-8")

    def empty() -> None:
        CarrierGroup.objects.all().delete()

    loads, dumps = [], []
    for _ in range(REPETITIONS):
        empty()
        loads.append(seconds(lambda: call_command("load_carriers", str(path), stdout=StringIO(), stderr=StringIO())))
        dumps.append(seconds(lambda: call_command("dump_carriers", stdout=StringIO(), stderr=StringIO())))
    if Endpoint.objects.count() != endpoints:
        raise RuntimeError("Not everything was loaded.")
    tables = [model._meta.db_table for model in (CarrierGroup, Endpoint)]
    rows = []
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - the names are ours
            rows.append(cursor.fetchall())

    def plain() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for name, values in zip(tables, rows, strict=True):
                marks = ", ".join(["%s"] * len(values[0]))
                cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", values)  # noqa: S608

    plains = []
    for _ in range(REPETITIONS):
        empty()
        plains.append(seconds(plain))
    row: Row = {
        "endpoints": endpoints,
        "load_carriers, s": median(loads),
        "executemany, s": median(plains),
        "ratio": median(loads) / median(plains),
        "dump_carriers, s": median(dumps),
    }
    hand_over([row])


if __name__ == "__main__":
    main(int(sys.argv[1]))
