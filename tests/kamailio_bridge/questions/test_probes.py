"""Which node asks a carrier, and for how long; answers of carriers are tested in tests/e2e."""

from __future__ import annotations

import time

import pytest

from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import NodeTimeout, NodeUnreachable, Rpc
from kamailio_bridge.questions import probes
from kamailio_bridge.questions.probes import NoNode, Probe, ask_through

ANSWERS = Probe("answers", "It answers.")


def node(name: str, seconds: float = 60) -> Node:
    return Node(name, Rpc("http://127.0.0.1:1/RPC", "token", seconds))


def test_the_first_node_that_can_be_reached_asks() -> None:
    asked = []

    def question(node: Node) -> Probe:
        asked.append(node.name)
        if node.name == "down":
            raise NodeUnreachable("no answer.")
        return ANSWERS

    assert ask_through([node("down"), node("edge"), node("other")], question) is ANSWERS
    assert asked == ["down", "edge"]


def test_nodes_that_are_down_take_their_time_together() -> None:
    """The third of three nodes that were down still had all the seconds for itself."""
    ends = []

    def question(node: Node) -> Probe:
        if ends:
            assert node.rpc.deadline is not None
            assert node.rpc.deadline < ends[-1] + probes.NODE_SECONDS
        ends.append(time.monotonic())
        raise NodeUnreachable("no answer.")

    with pytest.raises(NoNode) as refusal:
        ask_through([node("a"), node("b")], question)
    assert str(refusal.value) == "Node a can't ask: no answer. Node b can't ask: no answer."


def test_a_node_that_answers_too_late_is_the_last_one_asked() -> None:
    def question(_node: Node) -> Probe:
        raise NodeTimeout("too late.")

    with pytest.raises(NoNode) as refusal:
        ask_through([node("a"), node("b")], question)
    assert str(refusal.value) == "Node a can't ask: too late."


def test_once_the_time_is_over_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "NODE_SECONDS", 0.0)
    with pytest.raises(NoNode, match="Node a was not asked any more"):
        ask_through([node("a"), node("b")], lambda _node: ANSWERS)


def test_a_time_limit_of_nothing_is_over_at_once() -> None:
    with pytest.raises(NodeTimeout):
        node("a").with_deadline(0).rpc.call("core.version")
