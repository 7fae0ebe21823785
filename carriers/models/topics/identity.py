"""Who calls, as a carrier group is told, and which headers of the PBX it gets."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from carriers.fields import CallerNumbersField, HeaderNamesField, SipHostField
from carriers.values.identities import validate_caller_number, validate_sip_user


class FromUser(models.TextChoices):
    AS_SENT = "as_sent", "As the PBX sends it"
    ACCOUNT = "account", "The account: the credential's username"
    FIXED = "fixed", "Always this one"


class Domain(models.TextChoices):
    AS_SENT = "as_sent", "As the PBX sends it"
    CARRIER = "carrier", "The carrier's: the credential's SIP domain, or else the endpoint's address"
    OURS = "ours", "Ours: the name or address of this system"
    FIXED = "fixed", "Always this one"


class DisplayName(models.TextChoices):
    AS_SENT = "as_sent", "As the PBX sends it"
    REMOVE = "remove", "None"
    NUMBER = "number", "The caller's number"


class Asserted(models.TextChoices):
    """What a header that names the caller says."""

    KEEP = "keep", "As the PBX sends it"
    REMOVE = "remove", "None"
    CALLER = "caller", "The caller's number"
    FIXED = "fixed", "The fixed number"


class Privacy(models.TextChoices):
    KEEP = "keep", "As the PBX sends it"
    ID = "id", "Privacy: id with every call whose caller hides the number"
    REMOVE = "remove", "None"


class Diversion(models.TextChoices):
    KEEP = "keep", "As the PBX sends it"
    REMOVE = "remove", "None"
    FIXED = "fixed", "The fixed number, in calls that the PBX diverts"


class HeaderFilter(models.TextChoices):
    NONE = "none", "All headers of the PBX pass"
    UNKNOWN_X = "unknown_x", "Headers that begin with X- are removed"


def choice(name: str, choices: type[models.TextChoices], default: str, help_text: str = "") -> models.CharField:
    """Make a field for one of several choices."""
    return models.CharField(name, max_length=9, choices=choices.choices, default=default, help_text=help_text)


def asserted(header: str) -> models.CharField:
    """Make the field of a header that names the caller."""
    return choice(header, Asserted, Asserted.KEEP)


class IdentityFields(models.Model):
    """From, To, the headers that name the caller, privacy, and headers of the PBX's own."""

    from_user = choice("From user", FromUser, FromUser.AS_SENT)
    from_user_value = models.CharField(
        "fixed From user",
        max_length=64,
        blank=True,
        default="",
        validators=[validate_sip_user],
        help_text="A number or a name, for From user “always this one”.",
    )
    from_domain = choice("From domain", Domain, Domain.AS_SENT)
    from_domain_value = SipHostField(
        "fixed From domain", blank=True, default="", help_text="For From domain “always this one”."
    )
    to_domain = choice(
        "To domain",
        Domain,
        Domain.AS_SENT,
        "With any other choice than “as the PBX sends it”, To has the number as it is sent to the carrier, too.",
    )
    to_domain_value = SipHostField(
        "fixed To domain", blank=True, default="", help_text="For To domain “always this one”."
    )
    display_name = choice("display name", DisplayName, DisplayName.AS_SENT, "The name beside the number in From.")
    asserted_identity = asserted("P-Asserted-Identity")
    preferred_identity = asserted("P-Preferred-Identity")
    remote_party_id = asserted("Remote-Party-ID")
    identity_number = models.CharField(
        "fixed number",
        max_length=25,
        blank=True,
        default="",
        validators=[validate_caller_number],
        help_text="For the headers above, and Diversion, with “the fixed number”.",
    )
    privacy = choice(
        "Privacy",
        Privacy,
        Privacy.KEEP,
        "“None” is not possible together with headers that would then show a hidden number.",
    )
    trusted = models.BooleanField(
        "sees hidden numbers",
        default=False,
        help_text="Headers with “the caller's number” have it even if the caller hides it. Off: such calls have none.",
    )
    diversion = choice("Diversion", Diversion, Diversion.KEEP, "Who diverted the call.")
    header_filter = choice("the PBX's own headers", HeaderFilter, HeaderFilter.UNKNOWN_X)
    passed_headers = HeaderNamesField(
        "X- headers that pass",
        max_length=200,
        blank=True,
        default="",
        help_text="Names separated by blanks, such as X-Customer-Id.",
    )
    removed_headers = HeaderNamesField(
        "further headers removed",
        max_length=200,
        blank=True,
        default="",
        help_text="Names separated by blanks, such as User-Agent P-Charge-Info.",
    )

    class Meta:
        abstract = True


