"""Where a node sends a number now: its own dry run, in the form of a prediction."""

from __future__ import annotations

from urllib.parse import quote

from kamailio_bridge.modules.uac_records import read_record
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, InvalidAnswer
from kamailio_bridge.questions.route_prediction import Attempt
from kamailio_bridge.questions.route_tables import Names
from kamailio_bridge.rows.attrs import parse_attrs
from kamailio_bridge.rows.ids import pbx_set_id


class RouteAnswer:
    """What one node would do: the attempts, or a sentence on its refusal and the ``answer`` that the caller gets."""

    def __init__(self, attempts: list[Attempt], refusal: str = "", answer: str = "") -> None:
        self.attempts = attempts
        self.refusal = refusal
        self.answer = answer


def ask_route(node: Node, number: str, names: Names, pbx: int | None = None, *, at: int | None = None) -> RouteAnswer:
    """Ask a node by ``GET /ROUTE/<number>``; ``at`` is in minutes since 1970.

    Raises ``RpcError``; reads no database, because it runs in a thread.

    In a group selected by weight this takes a turn, so the node's next call takes the following one.
    """
    query = "" if pbx is None else f"?set={pbx_set_id(pbx)}"
    if at is not None:
        query = f"{query or '?set=0'}&at={at}"
    status, text = node.rpc.get(f"/ROUTE/{quote(number, safe='')}{query}")
    if status == 503 and text.startswith("answers "):
        answer = text.removeprefix("answers ").strip()
        return RouteAnswer([], f"The route answers the call itself: {answer}.", answer)
    if status in (404, 503) and text.strip() in ("no route", "no endpoint", "not ready", "not a number"):
        return RouteAnswer([], f"The call is answered {status}: {text.strip()}.", f"{status} {text.strip()}")
    if status != 200:
        raise InvalidAnswer(
            f"The route question was answered HTTP {status}: {text.strip()[:200]}."
            " Does the node run the product's own configuration, and is the token the same?"
        )
    usernames: dict[str, str] = {}
    attempts: list[Attempt] = []
    for line in text.splitlines():
        r_uri, _, written = line.partition("|")
        attrs = parse_attrs(written)
        key, gwid, weight = attrs.record, attrs.gwid, attrs.weight
        if key and key not in usernames:
            usernames[key] = _username(node, key)
        group, endpoint = names.get(gwid, ("unknown", f"destination {gwid}" if gwid else r_uri))
        last = attempts[-1] if attempts else None
        shares = last is not None and weight is not None and last.weight is not None and last.group == group
        place = last.place if shares and last is not None else len(attempts) + 1
        attempts.append(Attempt(place, gwid, group, endpoint, r_uri, usernames.get(key, ""), weight))
    return RouteAnswer(attempts)


def _username(node: Node, key: str) -> str:
    """Return the username of the credential that the node holds; the rest of the record is secret."""
    try:
        record = read_record(node.rpc, key)
    except CallFailed:
        record = None
    return record.auth_username if record is not None else f"{key}, which is not loaded"
