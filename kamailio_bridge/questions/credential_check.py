"""The test of a credential: whether the registrar accepts the password, and the state of the registration itself.

The proof of a password leaves out the Contact, so that it changes nothing. How a registrar treats our Contact shows
only in the node's own registration: if that fails, an accepted password does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.probes import Probe, ask_through, probe_credential
from kamailio_bridge.questions.registrations import registrations


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
