"""System checks of the tables and the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ValidationError

from carriers.values.addresses import clean_host
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.tables_in_use import table_problems
from kamailio_bridge.nodes.certificates.expiry import node_certificate
from kamailio_bridge.nodes.rpc_address import rpc_address_problem
from kamailio_bridge.nodes.sip_address import sip_address_problem, sip_ipv6_address_problem
from kamailio_bridge.nodes.sockets.sip_sockets import EXAMPLE, DefaultSocket, sip_sockets_problem
from kamailio_bridge.nodes.tokens import folder_problem
from kamailio_bridge.tables.problems import upgrade_warnings


def check_tables(*, databases: Sequence[str] | None, **_others: Any) -> list[checks.CheckMessage]:
    """Report what is wrong with Kamailio's tables, on ``manage.py check --database kamailio``."""
    if "kamailio" not in (databases or ()):
        return []
    problems = [checks.Error(problem, id="kamailio_bridge.E002") for problem in table_problems()]
    return [*problems, *(checks.Warning(sentence, id="kamailio_bridge.W001") for sentence in upgrade_warnings())]


def check_modules(**_scope: Any) -> list[checks.CheckMessage]:
    """Report unknown names in ``KAMAILIO_MODULES``."""
    return [
        checks.Error(
            f"KAMAILIO_MODULES names “{name}”, which is not a module that this product writes for.",
            hint=f"Known are {', '.join(MODULES)}.",
            id="kamailio_bridge.E001",
        )
        for name in settings.KAMAILIO_MODULES
        if name not in MODULES
    ]


def check_sip_names(**_scope: Any) -> list[checks.CheckMessage]:
    """Report names in ``DSIPROUTER_SIP_NAMES`` that are no host names."""
    problems: list[checks.CheckMessage] = []
    for name in settings.DSIPROUTER_SIP_NAMES:
        try:
            clean_host(name)
        except ValidationError as error:
            problems.append(
                checks.Error(
                    f"DSIPROUTER_SIP_NAMES names “{name}”: {' '.join(error.messages)}",
                    hint="Write host names without a port, separated by commas, such as sip.example.com.",
                    id="kamailio_bridge.E004",
                )
            )
    return problems


def check_certificate(**_scope: Any) -> list[checks.CheckMessage]:
    """Warn of a ``DSIPROUTER_TLS_CERTIFICATE`` that expires soon, if the site may read it."""
    return [
        checks.Warning(
            f"DSIPROUTER_TLS_CERTIFICATE: {settings.DSIPROUTER_TLS_CERTIFICATE} {certificate.warning}",
            id="kamailio_bridge.W002",
        )
        for certificate in node_certificate()
        if certificate.is_due
    ]


def check_advertised_address(**_scope: Any) -> list[checks.CheckMessage]:
    """Report a ``DSIPROUTER_SIP_ADVERTISE`` that carriers could not reach."""
    address = settings.DSIPROUTER_SIP_ADVERTISE
    if not address:
        return []
    try:
        if ":" not in clean_host(address):
            return []
        reason = "an IPv6 address needs no NAT: it is DSIPROUTER_SIP_IPV6_ADDRESS."
    except ValidationError as error:
        reason = " ".join(error.messages)
    return [
        checks.Error(
            f"DSIPROUTER_SIP_ADVERTISE is “{address}”: {reason}",
            hint="Write the public IPv4 address, or a host name that leads to it, without a port.",
            id="kamailio_bridge.E008",
        )
    ]


def check_sip_sockets(**_scope: Any) -> list[checks.CheckMessage]:
    """Report named sockets that can't be read, or that take the place of another one."""
    default = DefaultSocket(
        settings.DSIPROUTER_SIP_ADDRESS,
        settings.DSIPROUTER_SIP_PORT,
        settings.DSIPROUTER_SIP_IPV6_ADDRESS,
        settings.DSIPROUTER_SIP_TLS_PORT,
    )
    problem = sip_sockets_problem(settings.DSIPROUTER_SIP_SOCKETS, default, on_this_machine=False)
    return [checks.Error(problem, hint=f"Such as {EXAMPLE}.", id="kamailio_bridge.E009")] if problem else []


def check_token_folder(**_scope: Any) -> list[checks.CheckMessage]:
    """Report a folder of tokens that contains other secrets."""
    problem = folder_problem()
    return [checks.Error(problem, id="kamailio_bridge.E005")] if problem else []


def check_rpc_address(**_scope: Any) -> list[checks.CheckMessage]:
    """Report an RPC address that strangers may reach, unless ``KAMAILIO_RPC_ANYWHERE`` allows it."""
    problem = rpc_address_problem(settings.DSIPROUTER_RPC_ADDRESS)
    if not problem or settings.KAMAILIO_RPC_ANYWHERE:
        return []
    return [
        checks.Error(
            f"DSIPROUTER_RPC_ADDRESS: {problem}",
            hint="KAMAILIO_RPC_ANYWHERE=true allows it; then let a firewall admit none but the site.",
            id="kamailio_bridge.E003",
        )
    ]


def check_sip_addresses(**_scope: Any) -> list[checks.CheckMessage]:
    """Report SIP addresses that can't be announced to carriers, such as 0.0.0.0."""
    found = {
        "DSIPROUTER_SIP_ADDRESS": sip_address_problem(settings.DSIPROUTER_SIP_ADDRESS),
        "DSIPROUTER_SIP_IPV6_ADDRESS": sip_ipv6_address_problem(settings.DSIPROUTER_SIP_IPV6_ADDRESS),
    }
    return [checks.Error(f"{name}: {problem}", id="kamailio_bridge.E006") for name, problem in found.items() if problem]
