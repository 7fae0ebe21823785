"""Staff of every role, some carriers, and a Kamailio that is down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from dsiprouter.staff.roles import EDITORS, OPERATORS, USER_MANAGERS, VIEWERS, create_roles
from tests.admin.forms import PASSWORD, Carriers

ROLE_GROUPS = {"viewer": VIEWERS, "editor": EDITORS, "operator": OPERATORS, "manager": USER_MANAGERS}


@pytest.fixture
def login(db: None) -> Callable[..., Client]:
    """Return a function that gives a client logged in as a role."""

    def log_in(role: str, **kwargs: bool) -> Client:
        client = Client(**kwargs)
        if role == "anonymous":
            return client
        create_roles()
        is_superuser = role == "superuser"
        user = User.objects.create(username=role, is_staff=role != "customer", is_superuser=is_superuser)
        if role in ROLE_GROUPS:
            user.groups.add(Group.objects.get(name=ROLE_GROUPS[role]))
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def editor(login: Callable[..., Client]) -> Client:
    return login("editor")


@pytest.fixture
def operator(login: Callable[..., Client]) -> Client:
    return login("operator")


@pytest.fixture
def viewer(login: Callable[..., Client]) -> Client:
    return login("viewer")


@pytest.fixture
def superuser(login: Callable[..., Client]) -> Client:
    return login("superuser")


@pytest.fixture
def carriers(db: None) -> Carriers:
    """One of everything: a group with two endpoints, a source and a credential, a PBX, and a route each way."""
    group = CarrierGroup.objects.create(name="Acme")
    Endpoint.objects.create(group=group, position=1, name="primary", host="203.0.113.7", strip=1)
    Endpoint.objects.create(group=group, position=2, name="backup", host="203.0.113.8", transport="tcp")
    SourceNetwork.objects.create(group=group, network="198.51.100.0/24")
    credential = AuthCredential(group=group, username="1000", registrar="sip.acme.example")
    credential.set_password(PASSWORD)
    credential.save()
    pbx = PBX.objects.create(name="office", host="192.0.2.9")
    SourceNetwork.objects.create(pbx=pbx, network="192.0.2.9/32")
    outbound = OutboundRoute.objects.create(prefix="9")
    OutboundRouteGroup.objects.create(route=outbound, group=group, position=1)
    inbound = InboundRoute.objects.create(prefix="1444", pbx=pbx)
    return Carriers(group, pbx, outbound, inbound)
