"""The admin of the carriers. It knows nothing of Kamailio."""

from carriers.admin.conditions import ConditionAdmin
from carriers.admin.groups import CarrierGroupAdmin
from carriers.admin.own_templates import OwnTemplateAdmin
from carriers.admin.pbxs import PBXAdmin
from carriers.admin.routes import InboundRouteAdmin, OutboundRouteAdmin

__all__ = [
    "CarrierGroupAdmin",
    "ConditionAdmin",
    "InboundRouteAdmin",
    "OutboundRouteAdmin",
    "OwnTemplateAdmin",
    "PBXAdmin",
]
