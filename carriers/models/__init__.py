"""The carriers: carrier groups with endpoints, sources and credential, PBXs, and routes."""

from carriers.models.conditions import Condition, ConditionPBX
from carriers.models.credentials import AuthCredential
from carriers.models.groups import CarrierGroup, Endpoint
from carriers.models.headers import ExtraHeader
from carriers.models.own_templates import OwnTemplate
from carriers.models.pbxs import PBX
from carriers.models.routes import InboundRoute, InboundRouteCarrier, OutboundRoute, OutboundRouteGroup, RefuseCode
from carriers.models.sources import SourceNetwork

__all__ = [
    "PBX",
    "AuthCredential",
    "CarrierGroup",
    "Condition",
    "ConditionPBX",
    "Endpoint",
    "ExtraHeader",
    "InboundRoute",
    "InboundRouteCarrier",
    "OutboundRoute",
    "OutboundRouteGroup",
    "OwnTemplate",
    "RefuseCode",
    "SourceNetwork",
]
