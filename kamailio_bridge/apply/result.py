"""The result of an apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kamailio_bridge.apply.reload_node import NodeResult
from kamailio_bridge.plan.make import Plan

Outcome = Literal["nothing", "verified", "partial", "behind", "refused", "changed", "busy", "failed"]


@dataclass(frozen=True)
class ApplyResult:
    """The result of an apply. ``sentence`` is for the operator; ``plan`` is None if none was made."""

    outcome: Outcome
    sentence: str
    revision: int | None = None
    nodes: list[NodeResult] = field(default_factory=list)
    plan: Plan | None = None

    @property
    def ok(self) -> bool:
        """Whether every node runs what the carriers say, and nothing was left out."""
        return self.outcome in ("nothing", "verified")


class NotApplied(Exception):
    """The apply ended before Kamailio's tables were changed. ``result`` says why."""

    def __init__(self, outcome: Outcome, sentence: str, plan: Plan | None = None) -> None:
        super().__init__(sentence)
        self.result = ApplyResult(outcome, sentence, plan=plan)
