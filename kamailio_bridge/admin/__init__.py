"""The admin of the bridge's models. It edits no carriers."""

from kamailio_bridge.admin.nodes import KamailioNodeAdmin
from kamailio_bridge.admin.revisions import RevisionAdmin

__all__ = ["KamailioNodeAdmin", "RevisionAdmin"]
