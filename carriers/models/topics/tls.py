"""How endpoints with TLS prove who they are, and how we do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.views.decorators.debug import sensitive_variables

from carriers.fields import AuthoritiesField, CertificateNamesField, CertificatesField
from carriers.passwords import encryption
from carriers.values.pem import certificates_in_words, clean_pem, first_expired, is_key_of, read_key

KEY = "client_key"


class TlsFields(models.Model):
    """Whom a carrier group believes over TLS, and which certificate it shows."""

    ca_certificates = AuthoritiesField(
        "CA certificates",
        blank=True,
        default="",
        help_text="The certification authorities, in PEM format, that are trusted for this carrier instead of the"
        " node's. Blank: the node's.",
    )
    client_certificate = CertificatesField(
        blank=True,
        default="",
        help_text="What this carrier gets when it asks for a certificate, in PEM format, with its chain behind it."
        " Blank: the node's certificate.",
    )
    client_key_ciphertext = models.TextField("client key", editable=False, default="")
    certificate_names = CertificateNamesField(
        "further names accepted",
        max_length=400,
        blank=True,
        default="",
        help_text="Up to five host names, separated by commas, that the carrier's certificate may have instead of the"
        " endpoint's address.",
    )
    verify_certificate = models.BooleanField(
        "verify the carrier's certificate",
        default=True,
        help_text="Unticked: any certificate will do, so that nobody knows who gets the calls.",
    )

    class Meta:
        abstract = True

    @property
    def has_client_key(self) -> bool:
        """Whether a key is stored; it is unreadable if the key that encrypted it was lost."""
        return bool(self.client_key_ciphertext)

    @sensitive_variables("key")
    def set_client_key(self, key: str) -> None:
        """Check and encrypt a key, "" for none. Raises ``ValidationError`` keyed by ``client_key``; saves nothing."""
        key = clean_pem(key)
        try:
            if key:
                read_key(key)
        except ValidationError as error:
            raise ValidationError({KEY: error}) from None
        if not key:
            self.client_key_ciphertext = ""
        elif not self.client_key_is(key):  # an equal one keeps its ciphertext, and so is no change
            self.client_key_ciphertext = encryption.encrypt(key)

    @sensitive_variables("key")
    def client_key_is(self, key: str) -> bool:
        """Return whether the stored key is this one; False if it can't be read."""
        try:
            return self.has_client_key and self.client_key() == key
        except encryption.SecretUnreadable:
            return False

    def client_key(self) -> str:
        """Return the key in PEM format, "" for none. Raises ``SecretUnreadable``."""
        return encryption.decrypt(self.client_key_ciphertext) if self.has_client_key else ""


def tls_errors(group: Any) -> dict[str, ValidationError]:
    """Return what does not go together, by the name of the field."""
    errors = {}
    for name in ("ca_certificates", "client_certificate"):
        sentence = first_expired(getattr(group, name))
        if sentence and not _is_stored(group, name):
            errors[name] = ValidationError(sentence, code="expired")
    if group.client_certificate and not group.client_key_ciphertext:
        errors[KEY] = ValidationError("Enter the key of the client certificate.", code="missing")
    elif group.client_key_ciphertext and not group.client_certificate:
        sentence = "Enter the certificate of the client key, or remove the key, too."
        errors["client_certificate"] = ValidationError(sentence, code="missing")
    elif group.client_key_ciphertext:
        try:
            if not is_key_of(group.client_key(), group.client_certificate):
                errors[KEY] = ValidationError("This key does not belong to the client certificate.", code="other")
        except (encryption.SecretUnreadable, ValidationError):
            pass  # the page says that the key is lost; the certificate has an error of its own
    return errors


def _is_stored(group: Any, name: str) -> bool:
    """Return whether a value is what is stored already: what expired later must not keep a page from being saved."""
    stored = type(group)._default_manager.filter(pk=group.pk).values_list(name, flat=True).first()
    return bool(stored == getattr(group, name))


def explain_tls(settings: Any) -> str:
    """Say which certificates endpoints with TLS must have, and which one they get."""
    if not settings.verify_certificate:
        sentences = ["Endpoints with TLS may have any certificate: nobody knows who gets the calls."]
    else:
        names = "the endpoint's address"
        if settings.certificate_names:
            names += f" or {settings.certificate_names.replace(', ', ' or ')}"
        ca = settings.ca_certificates
        authority = certificates_in_words(ca) if ca else "an authority that the node trusts"
        sentences = [f"The certificates of endpoints with TLS must name {names}, and come from {authority}."]
    shown = settings.client_certificate
    sentences.append(
        f"They get {certificates_in_words(shown) if shown else 'the certificate of the node'} if they ask."
    )
    return " ".join(sentences)
