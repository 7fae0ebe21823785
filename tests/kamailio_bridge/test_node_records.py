"""Nodes as they are entered: names, addresses of their RPC, and where tokens come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from kamailio_bridge.node_records import KamailioNode, TokenMissing
from kamailio_bridge.nodes import configured_nodes, node_names
from kamailio_bridge.rpc import NodeRefused

TOKEN = "the-token-of-this-test"


def entered(**values: object) -> KamailioNode:
    return KamailioNode(**{"name": "edge", "rpc_url": "http://127.0.0.1:5062/RPC", **values})


def refusal(**values: object) -> dict[str, list[str]]:
    """Return what is said against a node, by field."""
    with pytest.raises(ValidationError) as refused:
        entered(**values).full_clean(validate_unique=False, validate_constraints=False)
    return refused.value.message_dict


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "This field cannot be blank."),
        ("http://:5062/RPC", "Enter the address and the port"),
        ("http://10.0.0.5/RPC", "Enter the address and the port"),
        ("http://10.0.0.5:0/RPC", "Enter the address and the port"),
        ("http://10.0.0.5:70000/RPC", "This is no URL"),
        ("10.0.0.5:5062", "Enter an http:// URL"),
        ("https://10.0.0.5:5062/RPC", "Enter an http:// URL"),
        ("http://user:word@10.0.0.5:5062/RPC", "Enter address, port and path only"),
        ("http://10.0.0.5:5062/RPC?x=1", "Enter address, port and path only"),
        ("http://10.0.0.5:5062/RPC x", "A URL has no blanks"),
        ("http://8.8.8.8:5062/RPC", "8.8.8.8 is not private"),
        ("http://0.0.0.0:5062/RPC", "every address of the machine"),
        ("http://[2606:4700::1111]:5062/RPC", "KAMAILIO_RPC_ANYWHERE=true allows it"),
        ("http://kamailio.example:5062/RPC", "“kamailio.example” is no IP address"),
    ],
)
def test_addresses_that_are_refused(url: str, sentence: str) -> None:
    (said,) = refusal(rpc_url=url)["rpc_url"]
    assert sentence in said


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://127.0.0.1:5062/RPC", "http://127.0.0.1:5062/RPC"),
        ("http://10.0.0.5:5062", "http://10.0.0.5:5062/RPC"),
        ("http://[fd00::5]:5062/", "http://[fd00::5]:5062/RPC"),
        ("http://192.168.0.5:5062/kamailio/RPC/", "http://192.168.0.5:5062/kamailio/RPC"),
    ],
)
def test_addresses_that_are_taken(url: str, used: str) -> None:
    node = entered(rpc_url=url)
    node.full_clean(validate_unique=False, validate_constraints=False)
    assert node.rpc_url == node.rpc().url == used


def test_any_address_when_it_is_confirmed(settings: Settings) -> None:
    settings.KAMAILIO_RPC_ANYWHERE = True
    entered(rpc_url="http://kamailio.example:5062/RPC").full_clean(validate_unique=False, validate_constraints=False)


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ä", "a\n", "x" * 65])
def test_names_that_are_refused(name: str) -> None:
    assert "name" in refusal(name=name)


@pytest.mark.parametrize("source", [TOKEN, "DSIPROUTER_SECRET_KEY", "PATH", "relative/path", ""])
def test_a_token_or_another_secret_is_no_source(source: str) -> None:
    assert "token_from" in refusal(token_from=source)


def test_where_a_token_comes_from(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    assert entered().token() == TOKEN
    monkeypatch.setenv("DSIPROUTER_RPC_TOKEN_EDGE", "another")
    assert entered(token_from="DSIPROUTER_RPC_TOKEN_EDGE").token() == "another"
    (tmp_path / "token").write_text("from a file\n")
    assert entered(token_from=str(tmp_path / "token")).token() == "from a file"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"one\ntwo", b"x" * 300])
def test_without_a_token_the_node_says_so_at_every_call(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    node = entered(token_from=str(path))
    with pytest.raises(TokenMissing):
        node.token()
    with pytest.raises(NodeRefused, match=str(path)) as refused:
        node.rpc().call("core.version")
    assert "one" not in str(refused.value).replace("no one", "").split()


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(TokenMissing, match="variable DSIPROUTER_RPC_TOKEN_NOWHERE of the site's environment"):
        entered(token_from="DSIPROUTER_RPC_TOKEN_NOWHERE").token()


@pytest.mark.django_db
def test_the_local_node_counts_only_while_none_is_entered(settings: Settings) -> None:
    (local,) = configured_nodes()
    assert (local.name, local.rpc.timeout) == ("local", settings.KAMAILIO_RPC_TIMEOUT)
    assert local.rpc.url == f"http://127.0.0.1:{settings.DSIPROUTER_RPC_PORT}/RPC"
    first = KamailioNode.objects.create(name="west", rpc_url="http://10.0.0.5:5062/RPC", time_limit=7)
    KamailioNode.objects.create(name="east", rpc_url="http://10.0.0.6:5062/RPC")
    assert node_names() == ("east", "west")
    assert configured_nodes()[1].rpc.timeout == 7
    first.enabled = False
    first.save()
    assert node_names() == ("east",)
    KamailioNode.objects.update(enabled=False)
    assert node_names() == ()
