"""Primary keys and set ids of our rows. All are below 2**31, to fit Kamailio's INT columns.

An endpoint's row has the endpoint's key, and a carrier group's set the group's key: an operator who reads the tables, a
log line or ``dispatcher.list`` finds the object in the admin. Other kinds of objects have an offset.
``KAMAILIO_ID_BASE`` is added to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

HIGHEST = 2**31 - 1
KIND_SIZE = 100_000_000  # keys of each kind; objects' own keys use the lower half
PBX_OFFSET = 100_000_000  # PBXs, where endpoints and carrier groups have their rows too
ROUTE_OFFSET = 200_000_000  # a route's own gateway list among the groups' lists
INBOUND_OFFSET = 300_000_000  # inbound routes among the outbound ones
ENDPOINT_ADDRESS_OFFSET = 400_000_000  # endpoints' own addresses among the source networks

CONDITION_OFFSET = 200_000_000  # conditions, among the policies
ROUTE_CARRIER_OFFSET = 300_000_000  # carrier groups of inbound routes, among the policies

BACKUP_OFFSET = 200_000_000  # backup addresses of PBXs, among the destinations

MORE_ACCOUNTS_OFFSET = 100_000_000  # further realms and registration servers of an account, among the accounts
MORE_OWNERS_OFFSET = 400_000_000  # owners of accounts at further registration servers, among the rows of htable
OWNER_OFFSET = 500_000_000  # owners of accounts, among the other rows of htable

TOPICS = 16  # rows that an object may have in the table of policies, one per topic


def row_id(pk: int, offset: int = 0) -> int:
    """Return the key of the row for the object ``pk``."""
    return int(settings.KAMAILIO_ID_BASE) + offset + pk


def set_id(group_pk: int) -> int:
    """Return the dispatcher set id of a carrier group."""
    return row_id(group_pk)


def group_of_set(set_pk: int) -> int:
    """Return the key of the carrier group with a dispatcher set id."""
    return set_pk - row_id(0)


def pbx_set_id(pbx_pk: int) -> int:
    """Return the dispatcher set id of a PBX."""
    return row_id(pbx_pk, PBX_OFFSET)


def policy_row_id(pk: int, place: int, offset: int = 0) -> int:
    """Return the key of a policy's row: each object has ``TOPICS`` of them, one after the other."""
    return row_id(pk * TOPICS + place, offset)


def further_row_id(pk: int, place: int, offset: int) -> int:
    """Return the key of a further row of an account or a PBX: ``place`` 1 to 15."""
    return row_id(pk * TOPICS + place, offset)


def _spare_keys(key: int) -> Iterator[int]:
    """Yield the keys at the end of the range of a row's kind, in descending order."""
    base = int(settings.KAMAILIO_ID_BASE)
    first = base + (key - base) // KIND_SIZE * KIND_SIZE
    yield from range(min(first + KIND_SIZE - 1, HIGHEST), first + KIND_SIZE // 2 - 1, -1)


def is_moved(key: int) -> bool:
    """Return whether a key is from the end of a kind's range, not an object's own."""
    return (key - int(settings.KAMAILIO_ID_BASE)) % KIND_SIZE >= KIND_SIZE // 2


def free_keys(foreign: QuerySet[Any], pks: Iterable[int], used: set[int]) -> Iterator[int]:
    """Yield per row the highest key of its kind's range that neither ``used`` nor a ``foreign`` row has."""
    for pk in pks:
        key = next(key for key in _spare_keys(pk) if key not in used and not foreign.filter(pk=key).exists())
        used.add(key)
        yield key
