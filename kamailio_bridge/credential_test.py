"""The test of a credential: what the registrar says of the password, and what became of the registration itself.

The proof of a password leaves the Contact out, so that it changes nothing. What a registrar makes of our Contact shows
only in the registration that a node keeps: so a password that is accepted counts for nothing where that one fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carriers.snapshot import Carriers
from kamailio_bridge.nodes import Node
from kamailio_bridge.probes import Probe, ask_through, probe_credential
from kamailio_bridge.registrations import registrations


def check_credential(carriers: Carriers, group_pk: int, nodes: Sequence[Node]) -> Probe:
    """Prove a group's stored password, and look at its registration. Raises ``NoNode``.

    ``carriers`` has the group, and the group has a credential.
    """
    credential = carriers.groups[group_pk].credential
    assert credential is not None  # noqa: S101 - the caller chose a group that has one
    probe = ask_through(nodes, lambda node: probe_credential(node, credential))
    if not probe.ok or not credential.register:
        return probe
    registration = registrations(carriers, nodes)[group_pk]
    if registration.mood != "bad" or registration.state == "unreachable":
        return probe
    sentence = f"{probe.sentence} But the registration fails: {registration.sentence}"
    return replace(probe, verdict="rejected", sentence=sentence)