def _known(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": choices.values}), name=f"carrier_group_{field}_known"
    )


_HEADERS = {
    "asserted_identity": "P-Asserted-Identity",
    "preferred_identity": "P-Preferred-Identity",
    "remote_party_id": "Remote-Party-ID",
}
_ASSERTED = tuple(_HEADERS)
IDENTITY_CONSTRAINTS = (
    _known("from_user", FromUser),
    _known("from_domain", Domain),
    _known("to_domain", Domain),
    _known("display_name", DisplayName),
    *[_known(name, Asserted) for name in _ASSERTED],
    _known("privacy", Privacy),
    _known("diversion", Diversion),
    _known("header_filter", HeaderFilter),
    models.CheckConstraint(
        condition=~models.Q(privacy="remove") | ~models.Q(**dict.fromkeys(_ASSERTED, "keep"), _connector=models.Q.OR),
        name="carrier_group_privacy_hides",
    ),
)


def identity_errors(group: Any) -> dict[str, ValidationError]:
    """Return what does not go together in a group's identity, by the name of the field."""
    errors = {}
    for name, value, words in (
        ("from_user", "from_user_value", "a fixed From user"),
        ("from_domain", "from_domain_value", "a fixed From domain"),
        ("to_domain", "to_domain_value", "a fixed To domain"),
    ):
        if getattr(group, name) == "fixed" and not getattr(group, value):
            errors[value] = ValidationError(f"Enter {words}, or choose something else for it.", code="missing")
    fixed = [name for name in (*_ASSERTED, "diversion") if getattr(group, name) == "fixed"]
    if fixed and not group.identity_number:
        errors["identity_number"] = ValidationError(
            "Enter the number that the headers with “the fixed number” have.", code="missing"
        )
    if group.privacy == Privacy.REMOVE:
        shown = [name for name in _ASSERTED if getattr(group, name) == "keep"]
        shown += [name for name in _ASSERTED if getattr(group, name) == "caller" and group.trusted]
        if shown:
            headers = ", ".join(_HEADERS[name] for name in shown)
            errors["privacy"] = ValidationError(
                f"Without Privacy the hidden number in {headers} would be shown to the called party: remove {headers},"
                " or keep Privacy.",
                code="shown",
            )
    return errors


def explain_identity(settings: Any) -> str:
    """Say what a carrier is told of the caller."""
    user = {"as_sent": "the user", "account": "the account"}.get(settings.from_user, settings.from_user_value)
    whose = {"as_sent": "the domain", "carrier": "the carrier's domain", "ours": "our domain"}
    sentences = [
        f"From has {user} and {whose.get(settings.from_domain, settings.from_domain_value)}"
        + (" that the PBX sends." if "as_sent" in (settings.from_user, settings.from_domain) else ".")
    ]
    if settings.to_domain != Domain.AS_SENT:
        domain = whose.get(settings.to_domain, settings.to_domain_value)
        sentences.append(f"To has {domain}, with the number as it is sent to the carrier.")
    written = [_HEADERS[name] for name in _ASSERTED if getattr(settings, name) == Asserted.CALLER]
    if written:
        hidden = "also if the caller hides it" if settings.trusted else "and is left out if the caller hides it"
        sentences.append(f"{' and '.join(written)} has the caller's number, {hidden}.")
    fixed = [_HEADERS[name] for name in _ASSERTED if getattr(settings, name) == Asserted.FIXED]
    if fixed:
        sentences.append(f"{' and '.join(fixed)} has always {settings.identity_number}.")
    if settings.header_filter == HeaderFilter.UNKNOWN_X:
        passed = f", except {settings.passed_headers.replace(' ', ', ')}" if settings.passed_headers else ""
        sentences.append(f"Headers of the PBX that begin with X- are removed{passed}.")
    return " ".join(sentences)


class PBXIdentityFields(models.Model):
    """The numbers that a PBX may call from, and the one that takes the place of others."""

    caller_numbers = CallerNumbersField(
        "allowed caller numbers",
        max_length=1000,
        blank=True,
        default="",
        help_text="Numbers separated by blanks; +4930123* allows all that begin so. Blank: any number.",
    )
    fallback_number = models.CharField(
        "default caller number",
        max_length=25,
        blank=True,
        default="",
        validators=[validate_caller_number],
        help_text="Sent in place of a caller's number that is not allowed, and where the PBX sends none or just an"
        " extension. Blank: a caller that is not allowed is refused with 403, and others stay as the PBX sends them.",
    )

    class Meta:
        abstract = True
