"""identity and callers: what carriers are told of the caller, and which numbers a PBX may call from.

The values and their names are those that ``kamailio/identity.cfg`` lists.
"""

from __future__ import annotations

from urllib.parse import quote

from carriers.snapshots.records import GroupRecord, PBXRecord
from carriers.values.accounts import split_username
from carriers.values.addresses import uri_host

NOTHING_SET = "x=remove"  # the policy of a new group of which nothing was set
_UNESCAPED_IN_USER = "-_.!~*'()&+$,/?"  # besides letters and digits, and without ; and = (RFC 3261, section 25.1)


def identity_policy(group: GroupRecord) -> dict[str, str]:
    """Return what the SIP side changes in the calls of a PBX to the group."""
    policy = {}
    user = _from_user(group)
    if user:
        policy["from_user"] = quote(user, safe=_UNESCAPED_IN_USER)
    for key, domain, value in (
        ("from_host", group.from_domain, group.from_domain_value),
        ("to_host", group.to_domain, group.to_domain_value),
    ):
        host = _host(group, domain, value)
        if host:
            policy[key] = host
    changes = {
        "name": group.display_name,
        "pai": group.asserted_identity,
        "ppi": group.preferred_identity,
        "rpid": group.remote_party_id,
        "diversion": group.diversion,
        "privacy": group.privacy,
    }
    policy |= {key: value for key, value in changes.items() if value not in ("as_sent", "keep")}
    if "fixed" in changes.values() and group.identity_number:
        policy["number"] = group.identity_number
    if group.trusted:
        policy["trusted"] = "1"
    if group.header_filter == "unknown_x":
        policy["x"] = "remove"
        if group.passed_headers:
            policy["pass"] = _listed(group.passed_headers)
    if group.removed_headers:
        policy["drop"] = _listed(group.removed_headers)
    if group.extra_headers:
        policy["headers"] = str(len(group.extra_headers))
    return policy


def callers_policy(pbx: PBXRecord) -> dict[str, str]:
    """Return the numbers that a PBX may call from, without + and leading 00, and the one that replaces others.

    Where it may call from any number, that one only takes the place of what is no number.
    """
    numbers = [number.removeprefix("+").removeprefix("00") or "0" for number in pbx.caller_numbers.split()]
    policy = {"numbers": "/".join(dict.fromkeys(numbers))} if numbers else {}
    if pbx.fallback_number:
        policy["fallback"] = pbx.fallback_number
    return policy


def _from_user(group: GroupRecord) -> str:
    if group.from_user == "account" and group.credential is not None:
        return group.credential.user
    return group.from_user_value if group.from_user == "fixed" else ""


def _host(group: GroupRecord, domain: str, value: str) -> str:
    if domain == "carrier":
        account = group.credential
        named = (account.domain or split_username(account.username).domain) if account is not None else ""
        return uri_host(named) if named else "@endpoint"
    if domain == "ours":
        return "@us"
    return uri_host(value) if domain == "fixed" and value else ""


def _listed(names: str) -> str:
    return names.replace(" ", "|")
