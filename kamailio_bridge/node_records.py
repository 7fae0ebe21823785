"""Nodes as operators enter them: where each Kamailio is reached, and where the token for it comes from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from kamailio_bridge.rpc import Rpc
from kamailio_bridge.rpc_url import local_rpc_url, normal_rpc_url, validate_rpc_url

OWN_TOKEN = "DSIPROUTER_RPC_TOKEN"  # noqa: S105 - the name of a variable
# Only variables that are made for this: any other of the environment (the secret key!) must never be sent to a node.
TOKEN_VARIABLE = re.compile(rf"{OWN_TOKEN}(_[A-Z0-9_]+)?")
MAX_TOKEN = 256  # characters; more is a file that is no token's
LOCAL_NAME = "local"

validate_name = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    "Use letters, digits, dots, hyphens and underscores; begin with a letter or digit.",
)


def validate_token_source(value: str) -> None:
    """Take the name of one of our variables or an absolute path; a token itself must not be stored."""
    if not TOKEN_VARIABLE.fullmatch(value) and not value.startswith("/"):
        raise ValidationError(
            f"Enter where the token is, not the token: the variable {OWN_TOKEN}, one whose name begins with"
            f" {OWN_TOKEN}_, or the absolute path of a file."
        )


class TokenMissing(Exception):
    """A node's token can't be read. ``str()`` is a sentence for the operator."""


class KamailioNode(models.Model):
    """One Kamailio that runs what the carriers call for. Without any row the local one is meant."""

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[validate_name],
        help_text="What its environment has as DSIPROUTER_NODE: by it Kamailio knows which accounts it registers."
        " It can't be changed later.",
    )
    rpc_url = models.CharField(
        "RPC URL",
        max_length=200,
        unique=True,
        validators=[validate_rpc_url],
        help_text="Where it answers JSON-RPC, such as http://10.0.0.5:5062/RPC.",
    )
    token_from = models.CharField(
        "token from",
        max_length=200,
        default=OWN_TOKEN,
        validators=[validate_token_source],
        help_text=f"Never the token itself: {OWN_TOKEN}, another variable of the site's environment whose name begins"
        f" with {OWN_TOKEN}_, or the absolute path of a file that the site can read.",
    )
    time_limit = models.PositiveSmallIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text="Seconds that it may take for one reload and its verification, in all.",
    )
    enabled = models.BooleanField(
        default=True, help_text="A disabled node is not reloaded, and the others register what it registered."
    )

    class Meta:
        verbose_name = "node"
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Write the URL as it is used: the path is Kamailio's unless another is given."""
        self.rpc_url = normal_rpc_url(self.rpc_url)

    def rpc(self) -> Rpc:
        """Return the client for this node; without a token, one that says so at every call."""
        try:
            return Rpc(self.rpc_url, self.token(), self.time_limit)
        except TokenMissing as missing:
            return Rpc(self.rpc_url, "", self.time_limit, trouble=str(missing))

    def token(self) -> str:
        """Read the token from where it is. Raises ``TokenMissing``."""
        if self.token_from == OWN_TOKEN:
            return str(settings.DSIPROUTER_RPC_TOKEN)  # it may be in the file .env or in the home, too
        if not self.token_from.startswith("/"):
            token = os.environ.get(self.token_from, "")
            where = f"the variable {self.token_from} of the site's environment"
        else:
            token = _first_line(self.token_from)
            where = f"the file {self.token_from}"
        if not token or len(token) > MAX_TOKEN or not token.isprintable():
            raise TokenMissing(f"There is no token in {where}: write it there, or change the node's “token from”.")
        return token


def local_node_rpc() -> Rpc:
    """Return the client for the node of the settings, which is there while no node is entered."""
    return Rpc(local_rpc_url(), settings.DSIPROUTER_RPC_TOKEN, settings.KAMAILIO_RPC_TIMEOUT)


def _first_line(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(MAX_TOKEN + 2)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TokenMissing(f"The node's token can't be read from the file {path}: {reason}.") from None
    return text.strip()
