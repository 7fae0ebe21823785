"""Headers that a carrier group gets in addition: tokens, account numbers and the like."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.views.decorators.debug import sensitive_variables

from carriers.models.base import CarrierModel
from carriers.models.groups import CarrierGroup
from carriers.passwords import encryption
from carriers.values.identities import MAX_HEADER_VALUE, validate_header_name, validate_header_value

MAX_HEADERS = 20  # of one group


class ExtraHeader(CarrierModel):
    """One header with a value that everybody may see, or with a secret one, which is write-only like a password."""

    group = models.ForeignKey(CarrierGroup, on_delete=models.CASCADE, related_name="extra_headers")
    name = models.CharField(
        max_length=64,
        validators=[validate_header_name],
        help_text="Such as X-Account-Id. The PBX's own is removed.",
    )
    value = models.CharField(max_length=MAX_HEADER_VALUE, blank=True, default="", validators=[validate_header_value])
    secret_value_ciphertext = models.TextField("secret value", editable=False, default="")

    class Meta:
        ordering = ["group", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["group", "name"], name="extra_header_once_a_group"),
            models.CheckConstraint(condition=~models.Q(name=""), name="extra_header_name_not_blank"),
            models.CheckConstraint(
                condition=models.Q(value="") ^ models.Q(secret_value_ciphertext=""), name="extra_header_one_value"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.value and self.is_secret:
            raise ValidationError({"value": ValidationError("A header has a value or a secret one.", code="both")})

    @property
    def is_secret(self) -> bool:
        """Whether a secret value is stored; it is unreadable if its key was lost."""
        return bool(self.secret_value_ciphertext)

    @sensitive_variables("value")
    def set_secret_value(self, value: str) -> None:
        """Check and encrypt a secret value. Raises ``ValidationError`` keyed by ``value``; saves nothing."""
        if len(value) > MAX_HEADER_VALUE:
            text = f"A value has at most {MAX_HEADER_VALUE} characters."
            raise ValidationError({"value": ValidationError(text, code="long")})
        try:
            validate_header_value(value)
        except ValidationError as error:
            raise ValidationError({"value": error}) from None
        self.value, self.secret_value_ciphertext = "", encryption.encrypt(value)

    @sensitive_variables("value")
    def secret_value_is(self, value: str) -> bool:
        """Return whether the stored secret value is this one; False if it can't be read."""
        try:
            return self.is_secret and encryption.decrypt(self.secret_value_ciphertext) == value
        except encryption.SecretUnreadable:
            return False

    def sent_value(self) -> str:
        """Return the value that a carrier gets. Raises ``SecretUnreadable``."""
        return encryption.decrypt(self.secret_value_ciphertext) if self.is_secret else self.value
