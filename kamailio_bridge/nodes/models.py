"""Nodes as operators enter them: the RPC URL of each Kamailio, and the source of its token."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.nodes.rpc_url import local_rpc_url, normal_rpc_url, validate_rpc_url
from kamailio_bridge.nodes.tokens import OWN_TOKEN, TokenMissing, normal_token_source, read_token, validate_token_source

LOCAL_NAME = "local"

validate_name = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    "Use letters, digits, dots, hyphens and underscores; begin with a letter or digit.",
)


class KamailioNode(models.Model):
    """One Kamailio node. Without any row the local one of the settings is used."""

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
        f" with {OWN_TOKEN}_, or the name of a file in the site's folder of tokens (DSIPROUTER_RPC_TOKEN_FOLDER).",
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
        """Normalise URL and token source: a URL without a path gets Kamailio's."""
        self.rpc_url = normal_rpc_url(self.rpc_url)
        self.token_from = normal_token_source(self.token_from)

    def rpc(self) -> Rpc:
        """Return the client for this node; without a token, each of its calls raises an error that says so."""
        fifo = settings.DSIPROUTER_RPC_FIFO if self.rpc_url == local_rpc_url() else None
        try:
            return Rpc(self.rpc_url, read_token(self.token_from), self.time_limit, fifo=fifo)
        except TokenMissing as missing:
            return Rpc(self.rpc_url, "", self.time_limit, trouble=str(missing), fifo=fifo)


def local_node_rpc() -> Rpc:
    """Return the client for the node of the settings, which is used while no node is entered."""
    return Rpc(
        local_rpc_url(),
        settings.DSIPROUTER_RPC_TOKEN,
        settings.KAMAILIO_RPC_TIMEOUT,
        fifo=settings.DSIPROUTER_RPC_FIFO,
    )
