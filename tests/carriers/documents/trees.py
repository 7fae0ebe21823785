"""A document with something of everything, for tests to change."""

from __future__ import annotations

from typing import Any

PASSWORD = "correct-horse-battery"


def example() -> dict[str, Any]:
    """Return a tree that is the caller's own; every key stands in it, none of them at its default where it matters."""
    return {
        "carrier_groups": [
            {
                "name": "Acme",
                "enabled": True,
                "selection": "weight",
                "endpoints": [
                    endpoint(name="primary", host="203.0.113.7", strip=1, weight=75),
                    endpoint(
                        host="gw.acme.example", port=5070, transport="tcp", strip=2, prefix="+1", direction="both"
                    ),
                    endpoint(host="2001:db8::1", direction="outbound", enabled=False),
                ],
                "sources": ["198.51.100.0/24", "2001:db8::/32"],
                "credential": {
                    "username": "1000",
                    "auth_username": "auth 1000",
                    "registrar": "[2001:db8::2]:5070",
                    "transport": "tcp",
                    "realm": "asterisk",
                    "register": False,
                    "expires": 60,
                },
            },
            {"name": "Müller, Söhne", "enabled": False, "selection": "position", "endpoints": [], "sources": []},
        ],
        "pbxs": [
            {
                "name": "office",
                "enabled": True,
                "sources": ["192.0.2.9/32"],
                "host": "192.0.2.9",
                "port": 5080,
                "transport": "tcp",
            }
        ],
        "outbound_routes": [
            {
                "prefix": "",
                "enabled": True,
                "groups": ["Müller, Söhne", "Acme"],
                "refuse": None,
                "fall_through": True,
            },
            {
                "prefix": "9",
                "enabled": False,
                "groups": [],
                "refuse": {"code": 403, "reason": "Premium numbers: ask us"},
                "fall_through": False,
            },
        ],
        "inbound_routes": [{"prefix": "1444", "enabled": True, "pbx": "office", "fall_through": True}],
    }


def endpoint(**values: Any) -> dict[str, Any]:
    """Return an endpoint as a dump has it."""
    return {
        "name": "",
        "host": "203.0.113.7",
        "port": 5060,
        "transport": "udp",
        "strip": 0,
        "prefix": "",
        "direction": "both",
        "weight": 50,
        "enabled": True,
        **values,
    }


def as_typed(tree: Any) -> Any:
    """Return the tree as it is read from a text: numbers are the digits that were written."""
    if isinstance(tree, dict):
        return {key: as_typed(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [as_typed(value) for value in tree]
    return str(tree) if isinstance(tree, int) and not isinstance(tree, bool) else tree


def with_password(tree: dict[str, Any], password: str = PASSWORD) -> dict[str, Any]:
    """Give the first group's credential a password."""
    tree["carrier_groups"][0]["credential"]["password"] = password
    return tree
