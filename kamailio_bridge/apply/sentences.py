"""The result of an apply, in sentences for the operator."""

from __future__ import annotations

from kamailio_bridge.apply.reload_node import NodeResult
from kamailio_bridge.apply.result import Outcome
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.plan.make import Plan

CHANGED = (
    "Nothing was applied, because somebody saved since you saw the changes. These are the changes now: look at them,"
    " then press Reload Kamailio again."
)
DRIFTED = (
    "Nothing was restored, because the rows changed again since you saw them. This is the drift now: look at it, then"
    " press Restore again."
)
NO_NODE = "Nothing was changed, because no node is enabled: enable one under Nodes."
NOTHING_APPLIED = "Nothing has been applied yet: press Reload Kamailio."


def refusal(plan: Plan, *, allow_empty: bool) -> str | None:
    """Say why a plan is not applied, or return None."""
    if plan.problems:
        first = plan.problems[0]
        rest = len(plan.problems) - 1
        more = f" And {rest} more problem{'' if rest == 1 else 's'}." if rest else ""
        return f"Nothing was changed, because this must be put right first: {first}{more}"
    if plan.removes_all_routes and not allow_empty:
        return (
            "Nothing was changed, because this would leave no route for any outbound call."
            " Enable or add a route with a carrier group that has endpoints, or confirm that this is meant."
        )
    return None


def with_left_out(outcome: Outcome, sentence: str, plan: Plan) -> tuple[Outcome, str]:
    """Add what was left out to the sentence, and correct the outcome."""
    if not plan.left_out:
        return outcome, sentence
    rest = len(plan.left_out) - 1
    more = f" And {rest} more object{' is' if rest == 1 else 's are'} not applied." if rest else ""
    except_for = f"One thing is not: {plan.left_out[0]}{more}"
    if outcome == "nothing":
        return "partial", f"Nothing else was to be applied. {except_for}"
    return ("partial" if outcome == "verified" else outcome), f"{sentence} {except_for}"


def nodes_run(nodes: list[Node]) -> str:
    """Return the beginning of a sentence: ``Nodes a, b run``."""
    names = ", ".join(node.name for node in nodes)
    return f"Node {names} runs" if len(nodes) == 1 else f"Nodes {names} run"


def nothing_sentence(number: int, plan: Plan) -> str:
    """Say that every node already runs the revision."""
    return f"Nothing to do: Kamailio already runs revision {number}, which is what the carriers say." + (
        f" {len(plan.warnings)} warning{'' if len(plan.warnings) == 1 else 's'}." if plan.warnings else ""
    )


def reload_sentence(number: int, results: list[NodeResult]) -> str:
    """Say which revision the nodes run, and which nodes are behind."""
    behind = [result for result in results if not result.ok]
    if not behind:
        remarks = dict.fromkeys(result.remark for result in results if result.remark)
        return " ".join([f"Kamailio runs revision {number}: reloaded and verified.", *remarks])
    return f"Revision {number} is in Kamailio's tables, but not verified on every node. " + " ".join(
        f"Node {result.name}: {result.sentence}" for result in behind
    )
