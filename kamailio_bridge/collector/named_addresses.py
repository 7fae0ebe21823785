"""Which host names were applied, and the addresses that they admit."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping

from carriers.snapshots.records import Carriers
from kamailio_bridge.collector.models import HostName
from kamailio_bridge.modules.policies.admitted_names import BY_SERVICE, Wanted, names_of
from kamailio_bridge.rows.ids import group_of_set
from kamailio_bridge.rows.marks import NAMES_TOPIC, group_tag
from kamailio_bridge.rows.numbers import number_in
from kamailio_bridge.rows.policy_text import policy_values
from kamailio_bridge.tables.models import Policy

NamesOfTags = dict[str, Wanted]


def applied_names() -> NamesOfTags:
    """Return the names that admit by the tags of their groups, as they were applied: from Kamailio's own table."""
    found: NamesOfTags = {}
    rows = Policy.objects.filter(key_name__endswith=f":{NAMES_TOPIC}").order_by("pk")
    for key, text in rows.values_list("key_name", "key_value"):
        set_pk = number_in(str(key).partition(":")[0])
        if set_pk is not None:
            lists = policy_values(str(text)).items()
            names = {name: kind != BY_SERVICE for kind, listed in lists for name in listed.split("/")}
            found[group_tag(group_of_set(set_pk))] = names
    return found


def names_in(carriers: Carriers) -> Wanted:
    """Return all names of enabled groups, also those that admit nobody: pages show where they lead."""
    wanted: Wanted = {}
    for group in carriers.groups.values():
        if group.enabled:
            for name, has_port in names_of(group).items():
                wanted[name] = wanted.get(name, True) and has_port
    return wanted


def saved_names(carriers: Carriers) -> NamesOfTags:
    """Return the names that would admit if the carriers were applied."""
    return {group_tag(group.pk): names_of(group, to_admit=True) for group in carriers.groups.values() if group.enabled}


def admitted(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return tags by the addresses that their names lead to, as Kamailio writes addresses.

    Names that have not resolved for a day don't count. An address that two groups have counts for the one that was
    added first. Rows of the table ``address`` come first on the SIP side, so an address of a PBX stays the PBX's.
    """
    addresses = {host.name: host.addresses for host in HostName.objects.all() if host.counts}
    tags: dict[str, str] = {}
    for tag, of_tag in names.items():
        for name in of_tag:
            for address in addresses.get(name, ()):
                tags.setdefault(as_kamailio_writes(address), tag)
    return tags


def as_kamailio_writes(address: str) -> str:
    """Return an address as ``$si`` has it: as the C library writes it."""
    parsed = ipaddress.ip_address(address)
    family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
    return socket.inet_ntop(family, parsed.packed)
