"""The scene of an end to end test: a Kamailio, a PBX, carriers, and the carriers' rows in the product's database."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.node import Node
from tests.e2e.nodes import running_node
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account, md5
from tests.e2e.sip.incoming import Behaviour
from tests.e2e.sip.outgoing import PATIENCE, Call, NoAnswer
from tests.e2e.sip.registrar import Registrar

# Each user agent has an address of its own, because Kamailio tells PBXs and carriers apart by address.
PBX_ADDRESS = "127.30.9.1"
CARRIERS_NETWORK = "127.30.8"
# No two of a run have the same one: a stranger gets few answers a minute.
STRANGERS = (f"127.31.{high}.{low}" for high in itertools.count() for low in range(1, 255))


class Scene:
    """The environment of a test, in the terms of the product. Closing it removes all rows from the node."""

    def __init__(self, process: NodeProcess) -> None:
        self.process = process
        # By its pipe, where a test may give commands that are none of the site's, too.
        self.node = Node("edge", process.parameters.local_rpc(timeout=20))
        self.agents = ExitStack()
        self._hosts = itertools.count(1)
        self._secrets = {process.parameters.rpc_token}
        self._log_start = len(process.log_text())
        self.pbx = self.agents.enter_context(UserAgent(PBX_ADDRESS))
        self.pbx_row = PBX.objects.create(name="office", host=self.pbx.address, port=self.pbx.port)
        SourceNetwork.objects.create(pbx=self.pbx_row, network=f"{PBX_ADDRESS}/32")
        InboundRoute.objects.create(prefix="", pbx=self.pbx_row)

    @property
    def proxy(self) -> str:
        """Kamailio's address, as in a SIP URI."""
        return f"{self.process.parameters.sip_address}:{self.process.parameters.sip_port}"

    def close(self) -> None:
        """End registrations while the registrars still run, to keep the next test undisturbed."""
        with self.agents:
            if AuthCredential.objects.exists():
                CarrierGroup.objects.all().delete()
                self.apply(allow_empty=True)

    # --- Who takes part

    def carrier(self, behaviour: Behaviour | None = None, address: str = "", port: int = 0) -> UserAgent:
        return self.agents.enter_context(UserAgent(address or self._address(CARRIERS_NETWORK), behaviour, port))

    def registrar(self, *accounts: Account, behaviour: Behaviour | None = None, address: str = "") -> Registrar:
        self._secrets |= {secret for account in accounts for secret in secrets_of(account)}
        return self.agents.enter_context(
            Registrar(address or self._address(CARRIERS_NETWORK), *accounts, behaviour=behaviour)
        )

    def stranger(self) -> UserAgent:
        """Return a user agent that no row admits."""
        return self.agents.enter_context(UserAgent(next(STRANGERS)))

    # --- What the operator means

    def group(self, name: str, *endpoints: dict[str, Any], **values: Any) -> CarrierGroup:
        """Add a carrier group; ``to()`` makes its endpoints."""
        group = CarrierGroup.objects.create(name=name, **values)
        for position, endpoint in enumerate(endpoints, start=1):
            Endpoint.objects.create(group=group, position=position, **endpoint)
        return group

    def route(self, prefix: str, *groups: CarrierGroup) -> OutboundRoute:
        route = OutboundRoute.objects.create(prefix=prefix)
        for position, group in enumerate(groups, start=1):
            OutboundRouteGroup.objects.create(route=route, group=group, position=position)
        return route

    def credential(self, group: CarrierGroup, account: Account, registrar: UserAgent, **values: Any) -> AuthCredential:
        """Give a group the credential of an account; the realm is the account's."""
        credential = AuthCredential(
            group=group,
            username=account.username,
            registrar=registrar.address,
            port=registrar.port,
            **{"realm": account.realm, **values},
        )
        self._secrets |= secrets_of(account)
        credential.set_password(account.password)
        credential.full_clean()
        credential.save()
        return credential

    def apply(self, **options: Any) -> ApplyResult:
        """Press the button, and check that the node runs the new revision."""
        result = apply(author=None, nodes=[self.node], **options)
        assert result.ok, result.sentence
        return result

    # --- What happens

    def dial(self, number: str, **options: Any) -> Call:
        """Let the PBX call a number."""
        return self.pbx.call(number, self.proxy, **options)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds. Raises ``NoAnswer``."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise NoAnswer(f"The condition does not hold after {PATIENCE:g} s.")
            time.sleep(0.1)

    def report(self) -> str:
        """Return Kamailio's log of this test, without secrets, for the report of a failure."""
        text = self.process.log_text()[self._log_start :]
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def errors(self) -> list[str]:
        """Return the errors in Kamailio's log of this test.

        Two workers that handle a 200 and its retransmission at once let the ACK pass before the dialog's timer is
        set, a moment later. Kamailio logs that as an error, and it depends on the machine's load only.
        """
        lines = [line for line in self.report().splitlines() if "ERROR" in line]
        return [line for line in lines if "dlg_onroute(): failed to update dialog lifetime" not in line]

    def _address(self, network: str) -> str:
        return f"{network}.{next(self._hosts)}"


def to(agent: UserAgent, **values: Any) -> dict[str, Any]:
    """Return the values of an endpoint at a user agent's address."""
    return {"host": agent.address, "port": agent.port, **values}


def secrets_of(account: Account) -> set[str]:
    """Return an account's secrets: its password and digest."""
    return {account.password, md5(f"{account.username}:{account.realm}:{account.password}")}


@contextmanager
def scene_on_own_node(folder: Path, **options: Any) -> Iterator[Scene]:
    """Set the scene at a separate Kamailio, in ``folder``; ``options`` are those of ``running_node``."""
    with running_node(folder, **options) as process:
        scene = Scene(process)
        try:
            yield scene
        finally:
            scene.close()
