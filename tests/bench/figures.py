"""Measure, and format the results."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable

Row = dict[str, str | int | float]


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeated(work: Callable[[], object], times: int) -> list[float]:
    """Return how long each of ``times`` runs took, in rising order; one run before them does not count."""
    work()
    return sorted(seconds(work) for _ in range(times))


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 don't exceed; ``values`` are in rising order."""
    return values[min(len(values) - 1, int(len(values) * 0.95))]


def hand_over(rows: list[Row]) -> None:
    """Give the rows to the process that started this part."""
    print(json.dumps(rows))


def table(rows: list[Row]) -> str:
    """Return rows that have the same columns as a Markdown table."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([_text(row[column]) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
