"""Phrases of a preview for records and their differences, made from the fields of the models, with special cases.

A field without a phrase of its own is shown by name and values, so a new one is never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import compress
from operator import attrgetter, ne
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.db import models

from carriers.labels import account_label, own_endpoint_label, short_endpoint_names
from carriers.models import PBX, AuthCredential, CarrierGroup, Condition, Endpoint, InboundRoute, OutboundRoute
from carriers.models.routes import DEFAULT_ROUTE, EVERY_OTHER_NUMBER
from carriers.snapshots.records import (
    Carriers,
    CredentialRecord,
    EndpointRecord,
    GroupRecord,
    HeaderRecord,
    SourceRecord,
)
from carriers.snapshots.route_words import SHOWN_NAMES, lead_change, pbx_of, pbxs_of
from carriers.values.addresses import format_address
from carriers.wording.field_words import Phrase, Style, choice_in_words, differences_in_words, setting_in_words

# Fields that the label of a new object and the text around it already contain.
NAMED: Mapping[type[models.Model], frozenset[str]] = {
    CarrierGroup: frozenset({"name", "endpoints", "sources", "credential", "extra_headers", "client_key"}),
    Endpoint: frozenset({"name", "host", "port", "transport"}),
    AuthCredential: frozenset({"username", "registrar", "port", "transport", "register", "ha1", "more_ha1"}),
    PBX: frozenset({"name", "host", "port", "transport", "sources"}),
    Condition: frozenset({"name", "any_pbx", "pbxs"}),
    OutboundRoute: frozenset({"prefix", "groups", "shares", "conditions", "condition", "refuse_code", "refuse_reason"}),
    InboundRoute: frozenset({"prefix", "pbx", "carriers"}),
}


def record_changes(model: type[models.Model], old: Any, new: Any, style: Style) -> list[str]:
    """Return a phrase for each difference between two records of one object."""
    names = compress(old._fields, map(ne, old, new))
    fields = {name: (getattr(old, name), getattr(new, name)) for name in names}
    return differences_in_words(model, fields, old, new, style)


def record_settings(model: type[models.Model], record: Any, style: Style) -> list[str]:
    """Return a phrase for each setting of a new object that is not the default, except the fields in ``NAMED``."""
    names, defaults, _ = _settings(model, record._fields)
    return _unusual(model, names, defaults, record, style)


class _Settings(NamedTuple):
    """The fields of a record that a preview may mention, with their defaults."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    read: Callable[[Any], tuple[Any, ...]]


@cache
def _settings(model: type[models.Model], fields: tuple[str, ...]) -> _Settings:
    defaults = {column.name: column.get_default() for column in model._meta.concrete_fields}
    names = tuple(name for name in fields if name != "pk" and name not in NAMED[model])
    return _Settings(names, tuple(defaults.get(name) for name in names), attrgetter(*names))


def _unusual(
    model: type[models.Model], names: tuple[str, ...], defaults: tuple[Any, ...], record: Any, style: Style
) -> list[str]:
    unusual = [name for name, default in zip(names, defaults, strict=True) if getattr(record, name) != default]
    return [words for name in unusual for words in setting_in_words(model, name, getattr(record, name), record, style)]


def _part_settings(model: type[models.Model], part: EndpointRecord | CredentialRecord) -> list[str]:
    """Return a phrase for each setting of a new endpoint or credential that is not the default."""
    settings = _settings(model, part._fields)
    values = settings.read(part)
    return _part_settings_of(model, settings, values) if values != settings.defaults else []


@lru_cache(maxsize=1024)  # thousands of endpoints have few different settings
def _part_settings_of(model: type[models.Model], settings: _Settings, values: tuple[Any, ...]) -> list[str]:
    part = SimpleNamespace(**dict(zip(settings.names, values, strict=True)))
    return _unusual(model, settings.names, settings.defaults, part, _PARTS)


# --- Parts ------------------------------------------------------------------------------------------------------------


def endpoint_in_words(endpoint: EndpointRecord, added: str = "") -> str:
    """Return ``endpoint “primary” (192.0.2.7:5060), strip 1``."""
    return ", ".join([f"{own_endpoint_label(endpoint)}{added}", *_part_settings(Endpoint, endpoint)])


