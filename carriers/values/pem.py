"""Certificates and keys in PEM format: whether they can be used, and what people are told of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from carriers.values.addresses import clean_host

MOST_CHARACTERS = 20_000  # of a field: some ten certificates
MOST_NAMES = 5
LONGEST_NAME = 100


def clean_pem(text: str) -> str:
    """Return PEM with the line ends of files between its lines, however a browser sent them."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def certificates_in(text: str) -> list[x509.Certificate]:
    """Return the certificates of a text in their order. Raises ``ValidationError``."""
    if len(text) > MOST_CHARACTERS:
        raise ValidationError(f"At most {MOST_CHARACTERS} characters are possible.", code="length")
    if "PRIVATE KEY-----" in text:
        raise ValidationError("This holds a private key: enter it as client key, and nowhere else.", code="key")
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValidationError(
            "This is no certificate in PEM format, which begins with -----BEGIN CERTIFICATE-----.", code="pem"
        ) from None


def clean_certificates(text: str) -> str:
    """Return a certificate, with its chain behind it, in its clean form. Raises ``ValidationError``."""
    text = clean_pem(text)
    if text:
        certificates_in(text)
    return text


def clean_authorities(text: str) -> str:
    """Return certificates of certification authorities in their clean form. Raises ``ValidationError``."""
    text = clean_pem(text)
    for certificate in certificates_in(text) if text else ():
        if not _is_authority(certificate):
            raise ValidationError(
                f"The certificate of {_named(certificate.subject)} is no CA: enter that of the authority which issued"
                " the carrier's certificate.",
                code="authority",
            )
    return text


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


@sensitive_variables("text")
def read_key(text: str) -> PrivateKeyTypes:
    """Return a private key. Raises ``ValidationError``, which shows nothing of it."""
    if len(text) > MOST_CHARACTERS:
        raise ValidationError(f"At most {MOST_CHARACTERS} characters are possible.", code="length")
    try:
        return load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise ValidationError("This key has a password: enter the key without one.", code="encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValidationError(
            "This is no private key in PEM format, which begins with -----BEGIN PRIVATE KEY-----.", code="pem"
        ) from None


@sensitive_variables("key")
def is_key_of(key: str, certificate: str) -> bool:
    """Return whether a key belongs to the first certificate of a text. Raises ``ValidationError``."""
    theirs, ours = certificates_in(certificate)[0].public_key(), read_key(key).public_key()
    as_bytes = [each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for each in (theirs, ours)]
    return as_bytes[0] == as_bytes[1]


def first_expired(text: str) -> str:
    """Say which certificate of a text has expired, "" if none has or the text can't be read."""
    for certificate in _readable(text):
        if certificate.not_valid_after_utc <= timezone.now():
            when = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            return f"The certificate of {_named(certificate.subject)} expired at {when}: enter its successor."
    return ""


def expiry_of(text: str) -> datetime | None:
    """Return when the first of the certificates expires, None if the text has none that can be read."""
    return min((each.not_valid_after_utc for each in _readable(text)), default=None)


def certificates_in_words(text: str) -> str:
    """Return ``acct.example (issued by Acme CA, expires 2027-01-31)``, and how many more there are."""
    found = _readable(text)
    if not found:
        return "unreadable"
    first = found[0]
    issuer = "itself" if first.subject == first.issuer else _named(first.issuer)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_named(first.subject)} (issued by {issuer}, expires {first.not_valid_after_utc:%Y-%m-%d}){more}"


def _readable(text: str) -> list[x509.Certificate]:
    try:
        return certificates_in(text) if text else []
    except ValidationError:
        return []


def _named(name: x509.Name) -> str:
    """Return the common name, else the whole name, without odd characters."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[0].value) if common else name.rfc4514_string()
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100]) or "nobody"


# --- Names ------------------------------------------------------------------------------------------------------------


def names_in(text: str) -> list[str]:
    """Return the names of a list separated by commas or blanks."""
    return text.replace(",", " ").split()


def clean_certificate_names(text: str) -> str:
    """Return names that certificates may have, separated by a comma and a blank. Raises ``ValidationError``."""
    names = list(dict.fromkeys(clean_host(name).lower() for name in names_in(text)))
    if len(names) > MOST_NAMES:
        raise ValidationError(f"At most {MOST_NAMES} names are possible.", code="count")
    if any(len(name) > LONGEST_NAME for name in names):
        raise ValidationError(f"Each name has at most {LONGEST_NAME} characters.", code="length")
    return ", ".join(names)


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the names of a certificate: its common name, DNS names and IP addresses, in small letters."""
    names = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return [name.lower() for name in names]
    names += others.get_values_for_type(x509.DNSName)
    names += map(str, others.get_values_for_type(x509.IPAddress))
    return [name.lower() for name in names]


def means_one_of(certificate: x509.Certificate, hosts: Iterable[str]) -> bool:
    """Return whether a certificate names one of the hosts; ``*.example.net`` stands for one label."""
    names = set(names_of(certificate))
    return any(host in names or f"*.{host.partition('.')[2]}" in names for host in map(str.lower, hosts))
