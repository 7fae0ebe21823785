"""Find out by a handshake of the site's own why nothing comes back over TLS."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.x509 import load_der_x509_certificate
from django.conf import settings

from carriers.passwords.hidden import shown as shown_secret
from carriers.snapshots.records import GroupRecord
from carriers.values.addresses import DEFAULT_TLS_PORT
from carriers.values.pem import means_one_of, names_in

_SECONDS = 3.0
_EXPIRED, _NOT_YET_VALID = 10, 9
_OTHER_NAME = (
    "enter the host name that the carrier gives for TLS, or the certificate's name under TLS, further names accepted."
)
_ALERT_SECONDS = 0.5  # with TLS 1.3 a server refuses the client's certificate after the handshake


def tls_failure(host: str, port: int | None, group: GroupRecord) -> str:
    """Return in one sentence what is wrong with the TLS of a host of a group, "" if the site finds nothing wrong."""
    where = f"{host}:{port or DEFAULT_TLS_PORT}"
    try:
        context = _context(group)
    except (OSError, ValueError):
        return ""  # the site may not read the node's files
    try:
        connection = socket.create_connection((host, port or DEFAULT_TLS_PORT), timeout=_SECONDS)
    except OSError:
        return ""  # the node has said so
    with connection:
        return _handshake(connection, context, host, where, group)


def _handshake(connection: socket.socket, context: ssl.SSLContext, host: str, where: str, group: GroupRecord) -> str:
    try:
        secured = context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return _distrust(where, error, group)
    except ssl.SSLError as error:
        return _refusal(where, error, group)
    except OSError:
        return _no_tls(where)
    with secured:
        shown = secured.getpeercert(binary_form=True)
        hosts = [host, *names_in(group.certificate_names)]
        if group.verify_certificate and shown and not means_one_of(load_der_x509_certificate(shown), hosts):
            return f"The certificate of {where} is for another name: {_OTHER_NAME}"
        return _late_refusal(where, secured, group) or _not_applied(group)


def _context(group: GroupRecord) -> ssl.SSLContext:
    """Return the settings of the group, and of the node where the group has none. Names are compared afterwards."""
    context = ssl.create_default_context(
        cafile=None if group.ca_certificates else settings.DSIPROUTER_TLS_CA or None,
        cadata=group.ca_certificates or None,
    )
    context.check_hostname = False
    # Python 3.13 also refuses CA certificates without an Authority Key Identifier. Kamailio does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not group.verify_certificate:
        context.verify_mode = ssl.CERT_NONE
    if group.client_certificate and group.client_key:
        with TemporaryDirectory() as folder:  # readable by us only
            certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
            certificate.write_text(group.client_certificate, encoding="ascii")
            key.write_text(shown_secret(group.client_key), encoding="ascii")
            context.load_cert_chain(certificate, key, "")
    elif settings.DSIPROUTER_TLS_CERTIFICATE:
        context.load_cert_chain(settings.DSIPROUTER_TLS_CERTIFICATE, settings.DSIPROUTER_TLS_KEY or None, "")
    return context


def _not_applied(group: GroupRecord) -> str:
    """Say what may be the reason if nothing is wrong with TLS settings that the node may not have yet."""
    if not (group.ca_certificates or group.client_certificate or not group.verify_certificate):
        return ""
    return (
        "With the TLS settings of this carrier group the site finds nothing wrong: press Reload Kamailio, then try"
        " again."
    )


def _late_refusal(where: str, secured: ssl.SSLSocket, group: GroupRecord) -> str:
    try:
        secured.settimeout(_ALERT_SECONDS)
        secured.recv(1)
    except ssl.SSLError as error:
        return _refusal(where, error, group)
    except OSError:
        return ""
    return ""


def _no_tls(where: str) -> str:
    return f"{where} does not speak TLS: check the port."


def _distrust(where: str, error: ssl.SSLCertVerificationError, group: GroupRecord) -> str:
    if error.verify_code == _EXPIRED:
        return f"The certificate of {where} has expired: the carrier must renew it."
    if error.verify_code == _NOT_YET_VALID:
        return f"The certificate of {where} is not valid yet: check the clock of this machine."
    what = "under TLS, CA certificates"
    if not group.ca_certificates:
        what += ", or into the file of DSIPROUTER_TLS_CA"
    return (
        f"The certificate of {where} comes from an authority that is not trusted ({error.verify_message}):"
        f" put the carrier's CA {what}."
    )


def _refusal(where: str, error: ssl.SSLError, group: GroupRecord) -> str:
    reason = error.reason or ""
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return (
            f"{where} asks for a client certificate: enter one that the carrier accepts under TLS, client certificate."
        )
    if ("ALERT" in reason and "CERTIFICATE" in reason) or "UNKNOWN_CA" in reason:
        whose = "client certificate of this carrier group" if group.client_certificate else "certificate of the node"
        return f"{where} does not accept the {whose} ({reason.replace('_', ' ').lower()}): ask the carrier for one."
    if "WRONG_VERSION_NUMBER" in reason or "UNEXPECTED_EOF" in reason or "RECORD_LAYER" in reason:
        return _no_tls(where)
    return f"The TLS handshake with {where} fails: {reason.replace('_', ' ').lower() or error}."
