"""Field classes for domain values, each with its validators: each rule is defined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from carriers.validators import (
    MAX_PREFIX_LENGTH,
    MAX_STRIP,
    validate_dial_prefix,
    validate_host,
    validate_name,
    validate_network,
    validate_quotable,
)
from carriers.values.accounts import clean_realms, clean_registrars
from carriers.values.address_lists import clean_backups
from carriers.values.addresses import DEFAULT_SIP_PORT, MAX_HOST_LENGTH, clean_host, clean_network
from carriers.values.answer_codes import clean_causes, clean_codes
from carriers.values.identities import clean_caller_numbers, clean_header_names
from carriers.values.names import LONGEST_SOCKET_NAME, clean_socket_name, composed
from carriers.values.pem import (
    certificates_in_words,
    clean_authorities,
    clean_certificate_names,
    clean_certificates,
    clean_pem,
)
from carriers.values.week_hours import clean_holidays, clean_hours


class Transport(models.TextChoices):
    """Transports of SIP."""

    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", "TLS"


class NameField(models.CharField):
    """A name: up to 64 printable characters, stripped of surrounding blanks, composed (NFC)."""

    default_validators = [validate_name]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return composed(value.strip()) if isinstance(value, str) else value


class SipHostField(models.CharField):
    """An IPv4 or IPv6 address or a DNS name, kept in its clean form."""

    default_validators = [validate_host]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MAX_HOST_LENGTH)
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        """Return the clean form, or the text as it is if it has none: then the validators refuse it."""
        value = super().to_python(value)
        if isinstance(value, str) and value:
            try:
                return clean_host(value)
            except ValidationError:
                return value
        return value


class NetworkField(models.CharField):
    """A network in CIDR notation, IPv4 or IPv6, kept as ``ipaddress`` writes it."""

    default_validators = [validate_network]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 43)
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        if isinstance(value, str) and value:
            try:
                return clean_network(value)
            except ValidationError:
                return value
        return value


PORT_HELP = "Blank: DNS says where the name leads (NAPTR, SRV, then A and AAAA records)."


class PortField(models.PositiveIntegerField):
    """A port from 1 to 65535. None: DNS says to which hosts and ports a name leads (RFC 3263)."""

    default_validators = [MinValueValidator(1), MaxValueValidator(65535)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", DEFAULT_SIP_PORT)
        super().__init__(*args, **kwargs)


class StripField(models.PositiveSmallIntegerField):
    """How many characters to take off the front of the dialled number: 0 to 30."""

    default_validators = [MinValueValidator(0), MaxValueValidator(MAX_STRIP)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", 0)
        super().__init__(*args, **kwargs)


class DialPrefixField(models.CharField):
    """Characters in front of a number: digits, ``*``, ``#`` and ``+``; blank for none."""

    default_validators = [validate_dial_prefix]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MAX_PREFIX_LENGTH)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.strip() if isinstance(value, str) else value


class _InCleanForm(models.Field):
    """A text that is kept in its clean form, which ``clean_form`` makes."""

    clean_form: Callable[[str], str]

    def to_python(self, value: Any) -> Any:
        """Return the clean form, or the text as it is if it has none: then the validators refuse it."""
        value = super().to_python(value)
        if isinstance(value, str):
            try:
                return type(self).clean_form(value)
            except ValidationError:
                return value
        return value

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        type(self).clean_form(value)


class CodesField(_InCleanForm, models.CharField):
    """Answer codes and classes, kept in their clean form."""

    clean_form = staticmethod(clean_codes)


class RealmsField(CodesField):
    """Digest realms separated by commas, kept in their clean form."""

    clean_form = staticmethod(clean_realms)
    default_validators = [validate_quotable]


class RegistrarsField(CodesField):
    """Registration servers separated by commas, kept in their clean form."""

    clean_form = staticmethod(clean_registrars)


class BackupsField(CodesField):
    """Backup addresses of a PBX separated by commas, kept in their clean form."""

    clean_form = staticmethod(clean_backups)


class SocketField(CodesField):
    """The name of one of our SIP sockets, blank for the default one."""

    clean_form = staticmethod(clean_socket_name)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGEST_SOCKET_NAME)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)


class _PemFormField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return clean_pem(super().to_python(value) or "")


class CertificatesField(_InCleanForm, models.TextField):
    """A certificate in PEM format with its chain, kept in its clean form and shown in words."""

    clean_form = staticmethod(clean_certificates)
    in_words = staticmethod(certificates_in_words)

    def formfield(self, **kwargs: Any) -> Any:
        """Return a form field for which other line ends, as browsers send them, are no change."""
        return super().formfield(**{"form_class": _PemFormField, **kwargs})


class AuthoritiesField(CertificatesField):
    """Certificates of certification authorities in PEM format."""

    clean_form = staticmethod(clean_authorities)


class CertificateNamesField(CodesField):
    """Names that certificates may have, kept in their clean form."""

    clean_form = staticmethod(clean_certificate_names)


class CausesField(CodesField):
    """Q.850 causes, kept in their clean form."""

    clean_form = staticmethod(clean_causes)


class CallerNumbersField(CodesField):
    """Numbers that a PBX may call from, kept in their clean form."""

    clean_form = staticmethod(clean_caller_numbers)


class HeaderNamesField(CodesField):
    """Names of SIP headers, kept in their clean form."""

    clean_form = staticmethod(clean_header_names)


class HoursField(CodesField):
    """Hours of the week, kept in their clean form."""

    clean_form = staticmethod(clean_hours)


class HolidaysField(CodesField):
    """Days of every year or of one, kept in their clean form."""

    clean_form = staticmethod(clean_holidays)
