"""The bridge's own models, and Kamailio's tables."""

from kamailio_bridge.node_records import KamailioNode
from kamailio_bridge.revisions import ApplyLock, Revision, RollBack
from kamailio_bridge.tables import TABLES

__all__ = ["TABLES", "ApplyLock", "KamailioNode", "Revision", "RollBack"]
