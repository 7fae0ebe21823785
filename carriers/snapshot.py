"""Everything that the operators mean, read at one moment in a constant number of queries, as plain records.

The bridge projects these records to rows with pure functions; tests make them without a database. Records are ordered:
endpoints and the groups of a route by position, everything else by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from carriers import secrets
from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)


class EndpointRecord(NamedTuple):
    pk: int
    name: str
    host: str
    port: int
    transport: str
    strip: int
    prefix: str
    direction: str
    weight: int
    enabled: bool

    @property
    def sends_outbound(self) -> bool:
        """Whether calls may go to it."""
        return self.enabled and self.direction in ("both", "outbound")

    @property
    def may_call(self) -> bool:
        """Whether it may call us from its own address."""
        return self.enabled and self.direction in ("both", "inbound")


class SourceRecord(NamedTuple):
    pk: int
    network: str


class CredentialRecord(NamedTuple):
    """A credential without its password. ``ha1`` is None when the stored password can't be read."""

    pk: int
    username: str
    auth_username: str
    ha1: str | None
    registrar: str
    port: int
    transport: str
    realm: str
    register: bool
    expires: int


class GroupRecord(NamedTuple):
    pk: int
    name: str
    enabled: bool
    selection: str
    endpoints: tuple[EndpointRecord, ...]
    sources: tuple[SourceRecord, ...]
    credential: CredentialRecord | None

    @property
    def outbound_endpoints(self) -> tuple[EndpointRecord, ...]:
        """The endpoints that calls can go to, in order; none while the group is disabled."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.sends_outbound) if self.enabled else ()


class PBXRecord(NamedTuple):
    pk: int
    name: str
    enabled: bool
    host: str
    port: int
    transport: str
    sources: tuple[SourceRecord, ...]


class OutboundRouteRecord(NamedTuple):
    """``groups`` holds primary keys of carrier groups, in the order in which they are tried."""

    pk: int
    prefix: str
    enabled: bool
    groups: tuple[int, ...]


class InboundRouteRecord(NamedTuple):
    pk: int
    prefix: str
    enabled: bool
    pbx: int


class Carriers(NamedTuple):
    """All of it; groups and PBXs by primary key, in rising order."""

    groups: dict[int, GroupRecord]
    pbxs: dict[int, PBXRecord]
    outbound_routes: tuple[OutboundRouteRecord, ...]
    inbound_routes: tuple[InboundRouteRecord, ...]


def read_carriers() -> Carriers:
    """Read all carriers at one moment, so that two saves are seen both or not at all."""
    with _steady_view(connections[router.db_for_read(CarrierGroup)]):
        return _read()


@contextmanager
def _steady_view(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let all reads in the block see the same moment, without keeping writers out.

    MariaDB gives a steady view only from REPEATABLE READ on. SQLite does in any transaction, but ours begin by taking
    the write lock, so this one begins by hand. Inside a transaction of the caller's, his view holds.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with transaction.atomic(using=connection.alias):
            yield


def _read() -> Carriers:
    endpoints: dict[int, list[EndpointRecord]] = defaultdict(list)
    for group_pk, *values in Endpoint.objects.order_by("group_id", "position", "pk").values_list(
        "group_id", *EndpointRecord._fields
    ):
        endpoints[group_pk].append(EndpointRecord(*values))
    group_sources: dict[int, list[SourceRecord]] = defaultdict(list)
    pbx_sources: dict[int, list[SourceRecord]] = defaultdict(list)
    for pk, group_pk, pbx_pk, network in SourceNetwork.objects.order_by("pk").values_list(
        "pk", "group_id", "pbx_id", "network"
    ):
        owner = pbx_sources[pbx_pk] if group_pk is None else group_sources[group_pk]
        owner.append(SourceRecord(pk, network))
    credentials = {row.group_id: _credential_record(row) for row in AuthCredential.objects.order_by("pk")}
    groups = {
        pk: GroupRecord(
            pk, name, enabled, selection, tuple(endpoints[pk]), tuple(group_sources[pk]), credentials.get(pk)
        )
        for pk, name, enabled, selection in CarrierGroup.objects.order_by("pk").values_list(
            "pk", "name", "enabled", "selection"
        )
    }
    pbxs = {
        row[0]: PBXRecord(*row, sources=tuple(pbx_sources[row[0]]))
        for row in PBX.objects.order_by("pk").values_list("pk", "name", "enabled", "host", "port", "transport")
    }
    return Carriers(groups, pbxs, tuple(_outbound_routes()), tuple(_inbound_routes()))


def _credential_record(row: AuthCredential) -> CredentialRecord:
    try:
        digest: str | None = row.ha1()
    except secrets.SecretUnreadable:
        digest = None
    return CredentialRecord(
        row.pk,
        row.username,
        row.effective_auth_username,
        digest,
        row.registrar,
        row.port,
        row.transport,
        row.effective_realm,
        row.register,
        row.expires,
    )


def _outbound_routes() -> Iterable[OutboundRouteRecord]:
    groups: dict[int, list[int]] = defaultdict(list)
    for route_pk, group_pk in OutboundRouteGroup.objects.order_by("route_id", "position", "pk").values_list(
        "route_id", "group_id"
    ):
        groups[route_pk].append(group_pk)
    for pk, prefix, enabled in OutboundRoute.objects.order_by("pk").values_list("pk", "prefix", "enabled"):
        yield OutboundRouteRecord(pk, prefix, enabled, tuple(groups[pk]))


def _inbound_routes() -> Iterable[InboundRouteRecord]:
    for row in InboundRoute.objects.order_by("pk").values_list("pk", "prefix", "enabled", "pbx_id"):
        yield InboundRouteRecord(*row)
