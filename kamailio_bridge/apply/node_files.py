"""Files of the node on this machine, as of the last apply: for its start, and where an apply can't write them."""

from __future__ import annotations

from pathlib import Path

from carriers.snapshots.records import carriers_of
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.nodes.certificates.tls_profiles import write_profiles
from kamailio_bridge.revisions.applied import applied_state


def write_applied_files(folder: Path) -> int:
    """Write the TLS profiles of the last applied carriers into Kamailio's folder; return how many they are.

    Raises ``OSError`` and ``DatabaseError``.
    """
    carriers = carriers_of(applied_state())
    count = 0
    for module in selected_modules():
        if module.writes_files:
            profiles = module.project(carriers, ()).tls
            write_profiles(folder, profiles)
            count += len(profiles.known)
    return count
