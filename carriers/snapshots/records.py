"""All carriers at one moment as plain records: of now, or of an earlier state.

The bridge projects these records to rows with pure functions; tests make them without a database. Records are ordered:
endpoints and the groups of a route by position, everything else by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    ExtraHeader,
    SourceNetwork,
)
from carriers.models.topics.failover import DEFAULT_CAUSES, DEFAULT_CODES
from carriers.passwords import encryption
from carriers.passwords.hidden import hidden_secret
from carriers.snapshots.route_records import (
    ConditionRecord,
    InboundRouteRecord,
    OutboundRouteRecord,
    conditions_of,
    inbound_routes_of,
    outbound_routes_of,
)
from carriers.snapshots.state import State, columns_of, rows_of, take_state
from carriers.values.accounts import realms_in, split_username


class EndpointRecord(NamedTuple):
    pk: int
    name: str
    host: str
    port: int | None
    transport: str
    strip: int
    prefix: str
    direction: str
    weight: int
    enabled: bool
    socket: str = ""

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
    """A credential without its password. ``ha1`` is None when the stored password can't be read.

    ``more_ha1`` are the digests for ``more_realms``, in their order.
    """

    pk: int
    username: str
    auth_username: str
    ha1: str | None
    registrar: str
    port: int | None
    transport: str
    realm: str
    register: bool
    expires: int
    domain: str = ""
    calls_to_domain: bool = False
    more_registrars: str = ""
    more_realms: str = ""
    more_ha1: tuple[str, ...] = ()
    contact_user: str = ""
    whole_trunk: bool = False
    service_route: bool = False

    @property
    def user(self) -> str:
        """The user of the account's SIP address."""
        return split_username(self.username).user

    @property
    def uri_domain(self) -> str:
        """The domain of the account's SIP address, "" if nothing names one."""
        return self.domain or split_username(self.username).domain or self.registrar


class HeaderRecord(NamedTuple):
    """An extra header. ``value`` is what the carrier gets, for a secret one hidden: see ``hidden``.

    It is None when a secret one can't be read.
    """

    pk: int
    name: str
    value: str | None
    secret: bool


class GroupRecord(NamedTuple):
    pk: int
    name: str
    enabled: bool
    selection: str
    endpoints: tuple[EndpointRecord, ...]
    sources: tuple[SourceRecord, ...]
    credential: CredentialRecord | None
    failover_codes: str = DEFAULT_CODES
    failover_causes: str = DEFAULT_CAUSES
    no_reply_timeout: int = 2
    progress_timeout: int = 6
    ring_timeout: int = 180
    max_attempts: int | None = None
    redirects: str = "follow"
    number_format: str = "as_dialled"
    caller_format: str = "as_dialled"
    format_country: str = ""
    format_national_prefix: str = "0"
    template: str = ""
    template_version: int | None = None
    from_user: str = "as_sent"
    from_user_value: str = ""
    from_domain: str = "as_sent"
    from_domain_value: str = ""
    to_domain: str = "as_sent"
    to_domain_value: str = ""
    display_name: str = "as_sent"
    asserted_identity: str = "keep"
    preferred_identity: str = "keep"
    remote_party_id: str = "keep"
    identity_number: str = ""
    privacy: str = "keep"
    trusted: bool = False
    diversion: str = "keep"
    header_filter: str = "unknown_x"
    passed_headers: str = ""
    removed_headers: str = ""
    admit_names: bool = True
    socket: str = ""
    ca_certificates: str = ""
    client_certificate: str = ""
    client_key: str | None = ""  # hidden, as the value of a secret header
    certificate_names: str = ""
    verify_certificate: bool = True
    extra_headers: tuple[HeaderRecord, ...] = ()

    @property
    def outbound_endpoints(self) -> tuple[EndpointRecord, ...]:
        """The endpoints that calls can go to, in order; none while the group is disabled."""
        return tuple([endpoint for endpoint in self.endpoints if endpoint.sends_outbound]) if self.enabled else ()

    def socket_of(self, endpoint: EndpointRecord) -> str:
        """Return the name of the socket that requests to an endpoint leave by, "" for the default one."""
        return endpoint.socket or self.socket

    @property
    def takes_calls(self) -> bool:
        """Whether it has an endpoint that calls can go to."""
        return self.enabled and any(endpoint.sends_outbound for endpoint in self.endpoints)


class PBXRecord(NamedTuple):
    pk: int
    name: str
    enabled: bool
    host: str
    port: int | None
    transport: str
    sources: tuple[SourceRecord, ...]
    caller_numbers: str = ""
    fallback_number: str = ""
    country_code: str = ""
    area_code: str = ""
    international_prefix: str = "00"
    national_prefix: str = "0"
    national_length: int | None = None
    local_length: int | None = None
    inbound_format: str = "as_dialled"
    backup_addresses: str = ""
    socket: str = ""


