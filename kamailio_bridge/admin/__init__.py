"""What the admin shows of the bridge. It edits nothing that carriers own."""

from kamailio_bridge.admin.nodes import KamailioNodeAdmin
from kamailio_bridge.admin.revisions import RevisionAdmin

__all__ = ["KamailioNodeAdmin", "RevisionAdmin"]
