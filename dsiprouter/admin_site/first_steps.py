"""The first carrier in five steps, on the start page until all are taken."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from carriers.models import PBX, CarrierGroup, Endpoint, OutboundRoute
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.views.access import RELOAD_PERMISSION


@dataclass(frozen=True)
class Step:
    """One step: ``url`` is the page to take it, "" if the user may not."""

    text: str
    url: str
    is_done: bool


def first_steps(user: User | AnonymousUser) -> list[Step]:
    """Return the steps until all are taken; none for users who may not take the first."""
    if not user.has_perm("carriers.add_carriergroup"):
        return []
    steps = [
        Step("Add a carrier group", "admin:carriers_carriergroup_add", CarrierGroup.objects.exists()),
        Step(
            "Open it, and enter its endpoints: where the calls go, and what to strip and to put in front",
            "admin:carriers_carriergroup_changelist",
            Endpoint.objects.exists(),
        ),
        Step("Add the PBX whose calls we route", "admin:carriers_pbx_add", PBX.objects.exists()),
        Step(
            "Add an outbound route: which dialled prefix goes to which carrier groups",
            "admin:carriers_outboundroute_add",
            OutboundRoute.objects.exists(),
        ),
        Step(
            "Reload Kamailio: from then on the calls go there",
            "admin:waiting_changes" if user.has_perm(RELOAD_PERMISSION) else "",
            Revision.objects.not_failed().exists(),
        ),
    ]
    if all(step.is_done for step in steps):
        return []
    return [Step(step.text, step.url and reverse(step.url), step.is_done) for step in steps]
