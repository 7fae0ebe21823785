"""A carrier's registrar, which challenges, keeps bindings, and counts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.dialog import target_of
from tests.e2e.sip.digest import Account, new_nonce
from tests.e2e.sip.incoming import Behaviour, Incoming
from tests.e2e.sip.message import Uri, parameter


@dataclass(frozen=True)
class Binding:
    """The Contact of a registered customer."""

    contact: str
    expires: int
    time: float = field(default_factory=time.monotonic)


class Registrar(UserAgent):
    """A carrier where customers register. ``bindings`` are by username; ``faults`` lists the wrong digests."""

    def __init__(self, address: str, *accounts: Account, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.accounts = {account.username: account for account in accounts}
        self.service_route = ""
        self.bindings: dict[str, Binding] = {}
        self.ended: list[str] = []
        self.faults: list[str] = []
        self.refusal = 403  # to a wrong digest; some ask again instead (401)
        self._nonces: dict[str, str] = {}
        super().__init__(address, behaviour, port)

    def add(self, *accounts: Account) -> None:
        self.accounts |= {account.username: account for account in accounts}

    def registers(self, username: str | None = None) -> list[Incoming]:
        """Return the REGISTER requests of one customer, or of all."""
        return [
            incoming
            for incoming in self.requests("REGISTER")
            if username is None or Uri.parse(incoming.message.get("to")).user == username
        ]

    def take_request(self, incoming: Incoming) -> None:
        if incoming.method == "REGISTER":
            self._take_register(incoming)
        else:
            super().take_request(incoming)

    def wait_until_registered(self, *usernames: str, timeout: float = 10.0) -> None:
        """Wait until customers are registered. The issue allows 10 s from the button."""
        deadline = time.monotonic() + timeout
        while missing := set(usernames) - self.bindings.keys():
            assert time.monotonic() < deadline, f"not registered: {sorted(missing)}; digests: {self.faults}"
            time.sleep(0.05)

    def _take_register(self, incoming: Incoming) -> None:
        request = incoming.message
        username = Uri.parse(request.get("to")).user
        account = self.accounts.get(username)
        if account is None:
            incoming.reply(404)
        elif not request.has("authorization"):
            self._ask(incoming, account)
        elif fault := account.fault(request, self._nonces.get(request.call_id, ""), "authorization"):
            self.faults.append(f"{username}: {fault}")
            if self.refusal == 401:
                self._ask(incoming, account)
            else:
                incoming.reply(self.refusal)
        elif request.has("contact"):
            self._bind(incoming, username)
        else:
            incoming.reply(200)  # only a question: what is bound stays as it is

    def _ask(self, incoming: Incoming, account: Account) -> None:
        nonce = self._nonces[incoming.message.call_id] = new_nonce()
        challenges = (*account.other_challenges, account.challenge(nonce))
        incoming.reply(401, *(("www-authenticate", challenge) for challenge in challenges))

    def _bind(self, incoming: Incoming, username: str) -> None:
        request = incoming.message
        contact = request.get("contact")
        expires = int(parameter(re.sub(r"<.*>", "", contact), "expires") or request.get("expires") or 3600)
        if expires:
            self.bindings[username] = Binding(target_of(request), expires)
            route = [("service-route", self.service_route)] if self.service_route else []
            incoming.reply(200, ("contact", f"{contact.partition('>')[0]}>;expires={expires}"), *route)
        else:
            bound = self.bindings.get(username)
            if bound is not None and bound.contact == target_of(request):  # another contact's binding stays
                del self.bindings[username]
            self.ended.append(username)
            incoming.reply(200)
