"""names: the host names whose addresses may call us. The collector reads them, and the SIP side does not."""

from __future__ import annotations

from carriers.snapshots.records import GroupRecord
from carriers.values.address_lists import addresses_in
from kamailio_bridge.rows.routes_in_force import is_dns_name

# A name, and whether a port stands beside it: then SRV records don't count.
Wanted = dict[str, bool]
BY_SERVICE, BY_ADDRESS = "srv", "host"


def names_of(group: GroupRecord, *, to_admit: bool = False) -> Wanted:
    """Return the host names of a group's enabled endpoints and of its registration servers.

    With ``to_admit``, only those of a group that admits by name, and none of endpoints that only take calls.
    """
    wanted: Wanted = {}
    if to_admit and not group.admit_names:
        return wanted
    endpoints = [endpoint for endpoint in group.endpoints if endpoint.enabled]
    hosts = [(endpoint.host, endpoint.port) for endpoint in endpoints if endpoint.may_call or not to_admit]
    credential = group.credential
    if credential is not None and credential.register:
        hosts.append((credential.registrar, credential.port))
        hosts += [(registrar.host, registrar.port) for registrar in addresses_in(credential.more_registrars)]
    for host, port in hosts:
        if host and is_dns_name(host):
            name = host.lower().rstrip(".")
            wanted[name] = wanted.get(name, True) and port is not None
    return wanted


def names_policy(group: GroupRecord) -> dict[str, str]:
    """Return the names that admit, separated by ``/``: those that SRV records count for, and the others."""
    wanted = names_of(group, to_admit=True)
    lists = {
        BY_SERVICE: [name for name, has_port in wanted.items() if not has_port],
        BY_ADDRESS: [name for name, has_port in wanted.items() if has_port],
    }
    return {key: "/".join(names) for key, names in lists.items() if names}
