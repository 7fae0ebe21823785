"""account: how calls and registrations of a group name its account, besides the record of the account itself."""

from __future__ import annotations

from carriers.snapshots.records import GroupRecord
from carriers.values.addresses import uri_host


def account_policy(group: GroupRecord) -> dict[str, str]:
    """Return the host of calls' R-URI, where it is not the endpoint's, and what is special in registrations."""
    credential = group.credential
    policy: dict[str, str] = {}
    if credential is None:
        return policy
    if credential.calls_to_domain and credential.uri_domain:
        policy["domain"] = uri_host(credential.uri_domain)
    if credential.register and credential.contact_user:
        policy["contact"] = credential.contact_user
    if credential.register and credential.whole_trunk:
        policy["bnc"] = "1"
    if credential.register and credential.service_route:
        policy["route"] = "1"
    if credential.register and group.socket:
        policy["socket"] = group.socket
    return policy
