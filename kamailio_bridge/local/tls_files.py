"""The files of Kamailio's TLS module: its configuration, a certificate, and the certificates that it trusts.

Nothing but Python's standard library and the program openssl: deploy/write-tls-files runs it on machines without the
site.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path

from kamailio_bridge.nodes.certificates.tls_profiles import CONFIG_NAME, sections_of

SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_SELF_MADE_DAYS = "3650"
_CONFIG = """\
# Written at each start of Kamailio. Changes are lost.
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = {certificate}
private_key = {key}

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
ca_list = {trusted}
certificate = {certificate}
private_key = {key}
"""


class TlsFilesRefused(Exception):
    """The certificate, key or CA can't be used. ``str()`` is one sentence that names the setting."""


def write_tls_files(folder: Path, *, certificate: str = "", key: str = "", ca: str = "", name: str = "") -> Path:
    """Check the files and write the configuration into ``folder``; return its path.

    The carrier groups' sections of an earlier apply stay (``nodes/certificates/tls_profiles.py``).

    Without a certificate one is made for ``name``, which is good for calling out. ``ca`` is a PEM file of the CAs that
    are trusted instead of the system's. Raises ``TlsFilesRefused``; then nothing is written.
    """
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    if bool(certificate) != bool(key):
        raise TlsFilesRefused("DSIPROUTER_TLS_CERTIFICATE and DSIPROUTER_TLS_KEY belong together: set both or none.")
    if certificate:
        _check_pair(certificate, key)
        pair = (Path(certificate).resolve(), Path(key).resolve())
    else:
        pair = _self_made(folder, name or "localhost")
    trusted = _trusted(ca)
    config = folder / CONFIG_NAME
    base = _CONFIG.format(certificate=pair[0], key=pair[1], trusted=trusted)
    _write(config, f"{base}\n{sections_of(config)}")
    return config


def _check_pair(certificate: str, key: str) -> None:
    """Refuse files that can't be read, that don't belong together, or whose certificate has expired."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise TlsFilesRefused(
            f"DSIPROUTER_TLS_CERTIFICATE {certificate} and DSIPROUTER_TLS_KEY {key} can't be used: {error}."
        ) from None
    if _openssl("x509", "-in", certificate, "-noout", "-checkend", "0").returncode:
        raise TlsFilesRefused(f"DSIPROUTER_TLS_CERTIFICATE: {certificate} has expired.")


def _self_made(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / "self_made.pem", folder / "self_made.key"
    if not (certificate.exists() and key.exists()):
        made = _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", _SELF_MADE_DAYS, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)),
        )
        if made.returncode:
            raise TlsFilesRefused(f"No certificate can be made for TLS: {made.stderr.strip()}")
        key.chmod(0o600)
    return certificate, key


def _trusted(ca: str) -> Path:
    if not ca:
        if not SYSTEM_CA.exists():
            raise TlsFilesRefused("No CA is trusted: install ca-certificates, or set DSIPROUTER_TLS_CA.")
        return SYSTEM_CA
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise TlsFilesRefused(f"DSIPROUTER_TLS_CA {ca} can't be used: {error}.") from None
    return Path(ca).resolve()


def _write(path: Path, text: str) -> None:
    """Write a configuration, which holds no secret: the site's user, who may be another one, adds to it."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o640)) as file:
        file.write(text)
    unfinished.chmod(0o640)
    unfinished.replace(path)


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("openssl")
    if program is None:
        raise TlsFilesRefused("openssl is not installed. Install it: apt-get install openssl")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
