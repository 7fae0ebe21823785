"""The marks of our rows, which tell them from rows of other programs and name their objects.

Projections write them into rows; scopes, verifications, questions and ``kamailio.cfg`` look for them. If a mark is
changed, existing rows count as rows of another program.
"""

from __future__ import annotations

from kamailio_bridge.rows.numbers import number_in

# Descriptions, in dispatcher and in drouting's tables.
GROUP_MARK = "carrier-group:"
PBX_MARK = "pbx:"
ROUTE_MARK = "route:"
INBOUND_ROUTE_MARK = "inbound-route:"

# Values of the prefix tree (``tree_entries``).
ENTRY_MARK = "dsiprouter:"

# Tags of source addresses. The record of a carrier group's account is named like its addresses.
GROUP_TAG = "carrier-"
PBX_TAG = "pbx-"
RECORD_KEY = GROUP_TAG

# Flags of an account's record.
DISABLED_FLAG = 1  # the account answers challenges but does not register
# Bits of the flags that Kamailio shows (docs/kamailio-facts.md#registration-states).
ONGOING_STATE, REGISTERED_STATE = 2, 4

# The hash table that a node loads from the table htable, and the keys and types of its entries.
HASH_TABLE = "dsiprouter"
REVISION_KEY = f"{HASH_TABLE}:revision"
SET_KEY = f"{HASH_TABLE}:set:"
OWNER_KEY = f"{HASH_TABLE}:owner:"
# The hash table that a node loads from the table dsiprouter_policy.
POLICY_HASH_TABLE = "policy"
NAMES_TOPIC = "names"  # of the host names that admit
TLS_TOPIC = "tls"  # of groups with TLS of their own
# The same from dsiprouter_header.
HEADERS_HASH_TABLE = "headers"
# The same from dsiprouter_name, which the collector writes.
NAMES_HASH_TABLE = "names"
BY_WEIGHT = "weight"  # the value of a set's key
STRING_KEY = 0
STRING_VALUE, INTEGER_VALUE = 0, 1


def group_mark(group_pk: int) -> str:
    """Return the description of the rows of a carrier group and its endpoints."""
    return f"{GROUP_MARK}{group_pk}"


def pbx_mark(pbx_pk: int) -> str:
    """Return the description of a PBX's rows."""
    return f"{PBX_MARK}{pbx_pk}"


def route_mark(route_pk: int) -> str:
    """Return the description of an outbound route's rows."""
    return f"{ROUTE_MARK}{route_pk}"


def inbound_route_mark(route_pk: int) -> str:
    """Return the description of an inbound route's row."""
    return f"{INBOUND_ROUTE_MARK}{route_pk}"


def group_tag(group_pk: int) -> str:
    """Return the tag of the addresses from which a carrier group may call."""
    return f"{GROUP_TAG}{group_pk}"


def pbx_tag(pbx_pk: int) -> str:
    """Return the tag of the addresses from which a PBX may call."""
    return f"{PBX_TAG}{pbx_pk}"


def record_key(group_pk: int) -> str:
    """Return the ``l_uuid`` of a carrier group's record, which is also the user of its Contact."""
    return f"{RECORD_KEY}{group_pk}"


def realm_record_key(group_pk: int, place: int) -> str:
    """Return the ``l_uuid`` of the record that answers challenges of a group's further realm, counted from 1."""
    return f"{RECORD_KEY}{group_pk}-r{place}"


def registrar_record_key(group_pk: int, place: int) -> str:
    """Return the ``l_uuid`` of the record for a group's further registration server, counted from 1."""
    return f"{RECORD_KEY}{group_pk}-{place}"


def owner_key(record: str) -> str:
    """Return the key of the entry with the owner of a record."""
    return f"{OWNER_KEY}{record}"


def set_key(set_id: int) -> str:
    """Return the key of the entry with the selection of a dispatcher set."""
    return f"{SET_KEY}{set_id}"


def object_key(text: object, mark: str) -> int | None:
    """Return the primary key after ``mark`` in a text, None if there is none."""
    name = str(text)
    return number_in(name.removeprefix(mark)) if name.startswith(mark) else None
