"""Hanging nodes delay a page by a few seconds, and block some of the site's threads, never all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import Client
from pytest_django import Settings

from kamailio_bridge.local.web_server import THREADS, make_server
from kamailio_bridge.nodes import ask_all
from kamailio_bridge.nodes.ask_all import PLACES, NoPlaceFree, UnexpectedError, ask_nodes, hold_place
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import NodeTimeout, Rpc
from tests.deploy.places import DEPLOY
from tests.kamailio_bridge.http_node import HttpNode, hanging_node, http_node, results


@contextmanager
def web_server() -> Iterator[str]:
    """Run the web server of runlocal in this process, where the test's database is, and yield the site's address."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    handler = WSGIHandler()

    def site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return list(handler(environ, start_response))
        finally:
            connections.close_all()  # of this thread, which ends with the test

    server = make_server(listening, site)
    loop = threading.Thread(target=server.run)
    loop.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.task_dispatcher.shutdown(timeout=5)
        server.close()
        loop.join(10)
        assert not loop.is_alive()


def node_at(server: HttpNode) -> Node:
    return Node("edge", Rpc(server.url, "token", 60))


def version(node: Node) -> str:
    return str(node.rpc.call("core.version"))


def test_a_node_that_hangs_delays_no_other() -> None:
    with hanging_node() as hanging, http_node(results(core__version="5.6")) as healthy:
        hung, answer = ask_nodes([node_at(hanging), node_at(healthy)], version, 0.5)
    assert isinstance(hung, NodeTimeout)
    assert answer == "5.6"


def test_when_all_places_are_taken_the_answer_says_so_at_once() -> None:
    with http_node(results(core__version="5.6")) as healthy:
        with ExitStack() as taken:
            for _ in range(PLACES):
                taken.enter_context(hold_place())
            (answer,) = ask_nodes([node_at(healthy)], version)
            assert isinstance(answer, NoPlaceFree)
            assert "try again in a few seconds" in str(answer)
            assert healthy.requests == []
        assert ask_nodes([node_at(healthy)], version) == ["5.6"]


def test_an_unexpected_error_is_the_answer_of_its_node_alone(caplog: pytest.LogCaptureFixture) -> None:
    def first_letter(node: Node) -> str:
        return version(node)[0]

    with http_node(results(core__version="")) as odd, http_node(results(core__version="5.6")) as healthy:
        error, answer = ask_nodes([node_at(odd), node_at(healthy)], first_letter)
    assert isinstance(error, UnexpectedError)
    assert str(error) == "Its answer led to an unexpected error (IndexError): the site's log says more."
    assert answer == "5"
    (record,) = caplog.records
    assert record.exc_info is not None


def test_a_place_is_given_back_whatever_happens() -> None:
    def fail(_node: Node) -> str:
        raise KeyError

    with http_node(results()) as node:
        for _ in range(2 * PLACES):
            (answer,) = ask_nodes([node_at(node)], fail)
            assert isinstance(answer, UnexpectedError)
    with ExitStack() as taken:
        for _ in range(PLACES):
            taken.enter_context(hold_place())


def test_web_servers_have_more_threads_than_may_wait_for_nodes() -> None:
    values: dict[str, Any] = {}
    exec((DEPLOY / "gunicorn.conf.py").read_text(encoding="utf-8"), values)  # noqa: S102 - our own file
    may_wait = ask_all.PLACES + 2  # an apply and a scrape
    assert values["threads"] > may_wait
    assert may_wait < THREADS


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_nine_open_pages_of_a_hanging_node_leave_healthz_and_other_pages_alone(
    admin_client: Client, settings: Settings
) -> None:
    """Nine pages once held all eight threads of the web server of ``make run``, for ever."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    cookies = {name: morsel.value for name, morsel in admin_client.cookies.items()}
    answers: list[dict[str, Any]] = []

    def open_page(site: str) -> None:
        answers.append(requests.get(f"{site}/admin/kamailio/nodes/edge/now/", cookies=cookies, timeout=60).json())

    with hanging_node() as hanging, web_server() as site:
        KamailioNode.objects.create(name="edge", rpc_url=hanging.url, time_limit=600)
        pages = [threading.Thread(target=open_page, args=[site]) for _ in range(9)]
        for page in pages:
            page.start()
        try:
            while len(hanging.requests) < PLACES:
                assert any(page.is_alive() for page in pages)
            # The pages that wait hold their places for the whole of the next two questions.
            assert requests.get(f"{site}/healthz", timeout=4).json() == {"healthy": True}
            assert requests.get(f"{site}/admin/", cookies=cookies, timeout=4).status_code == 200
            assert any(page.is_alive() for page in pages)
        finally:
            for page in pages:
                page.join(30)
    states = sorted(answer["state"] for answer in answers)
    assert states == sorted(["unreachable"] * PLACES + ["unknown"] * (9 - PLACES))
    assert all("within 5 s" in answer["sentence"] for answer in answers if answer["state"] == "unreachable")


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_a_scrape_holds_one_thread(client: Client, settings: Settings) -> None:
    settings.DSIPROUTER_METRICS_TOKEN = "token-of-prometheus"
    from kamailio_bridge.views import metrics  # noqa: PLC0415 - its lock is looked at

    with metrics._scrape:
        answer = client.get("/metrics", headers={"Authorization": "Bearer token-of-prometheus"})
        assert (answer.status_code, answer.content) == (
            503,
            b"Another scrape is under way in this process: try again when it is done.\n",
        )
