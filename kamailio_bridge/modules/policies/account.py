"""account: how calls of a group name the SIP domain of its account."""

from __future__ import annotations

from carriers.snapshots.records import GroupRecord
from carriers.values.addresses import uri_host


def account_policy(group: GroupRecord) -> dict[str, str]:
    """Return the host of the R-URI, where it is not the endpoint's."""
    credential = group.credential
    if credential is None or not credential.calls_to_domain or not credential.uri_domain:
        return {}
    return {"domain": uri_host(credential.uri_domain)}
