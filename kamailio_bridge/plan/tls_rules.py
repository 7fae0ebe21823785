"""Rules for TLS: where it is served at all, and that no connection is shared by groups with different certificates."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from carriers.labels import endpoint_label, group_label, pbx_label
from carriers.snapshots.records import Carriers, GroupRecord
from carriers.values.address_lists import addresses_in
from carriers.values.addresses import DEFAULT_TLS_PORT, format_address
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.nodes.certificates.expiry import certificates
from kamailio_bridge.rows.types import Notice

_Address = tuple[str, int]
_Profile = tuple[object, ...] | None


def tls_warnings(carriers: Carriers) -> Iterator[Notice]:
    """Name what uses TLS where Kamailio does not serve it."""
    if settings.DSIPROUTER_SIP_TLS_PORT is not None:
        return
    text = "uses TLS, and Kamailio serves none: set DSIPROUTER_SIP_TLS_PORT, or nothing can be sent there."
    for group in carriers.groups.values():
        for endpoint in group.endpoints if group.enabled else ():
            if endpoint.transport == "tls" and endpoint.enabled:
                yield Notice(endpoint_label(group, endpoint), text)
        credential = group.credential
        if group.enabled and credential is not None and credential.transport == "tls" and credential.register:
            yield Notice(group_label(group), f"its registration {text}")
    for pbx in carriers.pbxs.values():
        if pbx.transport == "tls" and pbx.enabled:
            yield Notice(pbx_label(pbx), text)


def unwritten_certificates(carriers: Carriers) -> Iterator[Notice]:
    """Name the groups with TLS settings of their own that ``KAMAILIO_MODULES`` leaves out."""
    if any(module.writes_files for module in selected_modules()):
        return
    for group in carriers.groups.values():
        if group.enabled and (group.ca_certificates or group.client_certificate or not group.verify_certificate):
            yield Notice(group_label(group), "has TLS settings of its own: add “certificates” to KAMAILIO_MODULES.")


def shared_connections(carriers: Carriers) -> Iterator[Notice]:
    """Refuse different TLS settings at one address: Kamailio chooses an open connection by its address alone.

    So a group would call with the certificate of the other, or over a connection that was never verified
    (docs/kamailio-facts.md#tls-connections). Names that lead to one address can't be seen here.
    """
    first: dict[_Address, tuple[str, _Profile]] = {}
    for label, address, profile in _connections(carriers):
        other, theirs = first.setdefault(address, (label, profile))
        if theirs != profile:
            text = (
                f"uses TLS at {format_address(*address, 'tls')}, as {other} does with other certificates: Kamailio"
                " sends both over one connection. Enter the same under TLS for both, or disable one."
            )
            yield Notice(label, text)


def _connections(carriers: Carriers) -> Iterator[tuple[str, _Address, _Profile]]:
    for group in carriers.groups.values():
        for address in dict.fromkeys(_addresses(group)) if group.enabled else ():
            yield group_label(group), address, _profile(group)
    for pbx in carriers.pbxs.values():
        if pbx.enabled and pbx.transport == "tls":
            yield pbx_label(pbx), _address(pbx.host, pbx.port), None
        for backup in addresses_in(pbx.backup_addresses) if pbx.enabled else ():
            if backup.transport == "tls":
                yield pbx_label(pbx), _address(backup.host, backup.port), None


def _addresses(group: GroupRecord) -> Iterator[_Address]:
    for endpoint in group.endpoints:
        if endpoint.transport == "tls" and endpoint.sends_outbound:
            yield _address(endpoint.host, endpoint.port)
    credential = group.credential
    if credential is not None and credential.register:
        if credential.transport == "tls" and credential.registrar:
            yield _address(credential.registrar, credential.port)
        for registrar in addresses_in(credential.more_registrars):
            if registrar.transport == "tls":
                yield _address(registrar.host, registrar.port)


def _address(host: str, port: int | None) -> _Address:
    return host.lower(), port or DEFAULT_TLS_PORT


def _profile(group: GroupRecord) -> _Profile:
    """Return what the connections of a group depend on, None for the node's own."""
    if not (group.ca_certificates or group.client_certificate) and group.verify_certificate:
        return None
    return group.ca_certificates, group.client_certificate, group.client_key, group.verify_certificate


def certificate_warnings(carriers: Carriers) -> Iterator[Notice]:
    """Name the certificates that expire soon."""
    for certificate in certificates(carriers.groups.values()):
        if certificate.is_due:
            yield Notice(certificate.owner or certificate.what, certificate.warning)
