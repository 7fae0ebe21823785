"""The effect of added and removed nodes on registrations, in words."""

from __future__ import annotations

from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.preview.node_changes import nodes_in_words
from tests.kamailio_bridge.records import carriers, credential, group

STATE = carriers(
    *(group(pk, name=f"Carrier {pk}", credential=credential(pk)) for pk in range(1, 9)),
    group(20, name="Quiet", credential=credential(20, register=False)),
    group(21, name="Off", credential=credential(21), enabled=False),
)


def test_nothing_is_reported_of_the_same_nodes() -> None:
    assert nodes_in_words(["a", "b"], ("a", "b"), STATE) == []


def test_each_account_that_moves_is_named_and_no_other() -> None:
    (change,) = nodes_in_words(["a", "b"], ["a"], STATE)
    first, *moves = change.details
    assert (change.sign, change.subject, first) == ("~", "nodes", "a, b -> a")
    moved = [pk for pk in range(1, 9) if owner_of(f"carrier-{pk}", ["a", "b"]) == "b"]
    assert moves == [f"the account of carrier group “Carrier {pk}” is registered from a instead of b" for pk in moved]
    assert 0 < len(moves) < 8


def test_the_first_node_takes_all_from_the_local_one() -> None:
    (change,) = nodes_in_words([], ["edge"], STATE)
    assert change.details[0] == "the local node -> edge"
    assert len(change.details) == 9
    assert change.details[1].endswith("is registered from edge instead of the local node")
