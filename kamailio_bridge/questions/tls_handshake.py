"""Find out by a handshake of the site's own why nothing comes back over TLS."""

from __future__ import annotations

import socket
import ssl

from django.conf import settings

from carriers.values.addresses import DEFAULT_TLS_PORT

_SECONDS = 3.0
_EXPIRED, _NOT_YET_VALID = 10, 9
_OTHER_NAME = (62, 64)  # a host name, an IP address
_ALERT_SECONDS = 0.5  # with TLS 1.3 a server refuses the client's certificate after the handshake


def tls_failure(host: str, port: int | None) -> str:
    """Return in one sentence what is wrong with the TLS of a host, "" if the site finds nothing wrong."""
    where = f"{host}:{port or DEFAULT_TLS_PORT}"
    try:
        context = ssl.create_default_context(cafile=settings.DSIPROUTER_TLS_CA or None)
        if settings.DSIPROUTER_TLS_CERTIFICATE:
            context.load_cert_chain(settings.DSIPROUTER_TLS_CERTIFICATE, settings.DSIPROUTER_TLS_KEY or None, "")
    except (OSError, ValueError):
        return ""  # the site may not read the node's files
    try:
        connection = socket.create_connection((host, port or DEFAULT_TLS_PORT), timeout=_SECONDS)
    except OSError:
        return ""  # the node has said so
    with connection:
        try:
            secured = context.wrap_socket(connection, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            return _distrust(where, error)
        except ssl.SSLError as error:
            return _refusal(where, error)
        except OSError:
            return _no_tls(where)
        with secured:
            return _late_refusal(where, secured)


def _late_refusal(where: str, secured: ssl.SSLSocket) -> str:
    try:
        secured.settimeout(_ALERT_SECONDS)
        secured.recv(1)
    except ssl.SSLError as error:
        return _refusal(where, error)
    except OSError:
        return ""
    return ""


def _no_tls(where: str) -> str:
    return f"{where} does not speak TLS: check the port."


def _distrust(where: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return f"The certificate of {where} has expired: the carrier must renew it."
    if error.verify_code == _NOT_YET_VALID:
        return f"The certificate of {where} is not valid yet: check the clock of this machine."
    if error.verify_code in _OTHER_NAME:
        return f"The certificate of {where} is for another name: enter the host name that the carrier gives for TLS."
    return (
        f"The certificate of {where} comes from an authority that is not trusted ({error.verify_message}):"
        " put the carrier's CA into the file of DSIPROUTER_TLS_CA."
    )


def _refusal(where: str, error: ssl.SSLError) -> str:
    reason = error.reason or ""
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return f"{where} asks for a client certificate: set DSIPROUTER_TLS_CERTIFICATE to one that the carrier accepts."
    if "WRONG_VERSION_NUMBER" in reason or "UNEXPECTED_EOF" in reason or "RECORD_LAYER" in reason:
        return _no_tls(where)
    return f"The TLS handshake with {where} fails: {reason.replace('_', ' ').lower() or error}."
