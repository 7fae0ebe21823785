"""The carriers in the README's pictures. None of them registers, so nothing is sent to them."""

from __future__ import annotations

from typing import Any

EXAMPLE: dict[str, Any] = {
    "carrier_groups": [
        {
            "name": "Acme",
            "endpoints": [
                {"name": "primary", "host": "203.0.113.7", "strip": 1},
                {"name": "backup", "host": "203.0.113.8", "transport": "tcp", "strip": 2, "prefix": "+1"},
            ],
            "sources": ["198.51.100.0/24"],
        },
        {
            "name": "Blue Telecom",
            "selection": "weight",
            "endpoints": [
                {"name": "Frankfurt", "host": "192.0.2.21", "weight": 75},
                {"name": "Paris", "host": "192.0.2.22", "weight": 25},
                {"name": "Madrid", "host": "madrid.blue.example", "weight": 5},
                {"name": "IPv6", "host": "2001:db8:85a3:8d3:1319:8a2e:370:7348", "port": 5080, "direction": "inbound"},
            ],
        },
        {
            "name": "Trunk by password",
            "endpoints": [{"host": "sip.trunk.example"}],
            "credential": {
                "username": "1000",
                "password": "a secret that stays one",
                "registrar": "sip.trunk.example",
                "register": False,
            },
        },
        {"name": "Spare", "enabled": False},
    ],
    "pbxs": [{"name": "office", "sources": ["192.0.2.9/32", "192.0.2.64/27"], "host": "192.0.2.9"}],
    "outbound_routes": [
        {"prefix": "9", "groups": ["Acme", "Blue Telecom"]},
        {"prefix": "", "groups": ["Trunk by password"]},
    ],
    "inbound_routes": [{"prefix": "1444", "pbx": "office"}],
}
