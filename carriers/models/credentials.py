"""Auth credentials: username and password for a carrier that challenges our calls, and may want a registration."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.views.decorators.debug import sensitive_variables

from carriers.fields import PORT_HELP, PortField, RealmsField, RegistrarsField, SipHostField, Transport
from carriers.models.base import CarrierModel
from carriers.models.groups import CarrierGroup
from carriers.passwords import encryption
from carriers.passwords.digest import ha1
from carriers.validators import validate_account, validate_contact_user, validate_printable, validate_quotable
from carriers.values.accounts import split_username
from carriers.values.addresses import format_account

MAX_PASSWORD_LENGTH = 128
REGISTRAR_MISSING = "Enter the registration server, or untick register."


class AuthCredential(CarrierModel):
    """A carrier group's username and password. The password is write-only: only its digest leaves the model.

    Widths follow Kamailio's ``uacreg`` table (stock schema 5.6: 64 characters).
    """

    group = models.OneToOneField(CarrierGroup, on_delete=models.CASCADE, related_name="credential")
    username = models.CharField(
        max_length=64,
        validators=[validate_account],
        help_text="The account's name, such as 1000, or 1000@sip.acme.example if the carrier gave you both.",
    )
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
        blank=True,
        default="",
        help_text="Host name or IP address to which we send registrations: the registrar, or the outbound proxy that"
        " the carrier names. host:port is understood. May be blank where we don't register.",
    )
    port = PortField("registrar port", null=True, blank=True, help_text=PORT_HELP)
    transport = models.CharField("registrar transport", max_length=3, choices=Transport.choices, default=Transport.UDP)
    more_registrars = RegistrarsField(
        "further registration servers",
        max_length=255,
        blank=True,
        default="",
        help_text="Servers at which the account registers at the same time, separated by commas, such as"
        " gw2.acme.example:5060, sip:gw3.acme.example;transport=tcp.",
    )
    domain = SipHostField(
        "SIP domain",
        max_length=64,
        blank=True,
        default="",
        help_text="The account's domain, where it is not the registration server's name: it stands in the R-URI, From"
        " and To of registrations. Blank: the domain in the username, else the registration server.",
    )
    calls_to_domain = models.BooleanField(
        "calls name the SIP domain",
        default=False,
        help_text="The R-URI of calls has the SIP domain in place of the endpoint's address, to which they are sent.",
    )
    contact_user = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[validate_contact_user],
        help_text="User of the registration's Contact, which the carrier calls: the account or your main number, if it"
        " insists on one. Blank: a name of ours.",
    )
    whole_trunk = models.BooleanField(
        "register the whole trunk",
        default=False,
        help_text="The Contact has no user and the parameter bnc: all numbers of the trunk lead to us (RFC 6140).",
    )
    service_route = models.BooleanField(
        "follow Service-Route",
        default=False,
        help_text="Calls take the route that the registration server names in its answer (RFC 3608).",
    )
    more_realms = RealmsField(
        "further realms",
        max_length=255,
        blank=True,
        default="",
        help_text="Realms that the carrier's other hosts ask for, separated by commas. The password is the same.",
    )
    realm = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[validate_quotable],
        help_text="Digest realm that the carrier uses. Blank: the SIP domain, else the registration server.",
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
            models.CheckConstraint(
                condition=~models.Q(registrar="") | models.Q(register=False), name="credential_registrar_to_register"
            ),
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

    def clean(self) -> None:
        if self.register and not self.registrar:
            raise ValidationError({"registrar": ValidationError(REGISTRAR_MISSING, code="missing")})
        if self.whole_trunk and self.contact_user:
            error = ValidationError("Clear this: the Contact of a whole trunk has no user.", code="contradiction")
            raise ValidationError({"contact_user": error})
        if self.calls_to_domain and not (self.domain or split_username(self.username).domain):
            raise ValidationError({"domain": ValidationError("Enter the SIP domain that calls name.", code="missing")})

    @property
    def effective_auth_username(self) -> str:
        """The username that the digest is computed with."""
        return self.auth_username or self.username

    @property
    def effective_realm(self) -> str:
        """The realm that the digest is computed with."""
        return self.realm or self.effective_domain

    @property
    def effective_domain(self) -> str:
        """The domain of the account's SIP address, "" if nothing names one."""
        return self.domain or split_username(self.username).domain or self.registrar

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

    def ha1(self, realm: str = "") -> str:
        """Return the digest's HA1 (RFC 2617, section 3.2.2.2), for another realm if given.

        Raises ``SecretUnreadable``.
        """
        password = encryption.decrypt(self.password_ciphertext)
        return ha1(self.effective_auth_username, realm or self.effective_realm, password)