def credential_in_words(credential: CredentialRecord) -> str:
    """Return ``1000 at sip.acme.example:5060, registers``."""
    plain = credential._replace(
        # Fields left blank in the form have a value in the record, which is no setting of its own.
        auth_username="" if credential.auth_username == credential.username else credential.auth_username,
        realm="" if credential.realm == credential.uri_domain else credential.realm,
    )
    words = [account_label(credential), _registers(credential.register)]
    return ", ".join([*words, *_part_settings(AuthCredential, plain)])


def _endpoint_changes(old: tuple[EndpointRecord, ...], new: tuple[EndpointRecord, ...]) -> Iterator[str]:
    before = {endpoint.pk: endpoint for endpoint in old}
    after = {endpoint.pk: endpoint for endpoint in new}
    for pk, endpoint in after.items():
        if pk not in before:
            yield endpoint_in_words(endpoint, " added")
        elif endpoint != before[pk]:
            changes = record_changes(Endpoint, before[pk], endpoint, _PARTS)
            yield f"{own_endpoint_label(before[pk])}: {', '.join(changes)}"
    for pk, endpoint in before.items():
        if pk not in after:
            yield f"{own_endpoint_label(endpoint)} removed"
    if [pk for pk in before if pk in after] != [pk for pk in after if pk in before]:
        yield f"endpoints in the order {', then '.join(short_endpoint_names(new)[:SHOWN_NAMES])}"


def _source_changes(old: tuple[SourceRecord, ...], new: tuple[SourceRecord, ...]) -> Iterator[str]:
    before, after = {source.network for source in old}, {source.network for source in new}
    for source in new:
        if source.network not in before:
            yield f"source {source.network} added"
    for source in old:
        if source.network not in after:
            yield f"source {source.network} removed"


def _credential_changes(old: CredentialRecord | None, new: CredentialRecord | None) -> Iterator[str]:
    if new is None:
        if old is not None:
            yield f"credential {credential_in_words(old)} removed"
    elif old is None:
        yield f"credential added: {credential_in_words(new)}"
    else:  # entered again with the same values: only the key differs
        changes = record_changes(AuthCredential, old._replace(pk=new.pk), new, _PARTS)
        if changes:
            yield f"credential: {', '.join(changes)}"


def header_in_words(header: HeaderRecord) -> str:
    """Return ``header X-Account-Id: 7``; a secret value is not shown."""
    return f"header {header.name}{' with a secret value' if header.secret else f': {header.value}'}"


def _header_changes(old: tuple[HeaderRecord, ...], new: tuple[HeaderRecord, ...]) -> Iterator[str]:
    before = {header.pk: header for header in old}
    after = {header.pk: header for header in new}
    for pk, header in after.items():
        if pk not in before:
            yield f"{header_in_words(header)} added"
        elif header.value is None and before[pk].value is not None:
            yield f"the secret value of header {header.name} can't be decrypted any more"
        elif header != before[pk]:
            new_words, old_words = header_in_words(header), header_in_words(before[pk])
            same = new_words == old_words  # of two secret values
            yield f"new secret value of header {header.name}" if same else f"{new_words} (before: {old_words})"
    for pk, header in before.items():
        if pk not in after:
            yield f"{header_in_words(header)} removed"


def _pbx_changes(new: str, old: str) -> Iterator[str]:
    # PBXs that are named have no effect while the calls of every PBX count.
    yield f"{new} (before: {old})" if new != old else "other PBXs named"


def _client_key_change(new: GroupRecord) -> str:
    if new.client_key is None:
        return "the client key can't be decrypted any more"
    return "new client key" if new.client_key else "client key removed"


def _password_change(old: CredentialRecord, new: CredentialRecord) -> Iterator[str]:
    """Show nothing of a password. Its digest changes with username and realm, too."""
    if new.ha1 is None:
        yield "the password can't be decrypted any more"
    elif (old.auth_username, old.realm) == (new.auth_username, new.realm) and old.ha1 != new.ha1:
        yield "new password"


