"""When certificates expire: the node's, and those of carrier groups. One sentence for all places that warn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from django.conf import settings
from django.utils import timezone

from carriers.labels import group_label
from carriers.snapshots.records import GroupRecord
from carriers.values.pem import expiry_of

WARNED_DAYS = 30
NODE_CERTIFICATE = "node's certificate"


class WithCertificates(Protocol):
    """A carrier group, as a model or as a record."""

    @property
    def name(self) -> str: ...
    @property
    def client_certificate(self) -> str: ...
    @property
    def ca_certificates(self) -> str: ...


class Certificate(NamedTuple):
    """``owner`` is the label of a carrier group, or "" for the node's own; ``what`` names it there."""

    owner: str
    what: str
    expires: datetime

    @property
    def name(self) -> str:
        return f"{self.owner}, {self.what}" if self.owner else self.what

    @property
    def is_due(self) -> bool:
        """Whether it expires within ``WARNED_DAYS`` days, or has expired."""
        return self.expires <= timezone.now() + timedelta(days=WARNED_DAYS)

    @property
    def warning(self) -> str:
        """Say that it expires soon or has expired, and what to do."""
        has = self.expires <= timezone.now()
        when = f"{'expired' if has else 'expires'} at {self.expires:%Y-%m-%d %H:%M} UTC"
        successor = "enter its successor" if self.owner else "renew it, then run manage.py reload_certificates"
        return f"its {self.what} {when}: {successor}." if self.owner else f"{when}: {successor}."


def certificates(groups: Iterable[GroupRecord]) -> Iterator[Certificate]:
    """Yield the certificates that the site knows: of the settings, and of enabled groups."""
    yield from node_certificate()
    for group in groups:
        if group.enabled:
            yield from group_certificates(group)


def group_certificates(group: WithCertificates) -> Iterator[Certificate]:
    """Yield the certificates of one carrier group, each with the first expiry of its chain."""
    texts = (("client certificate", group.client_certificate), ("CA certificate", group.ca_certificates))
    for what, text in texts:
        expires = expiry_of(text)
        if expires is not None:
            yield Certificate(group_label(group), what, expires)


def node_certificate() -> Iterator[Certificate]:
    """Yield the certificate of ``DSIPROUTER_TLS_CERTIFICATE`` if there is one that the site may read."""
    if not settings.DSIPROUTER_TLS_CERTIFICATE:
        return
    try:
        text = Path(settings.DSIPROUTER_TLS_CERTIFICATE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return  # Kamailio's start says what is wrong with it
    expires = expiry_of(text)
    if expires is not None:
        yield Certificate("", NODE_CERTIFICATE, expires)
