"""``load_carriers`` and ``dump_carriers``, beside the same rows by plain ``executemany``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from tests.bench.figures import Row, hand_over, median, seconds
from tests.bench.instance import ENDPOINTS_PER_GROUP, prepare

TITLE = (
    "load_carriers and dump_carriers of 1,000 groups x 10 endpoints, beside executemany of the same rows:"
    " of the carriers' rows alone, and of all that a load writes, which is their history too"
)
SIZES = (10_000,)  # endpoints
REPETITIONS = 3


def document(groups: int) -> str:
    return yaml.dump(
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
        },
        Dumper=yaml.CSafeDumper,
    )


def main(endpoints: int) -> None:
    prepare()
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now
    from django.core.management.color import no_style  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415

    from carriers.history.models import HistoryEntry  # noqa: PLC0415
    from carriers.models import CarrierGroup, Endpoint  # noqa: PLC0415

    folder = Path(os.environ["DSIPROUTER_HOME"])
    whole, nothing = folder / "carriers.yaml", folder / "nothing.yaml"
    whole.write_text(document(endpoints // ENDPOINTS_PER_GROUP), encoding="utf-8")
    nothing.write_text("carrier_groups: []\n", encoding="utf-8")
    of_carriers, of_all = (
        [model._meta.db_table for model in models]
        for models in ([CarrierGroup, Endpoint], [CarrierGroup, Endpoint, HistoryEntry])
    )

    def command(*words: str) -> float:
        return seconds(lambda: call_command(*words, stdout=StringIO(), stderr=StringIO()))

    def truncate() -> None:
        connection.ops.execute_sql_flush(
            connection.ops.sql_flush(no_style(), of_all, reset_sequences=True)  # deleting would take minutes
        )

    def emptied(work: Callable[[], float]) -> float:
        truncate()
        return work()

    def rows_of(table: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - the names are ours
            return list(cursor.fetchall())

    def plain(tables: list[str]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table in tables:
                marks = ", ".join(["%s"] * len(stored[table][0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", stored[table])  # noqa: S608

    loads = [emptied(lambda: command("load_carriers", str(whole))) for _ in range(REPETITIONS)]
    if Endpoint.objects.count() != endpoints:
        raise RuntimeError("Not everything was loaded.")
    stored = {table: rows_of(table) for table in of_all}
    unchanged = command("load_carriers", str(whole))
    dumps = [command("dump_carriers") for _ in range(REPETITIONS)]
    prune = command("load_carriers", "--prune", str(nothing))
    if Endpoint.objects.exists():
        raise RuntimeError("Not everything was pruned.")
    carriers, everything = (
        median(emptied(partial(seconds, partial(plain, tables))) for _ in range(REPETITIONS))
        for tables in (of_carriers, of_all)
    )
    row: Row = {
        "endpoints": endpoints,
        "load_carriers, s": median(loads),
        "executemany of the carriers, s": carriers,
        "ratio": median(loads) / carriers,
        "executemany of all rows, s": everything,
        "ratio to all": median(loads) / everything,
        "load again, s": unchanged,
        "--prune of all, s": prune,
        "dump_carriers, s": median(dumps),
    }
    hand_over([row])


if __name__ == "__main__":
    main(int(sys.argv[1]))
