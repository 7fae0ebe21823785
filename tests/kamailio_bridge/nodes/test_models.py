"""Nodes as they are entered: names, addresses of their RPC, and where tokens come from."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import configured_nodes, node_names

TOKEN = "the-token-of-this-test"


def entered(**values: object) -> KamailioNode:
    return KamailioNode(**{"name": "edge", "rpc_url": "http://127.0.0.1:5062/RPC", **values})


def refusal(**values: object) -> dict[str, list[str]]:
    """Return the refusals of a node, by field."""
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
        ("http://169.254.169.254:5062/RPC", "169.254.169.254 is link-local"),
        ("http://[fe80::1]:5062/RPC", "fe80::1 is link-local"),
        ("http://100.100.100.200:5062/RPC", "is where a cloud serves its metadata"),
    ],
)
def test_addresses_that_are_refused(url: str, sentence: str) -> None:
    (reported,) = refusal(rpc_url=url)["rpc_url"]
    assert sentence in reported


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


@pytest.mark.parametrize("host", ["2852039166", "169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"])
def test_link_local_and_metadata_addresses_even_then(host: str, settings: Settings) -> None:
    settings.KAMAILIO_RPC_ANYWHERE = True
    (reported,) = refusal(rpc_url=f"http://{host}:5062/RPC")["rpc_url"]
    assert "no Kamailio answers there" in reported


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ä", "a\n", "x" * 65])
def test_names_that_are_refused(name: str) -> None:
    assert "name" in refusal(name=name)


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
