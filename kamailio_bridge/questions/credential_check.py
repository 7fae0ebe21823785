"""The test of a credential: whether the carrier accepts the password, and the state of the registration itself.

The test of a password leaves out the Contact, so that it changes nothing. How a registrar treats our Contact shows
only in the node's own registration: if that fails, the test fails, even if the password was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.credential_probes import probe_credential
from kamailio_bridge.questions.probes import Probe, ask_through
from kamailio_bridge.questions.registrations import registrations


def check_credential(carriers: Carriers, group_pk: int, nodes: Sequence[Node]) -> Probe:
    """Test a group's stored password and its registration. Raises ``NoNode``.

    ``carriers`` must have the group, and the group a credential.
    """
    group = carriers.groups[group_pk]
    assert group.credential is not None  # noqa: S101 - the caller chose a group that has one
    probe = ask_through(nodes, lambda node: probe_credential(node, group))
    if not probe.ok or not group.credential.register:
        return probe
    registration = registrations(carriers, nodes)[group_pk]
    if registration.severity != "problem" or registration.state == "unreachable":
        return probe
    sentence = f"{probe.sentence} But the registration fails: {registration.sentence}"
    return replace(probe, verdict="rejected", sentence=sentence)
