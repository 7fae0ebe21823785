"""failover: which answers and which silence of a group's endpoints make a call go on."""

from __future__ import annotations

from carriers.models.topics.failover import DEFAULT_CAUSES, DEFAULT_CODES
from carriers.snapshots.records import GroupRecord

_DEFAULTS = GroupRecord._field_defaults
NONE = "none"  # of codes and causes; a policy has no empty values


def failover_policy(group: GroupRecord) -> dict[str, str]:
    """Return what differs from the defaults; times in milliseconds, codes separated by ``/``."""
    policy = {}
    if group.failover_codes != DEFAULT_CODES:
        policy["codes"] = group.failover_codes.replace(" ", "/") or NONE
    if group.failover_causes != DEFAULT_CAUSES:
        policy["causes"] = group.failover_causes.replace(" ", "/") or NONE
    for name, seconds in (
        ("no_reply", group.no_reply_timeout),
        ("progress", group.progress_timeout),
        ("ring", group.ring_timeout),
    ):
        if seconds != _DEFAULTS[f"{name}_timeout"]:
            policy[name] = str(seconds * 1000)
    if group.max_attempts is not None:
        policy["attempts"] = str(group.max_attempts)
    if group.redirects != _DEFAULTS["redirects"]:
        policy["redirects"] = group.redirects
    return policy
