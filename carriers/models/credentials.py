"""Auth credentials: username and password for a carrier that challenges our calls, and may want a registration."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.views.decorators.debug import sensitive_variables

from carriers.fields import PORT_HELP, PortField, SipHostField, Transport
from carriers.models.base import CarrierModel
from carriers.models.groups import CarrierGroup
from carriers.passwords import encryption
from carriers.passwords.digest import ha1
from carriers.validators import validate_printable, validate_quotable, validate_user_part
from carriers.values.addresses import format_account

MAX_PASSWORD_LENGTH = 128


class AuthCredential(CarrierModel):
    """A carrier group's username and password. The password is write-only: only its digest leaves the model.

    Widths follow Kamailio's ``uacreg`` table (stock schema 5.6: 64 characters).
    """

    group = models.OneToOneField(CarrierGroup, on_delete=models.CASCADE, related_name="credential")
    username = models.CharField(max_length=64, validators=[validate_user_part])
    auth_username = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[validate_quotable],
        help_text="Username for the digest, where the carrier gave you another one. Blank: the username.",
    )
    password_ciphertext = models.TextField(editable=False, default="")
    registrar = SipHostField(
        "registration server",
        max_length=64,
        help_text="Host name or IP address of the carrier's registrar; host:port is understood.",
    )
    port = PortField("registrar port", null=True, blank=True, help_text=PORT_HELP)
    transport = models.CharField("registrar transport", max_length=3, choices=Transport.choices, default=Transport.UDP)
    realm = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[validate_quotable],
        help_text="Digest realm that the carrier uses. Blank: the registration server's host.",
    )
    register = models.BooleanField(
        default=True, help_text="Register at the carrier. Off: only answer its challenges of our calls."
    )
    expires = models.PositiveIntegerField(
        default=3600,
        validators=[MinValueValidator(60), MaxValueValidator(86400)],
        help_text="Seconds until a registration is renewed at the latest: 60 to 86400.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(username=""), name="credential_username_not_blank"),
            models.CheckConstraint(condition=~models.Q(registrar=""), name="credential_registrar_not_blank"),
            models.CheckConstraint(condition=models.Q(port__gte=1, port__lte=65535), name="credential_port_range"),
            models.CheckConstraint(
                condition=models.Q(expires__gte=60, expires__lte=86400), name="credential_expires_range"
            ),
            models.CheckConstraint(
                condition=models.Q(transport__in=Transport.values), name="credential_transport_known"
            ),
        ]

    def __str__(self) -> str:
        return format_account(self.username, self.registrar, self.port, self.transport)

    @property
    def effective_auth_username(self) -> str:
        """The username that the digest is computed with."""
        return self.auth_username or self.username

    @property
    def effective_realm(self) -> str:
        """The realm that the digest is computed with."""
        return self.realm or self.registrar

    @property
    def has_password(self) -> bool:
        """Whether a password is stored; it is unreadable if its key was lost."""
        return bool(self.password_ciphertext)

    @sensitive_variables("password")
    def set_password(self, password: str) -> None:
        """Check and encrypt a new password. Raises ``ValidationError`` keyed by ``password``; saves nothing."""
        if not password:
            raise ValidationError({"password": ValidationError("Enter a password.", code="blank")})
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(
                {"password": ValidationError(f"A password has at most {MAX_PASSWORD_LENGTH} characters.", code="long")}
            )
        try:
            validate_printable(password)
        except ValidationError as error:
            raise ValidationError({"password": error}) from None
        self.password_ciphertext = encryption.encrypt(password)

    @sensitive_variables("password")
    def password_is(self, password: str) -> bool:
        """Return whether the stored password is this one; False if it can't be read."""
        try:
            return self.has_password and encryption.decrypt(self.password_ciphertext) == password
        except encryption.SecretUnreadable:
            return False

    def ha1(self) -> str:
        """Return the digest's HA1 (RFC 2617, section 3.2.2.2). Raises ``SecretUnreadable``."""
        return ha1(self.effective_auth_username, self.effective_realm, encryption.decrypt(self.password_ciphertext))
