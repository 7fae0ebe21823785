"""TLS in front of a user agent: a relay to its TCP port, and certificates for it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """A certification authority with its files in ``folder``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        now = datetime.datetime.now(datetime.UTC)
        builder = _builder(self._name, self._name, self._key, now - DAY, now + 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    @property
    def pem(self) -> str:
        """The certificate of the authority itself."""
        return self.file.read_text(encoding="ascii")

    def certify(self, name: str, *more: str, days: int = 90) -> tuple[Path, Path]:
        """Return the files of a certificate and its key; one with negative ``days`` has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = now - DAY if days > 0 else now + (days - 90) * DAY
        builder = _builder(subject, self._name, key, start, now + days * DAY)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(each) for each in (name, *more)]), critical=False
        )
        safe = name.replace("*", "any").replace(":", "_") + f"{days}-{len(list(self._folder.iterdir()))}"
        certificate, private = self._folder / f"{safe}.pem", self._folder / f"{safe}.key"
        certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Any, start: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


class Relay:
    """A port at ``address`` whose bytes go on to ``target``; ``accept`` are the TLS settings.

    ``names`` are the server names that clients asked for, ``peers`` the common names of their certificates.
    """

    def __init__(
        self,
        address: str,
        target: tuple[str, int],
        accept: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self._target, self._accept = target, accept
        self.names: list[str | None] = []
        self.peers: list[str] = []
        self.refused: list[str] = []
        self._listener = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET
        )
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = [self._listener]
        if accept is not None:
            accept.sni_callback = lambda _socket, name, _context: self.names.append(name)
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._accept is not None:
                client = self._accept.wrap_socket(client, server_side=True)
                shown = client.getpeercert() or {}
                self.peers += [
                    value for part in shown.get("subject", ()) for kind, value in part if kind == "commonName"
                ]
            source = (self._listener.getsockname()[0], 0)
            server = socket.create_connection(self._target, timeout=5, source_address=source)
        except OSError as error:
            self.refused.append(str(error))
            client.close()
            return
        client.settimeout(None)
        server.settimeout(None)
        self._open += [client, server]
        threading.Thread(target=_copy, args=(client, server), daemon=True).start()
        _copy(server, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def server_side(certificate: tuple[Path, Path], clients_of: Authority | None = None) -> ssl.SSLContext:
    """Return the TLS settings of a server; with ``clients_of`` it asks for a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if clients_of is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_of.file)
    return context
