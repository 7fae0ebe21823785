"""The bridge's own models, and Kamailio's tables."""

from kamailio_bridge.collector.models import HostName
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import ApplyLock, Revision, RollBack
from kamailio_bridge.tables.models import TABLES

__all__ = ["TABLES", "ApplyLock", "HostName", "KamailioNode", "Revision", "RollBack"]
