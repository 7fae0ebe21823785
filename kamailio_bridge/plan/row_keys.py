"""Other keys for our rows whose keys are taken by rows of another program.

A program that inserts without a key gets the one after the highest, which is the key of our next object. A row's
meaning does not depend on its key, so our row moves to the end of its kind's range. From then on the highest key
belongs to no object, and other programs' rows come after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kamailio_bridge.modules.base import KamailioModule, Projection
from kamailio_bridge.rows.ids import free_keys, is_moved
from kamailio_bridge.rows.types import Row, Table, Values

_CHUNK = 500  # keys in one statement


def settle_keys(module: KamailioModule, projection: Projection, table: Table, stored: Mapping[int, Values]) -> None:
    """Move the projected rows of ``table`` whose keys foreign rows have; ``stored`` are our rows there.

    A moved row keeps its key as long as it does not change, so that a plan shows no change for it.
    """
    wanted = projection.rows[table]
    new = [pk for pk in wanted if pk not in stored]
    if not new:
        return
    moved_before = {values[1:]: pk for pk, values in stored.items() if pk not in wanted and is_moved(pk)}
    moves = {}
    for pk in new:
        key = moved_before.pop(wanted[pk].values[1:], None) if moved_before else None
        if key is not None:
            moves[pk] = key
    in_the_way = [pk for pk in foreign_keys(table, new) if pk not in moves]
    moves |= zip(in_the_way, free_keys(table.foreign(), in_the_way, {*wanted, *moves.values()}), strict=True)
    if moves:
        projection.rows[table] = dict(_moved(wanted, moves))
        projection.moved[table] = {key: pk for pk, key in moves.items()}
        module.follow_keys(projection, table, moves)


def foreign_keys(table: Table, keys: list[int]) -> list[int]:
    """Return those of the keys that rows of other programs have, in ascending order."""
    found: list[int] = []
    for start in range(0, len(keys), _CHUNK):
        found += table.foreign().filter(pk__in=keys[start : start + _CHUNK]).values_list("pk", flat=True)
    return sorted(found)


def _moved(wanted: Mapping[int, Row], moves: Mapping[int, int]) -> Iterator[tuple[int, Row]]:
    for pk, row in wanted.items():
        key = moves.get(pk, pk)
        yield key, row if key == pk else row._replace(values=(key, *row.values[1:]))
