"""Write carriers, with every object validated, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from carriers.carrier_history import record_written, values_of
from carriers.fields import Transport
from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from carriers.values.addresses import SipAddress, usual_port

REGISTRAR_ENDPOINT_NAME = "registrar"


class NewCredential(NamedTuple):
    """The required values of an auth credential; other fields have defaults.

    ``takes_calls`` makes the registrar an endpoint, too. It must be asked for: the endpoint would get every call first.
    """

    username: str
    password: str
    registrar: SipAddress
    takes_calls: bool = False

    def __repr__(self) -> str:
        """Leave the password out: a traceback may show this."""
        return f"NewCredential({self.username!r}, registrar={self.registrar!r})"


@sensitive_variables("credential")
@transaction.atomic
def add_carrier_group(
    *,
    name: str,
    endpoint: SipAddress | None = None,
    sources: Iterable[str] = (),
    credential: NewCredential | None = None,
) -> CarrierGroup:
    """Add a carrier group with the values of the short form.

    Raises ``ValidationError`` keyed by the model's field (``name``, ``host``, ``network``, ``username``, ``password``,
    ``registrar``), with nothing stored.
    """
    group = CarrierGroup(name=name)
    group.full_clean()
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:  # somebody else took the name since it was checked
        raise ValidationError({"name": "There is already a carrier group of this name."}) from None
    if endpoint is not None:
        add_endpoint(group=group, address=endpoint)
    for network in sources:
        source = SourceNetwork(group=group, network=network)
        source.full_clean()
        source.save()
    if credential is not None:
        _add_credential(group, credential)
        if credential.takes_calls:
            _add_registrar_endpoint(group)
    return group


@sensitive_variables("new")
def _add_credential(group: CarrierGroup, new: NewCredential) -> None:
    credential = AuthCredential(
        group=group,
        username=new.username,
        registrar=new.registrar.host,
        port=new.registrar.port or usual_port(new.registrar.host, new.registrar.transport),
        transport=new.registrar.transport or Transport.UDP,
    )
    credential.set_password(new.password)
    credential.full_clean()
    credential.save()


@transaction.atomic
def add_endpoint(*, group: CarrierGroup, address: SipAddress, name: str = "") -> Endpoint:
    """Add an endpoint behind the group's last one. Raises ``ValidationError`` keyed by field."""
    last = group.endpoints.order_by("-position", "-pk").values_list("position", flat=True).first()
    endpoint = Endpoint(
        group=group,
        name=name,
        position=(last or 0) + 1,
        host=address.host,
        port=address.port or usual_port(address.host, address.transport),
        transport=address.transport or Transport.UDP,
    )
    endpoint.full_clean()
    endpoint.save()
    return endpoint


def _add_registrar_endpoint(group: CarrierGroup) -> None:
    credential = group.credential
    address = SipAddress(credential.registrar, credential.port, credential.transport)
    add_endpoint(group=group, address=address, name=REGISTRAR_ENDPOINT_NAME)


@transaction.atomic
def set_enabled(*, groups: QuerySet[CarrierGroup], enabled: bool) -> list[CarrierGroup]:
    """Enable or disable carrier groups. Return those that changed."""
    changed = list(CarrierGroup.objects.filter(pk__in=groups.values("pk")).exclude(enabled=enabled).order_by("pk"))
    CarrierGroup.objects.filter(pk__in=[group.pk for group in changed]).update(enabled=enabled)
    before = [values_of(group) for group in changed]
    for group in changed:
        group.enabled = enabled
    record_written(changed=zip(changed, before, strict=True))
    return changed