class Carriers(NamedTuple):
    """All records; groups, PBXs and conditions by primary key, in ascending order."""

    groups: dict[int, GroupRecord]
    pbxs: dict[int, PBXRecord]
    outbound_routes: tuple[OutboundRouteRecord, ...]
    inbound_routes: tuple[InboundRouteRecord, ...]
    conditions: dict[int, ConditionRecord] = {}


# What follows the parts in a record are settings of the group itself.
_GROUP_SETTINGS = tuple(
    name
    for name in GroupRecord._fields[GroupRecord._fields.index("credential") + 1 :]
    if name not in ("extra_headers", "client_key")
)
_GROUP_COLUMNS = ("id", "name", "enabled", "selection", "client_key_ciphertext", *_GROUP_SETTINGS)
_PBX_COLUMNS = (
    *("id", "name", "enabled", "host", "port", "transport"),
    *PBXRecord._fields[PBXRecord._fields.index("sources") + 1 :],
)


def read_carriers() -> Carriers:
    """Read all carriers at one moment, in a constant number of queries."""
    return carriers_of(take_state())


def carriers_of(state: State) -> Carriers:
    """Return the records of a state. Reads no database, only the keys of the passwords."""
    endpoints: dict[int, list[EndpointRecord]] = defaultdict(list)
    rows = rows_of(state, Endpoint, "group_id", "position", *_columns(EndpointRecord))
    for group_pk, _position, *values in sorted(rows, key=itemgetter(0, 1, 2)):
        endpoints[group_pk].append(EndpointRecord(*values))
    group_sources: dict[int, list[SourceRecord]] = defaultdict(list)
    pbx_sources: dict[int, list[SourceRecord]] = defaultdict(list)
    for pk, group_pk, pbx_pk, network in rows_of(state, SourceNetwork, "id", "group_id", "pbx_id", "network"):
        owner = pbx_sources[pbx_pk] if group_pk is None else group_sources[group_pk]
        owner.append(SourceRecord(pk, network))
    headers: dict[int, list[HeaderRecord]] = defaultdict(list)
    for row in rows_of(state, ExtraHeader, *columns_of(ExtraHeader)):
        header = ExtraHeader(**dict(zip(columns_of(ExtraHeader), row, strict=True)))
        headers[header.group_id].append(header_record(header))
    credentials = {credential.group_id: credential_record(credential) for credential in credentials_of(state)}
    groups = {
        pk: GroupRecord(
            pk,
            name,
            enabled,
            selection,
            tuple(endpoints[pk]),
            tuple(group_sources[pk]),
            credentials.get(pk),
            extra_headers=tuple(headers[pk]),
            client_key=hidden_secret(key),
            **dict(zip(_GROUP_SETTINGS, settings, strict=True)),
        )
        for pk, name, enabled, selection, key, *settings in rows_of(state, CarrierGroup, *_GROUP_COLUMNS)
    }
    pbxs = {
        pk: PBXRecord(pk, name, enabled, host, port, transport, tuple(pbx_sources[pk]), *settings)
        for pk, name, enabled, host, port, transport, *settings in rows_of(state, PBX, *_PBX_COLUMNS)
    }
    conditions = {record.pk: record for record in conditions_of(state)}
    return Carriers(groups, pbxs, tuple(outbound_routes_of(state)), tuple(inbound_routes_of(state)), conditions)


def header_record(row: ExtraHeader) -> HeaderRecord:
    """Return the record of a stored header; a secret value is decrypted for Kamailio's table only."""
    value = hidden_secret(row.secret_value_ciphertext) if row.is_secret else row.value
    return HeaderRecord(row.pk, row.name, value, row.is_secret)


def credentials_of(state: State) -> Iterator[AuthCredential]:
    """Yield the auth credentials of a state as objects that are not stored, to use their methods."""
    columns = columns_of(AuthCredential)
    for row in rows_of(state, AuthCredential, *columns):
        yield AuthCredential(**dict(zip(columns, row, strict=True)))


def _columns(record: type[EndpointRecord]) -> list[str]:
    return ["id", *record._fields[1:]]


def credential_record(row: AuthCredential) -> CredentialRecord:
    """Return the record of a stored credential; its password is decrypted only for the digest."""
    try:
        digest: str | None = row.ha1()
    except encryption.SecretUnreadable:
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
        row.domain,
        row.calls_to_domain,
        row.more_registrars,
        row.more_realms,
        tuple(row.ha1(realm) for realm in realms_in(row.more_realms)) if digest is not None else (),
        row.contact_user,
        row.whole_trunk,
        row.service_route,
    )
