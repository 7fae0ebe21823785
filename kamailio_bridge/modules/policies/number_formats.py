"""numbers and plan: how carriers and PBXs write numbers. ``rows/number_forms.py`` computes with them."""

from __future__ import annotations

from carriers.snapshots.records import GroupRecord, PBXRecord

AS_DIALLED = "as_dialled"


def numbers_policy(group: GroupRecord) -> dict[str, str]:
    """Return the formats of a carrier group, and the country and prefix of the national one."""
    policy = {}
    if group.number_format != AS_DIALLED:
        policy["called"] = group.number_format
    if group.caller_format != AS_DIALLED:
        policy["caller"] = group.caller_format
    if "national" in policy.values():
        policy["cc"] = group.format_country
        if group.format_national_prefix:
            policy["nat"] = group.format_national_prefix
    return policy


def plan_policy(pbx: PBXRecord) -> dict[str, str]:
    """Return the number plan of a PBX, and the format of the calls that it gets."""
    policy = {}
    if pbx.country_code:
        lengths = {"natlen": pbx.national_length, "local": pbx.local_length}
        prefixes = {"int": pbx.international_prefix, "nat": pbx.national_prefix, "area": pbx.area_code}
        policy["cc"] = pbx.country_code
        policy |= {name: value for name, value in prefixes.items() if value}
        policy |= {name: str(value) for name, value in lengths.items() if value is not None}
    if pbx.inbound_format != AS_DIALLED:
        policy["called"] = policy["caller"] = pbx.inbound_format
    return policy
