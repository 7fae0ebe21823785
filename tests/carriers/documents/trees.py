"""A document with something of everything, for tests to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from carriers.models.topics.topic import Topic
from tests.certificates import CA, CERTIFICATE, KEY

# Values of texts that have no choices, other than the default. A new one needs a line here.
TEXTS = {
    "failover_codes": "404 408 5xx",
    "failover_causes": "34",
    "format_country": "49",
    "format_national_prefix": "",
    "country_code": "44",
    "area_code": "20",
    "international_prefix": "011",
    "national_prefix": "1",
    "from_user_value": "trunk.77",
    "from_domain_value": "sip.acme.example",
    "to_domain_value": "2001:db8::7",
    "identity_number": "+4930123456",
    "passed_headers": "X-Customer-Id X-Trace",
    "removed_headers": "User-Agent P-Charge-Info",
    "caller_numbers": "+4930123* 4930999",
    "fallback_number": "+49301230",
    "socket": "carriers",
    "ca_certificates": CA,
    "client_certificate": CERTIFICATE,
    "certificate_names": "sip.acme.example, 2001:db8::7",
    "backup_addresses": "192.0.2.10:5060, sip:pbx2.example:5070;transport=tcp",
}
PASSWORD = "correct-horse-battery"
TOKEN = 'staple; of="horses"'


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
                    endpoint(host="2001:db8::1", direction="outbound", socket="default", enabled=False),
                ],
                "sources": ["198.51.100.0/24", "2001:db8::/32"],
                "template": "acme-sip",
                "template_version": 3,
                **changed_topics(GROUP_TOPICS),
                "extra_headers": [
                    {"name": "X-Account-Id", "value": "7; of=8", "secret": False},
                    {"name": "X-Token", "secret": True},
                ],
                "credential": {
                    "username": "1000",
                    "auth_username": "auth 1000",
                    "registrar": "[2001:db8::2]:5070",
                    "transport": "tcp",
                    "domain": "tel.acme.example",
                    "calls_to_domain": True,
                    "contact_user": "+4930123",
                    "whole_trunk": False,
                    "service_route": True,
                    "more_registrars": "gw2.acme.example, sip:203.0.113.9:5070;transport=tcp",
                    "realm": "asterisk",
                    "more_realms": "pop1, pop 2",
                    "register": False,
                    "expires": 60,
                },
            },
            {
                "name": "Müller, Söhne",
                "enabled": False,
                "selection": "position",
                "endpoints": [],
                "sources": [],
                "template": "",
                "template_version": None,
                **default_topics(GROUP_TOPICS),
                "extra_headers": [],
            },
        ],
        "pbxs": [
            {
                "name": "office",
                "enabled": True,
                "sources": ["192.0.2.9/32"],
                "host": "192.0.2.9",
                "port": 5080,
                "transport": "tcp",
                **changed_topics(PBX_TOPICS),
            }
        ],
        "conditions": [
            {
                "name": "at night",
                "pbxs": None,
                "hours": "Mon-Fri 07:30-19:00",
                "holidays": "12-25, 2027-03-26",
                "outside": True,
                "time_zone": "Europe/Berlin",
            },
            {
                "name": "head office",
                "pbxs": ["office"],
                "hours": "",
                "holidays": "",
                "outside": False,
                "time_zone": "UTC",
            },
        ],
        "outbound_routes": [
            {
                "prefix": "",
                "enabled": True,
                "condition": "head office",
                "groups": [{"group": "Müller, Söhne", "share": 70, "condition": "at night"}, "Acme"],
                "refuse": None,
                "fall_through": True,
            },
            {
                "prefix": "9",
                "enabled": False,
                "condition": None,
                "groups": [],
                "refuse": {"code": 403, "reason": "Premium numbers: ask us"},
                "fall_through": False,
            },
        ],
        "inbound_routes": [
            {
                "prefix": "1444",
                "enabled": True,
                "pbx": "office",
                "by_carrier": [{"group": "Acme", "pbx": "office"}],
                "fall_through": True,
            }
        ],
    }


def topic_values(column: models.Field) -> list[Any]:
    """Return values of a topic's field as a dump has them, the default first and another one last."""
    default = column.get_default()
    default = default.value if isinstance(default, models.Choices) else default
    values: list[Any] = [default]
    if column.flatchoices:
        values += [choice for choice, _ in column.flatchoices if choice != default]
    elif isinstance(column, models.BooleanField):
        values.append(not default)
    elif isinstance(column, models.IntegerField):
        values += [
            each.limit_value for each in column.validators if isinstance(each, MinValueValidator | MaxValueValidator)
        ]
    else:
        values.append(TEXTS[column.name])
    return values


def default_topics(topics: Iterable[Topic]) -> dict[str, Any]:
    """Return the topics of a group or PBX as a dump has them when nothing was set."""
    return {
        topic.key: {each.name: topic_values(each)[0] for each in topic.fields._meta.local_fields if each.editable}
        for topic in topics
    }


def changed_topics(topics: Iterable[Topic]) -> dict[str, Any]:
    """Return the topics of a group or PBX in which nothing is at its default."""
    return {
        topic.key: {each.name: topic_values(each)[-1] for each in topic.fields._meta.local_fields if each.editable}
        for topic in topics
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
        "socket": "",
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
    """Give the first group's credential a password, its secret header a value, and its certificate a key."""
    tree["carrier_groups"][0]["credential"]["password"] = password
    tree["carrier_groups"][0]["extra_headers"][1]["value"] = TOKEN
    tree["carrier_groups"][0]["tls"]["client_key"] = KEY
    return tree