# --- Phrases ----------------------------------------------------------------------------------------------------------


def _registers(register: bool) -> str:  # noqa: FBT001 - the value of a field
    return "registers" if register else "does not register"


def _switch(new: Any) -> list[str]:
    return ["enabled" if new.enabled else "disabled"]


def _address(label: str, host: str) -> Phrase:
    """Phrase host, port and transport as one address."""
    fields = (host, "port", "transport")
    read = attrgetter(*fields)

    def change(old: Any, new: Any) -> list[str]:
        before, after = (format_address(*read(record)) for record in (old, new))
        return [f"{label} {before} -> {after}"]

    return Phrase(fields, change)


def _prefix(blank: str) -> Phrase:
    return Phrase(("prefix",), lambda old, new: [f"prefix {old.prefix or blank} -> {new.prefix or blank}"])


def _fall_through(when: str) -> Phrase:
    def value(new: Any) -> list[str]:
        return [f"{'falls through to a shorter prefix' if new.fall_through else 'answers 503'} when {when}"]

    return Phrase(("fall_through",), lambda _old, new: value(new), value)


def _direction(endpoint: EndpointRecord) -> str:
    return choice_in_words(Endpoint, "direction", endpoint.direction)


def _selection(group: GroupRecord) -> str:
    return choice_in_words(CarrierGroup, "selection", group.selection)


_ENABLED = Phrase(("enabled",), lambda _old, new: _switch(new), _switch)
_NAME = Phrase(("name",), lambda old, new: [f"name “{old.name}” -> “{new.name}”"])
_SOURCES = Phrase(("sources",), lambda old, new: _source_changes(old.sources, new.sources))
_PARTS = Style(
    phrases={
        Endpoint: (
            _NAME,
            _address("address", "host"),
            _prefix("none"),
            Phrase(
                ("direction",),
                lambda old, new: [f"{_direction(old)} -> {_direction(new)}"],
                lambda new: [_direction(new)],
            ),
            _ENABLED,
        ),
        AuthCredential: (
            _address("registration server", "registrar"),
            Phrase(("register",), lambda _old, new: [_registers(new.register)]),
            Phrase(("ha1", "more_ha1"), _password_change),
        ),
    }
)


def preview_style(before: Carriers, after: Carriers) -> Style:
    """Return the style of a preview, which phrases routes by the groups and PBXs that they lead to."""
    group = (
        _NAME,
        _ENABLED,
        Phrase(
            ("selection",),
            lambda old, new: [f"endpoints selected {_selection(new)} instead of {_selection(old)}"],
            lambda new: [f"selected {_selection(new)}"],
        ),
        Phrase(("endpoints",), lambda old, new: _endpoint_changes(old.endpoints, new.endpoints)),
        _SOURCES,
        Phrase(("credential",), lambda old, new: _credential_changes(old.credential, new.credential)),
        Phrase(("extra_headers",), lambda old, new: _header_changes(old.extra_headers, new.extra_headers)),
        Phrase(("client_key",), lambda _old, new: [_client_key_change(new)]),
    )
    outbound = (
        _prefix(DEFAULT_ROUTE),
        _ENABLED,
        Phrase(
            ("groups", "shares", "conditions", "condition", "refuse_code", "refuse_reason"),
            lambda old, new: [lead_change((before, old), (after, new))],
        ),
        _fall_through("no carrier can take its calls"),
    )
    inbound = (
        _prefix(EVERY_OTHER_NUMBER),
        _ENABLED,
        Phrase(("pbx", "carriers"), lambda old, new: [f"{pbx_of(after, new)} (before: {pbx_of(before, old)})"]),
        _fall_through("its PBX is disabled"),
    )
    condition = (
        _NAME,
        Phrase(("any_pbx", "pbxs"), lambda old, new: _pbx_changes(pbxs_of(after, new), pbxs_of(before, old))),
    )
    pbx = (_NAME, _ENABLED, _address("address", "host"), _SOURCES)
    return Style(
        phrases={
            CarrierGroup: group,
            PBX: pbx,
            Condition: condition,
            OutboundRoute: outbound,
            InboundRoute: inbound,
        }
    )
