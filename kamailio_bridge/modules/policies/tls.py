"""tls: which certificates a group's endpoints may have, and whether Kamailio has a TLS profile of its own for it.

The profile itself is in files of the node (``nodes/certificates/tls_profiles.py``). The policy holds a digest of it, so
that a plan sees that it changes.
"""

from __future__ import annotations

import hashlib

from carriers.passwords.hidden import shown
from carriers.snapshots.records import GroupRecord
from carriers.values.pem import names_in
from kamailio_bridge.nodes.certificates.tls_profiles import TlsProfile
from kamailio_bridge.rows.ids import set_id


def tls_profile(group: GroupRecord) -> TlsProfile | None:
    """Return what the group has of its own, None if Kamailio's default does. Its key must be readable."""
    certificate = group.client_certificate if group.client_key else ""
    if not (group.ca_certificates or certificate) and group.verify_certificate:
        return None
    return TlsProfile(
        f"group-{set_id(group.pk)}",
        group.ca_certificates,
        certificate,
        shown(group.client_key) if certificate and group.client_key else "",
        group.verify_certificate,
    )


def tls_policy(group: GroupRecord) -> dict[str, str]:
    """Return what differs from the defaults: ``files`` is the digest of the profile."""
    policy = {}
    profile = tls_profile(group)
    if profile is not None:
        parts = (profile.ca, profile.certificate, profile.key)
        policy["files"] = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    if not group.verify_certificate:
        policy["verify"] = "off"
    elif group.certificate_names:
        policy["names"] = "/".join(names_in(group.certificate_names))
    return policy
