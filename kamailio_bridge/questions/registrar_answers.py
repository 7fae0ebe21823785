"""Registrars' answers, as ``kamailio/registrations.cfg`` keeps them, in sentences that name the cause."""

from __future__ import annotations

import re
from typing import NamedTuple

from carriers.snapshots.records import CredentialRecord

NO_MD5 = " (no MD5 digest)"  # ends an answer without a challenge that Kamailio can answer
_MOVED = re.compile(r"(?P<answer>.*) \(moved to (?P<where>.*)\)")
_GRANTED = re.compile(r"(?P<answer>2.*) \(granted (?P<seconds>\d+) s\)")
_CHECK = "check username, auth username and password with the carrier"
_ODD = re.compile(r"[^ -~]")


class Answer(NamedTuple):
    """A registrar's last answer: ``text``, and ``moved_to`` or ``granted`` if it had these."""

    text: str
    has_no_md5: bool = False
    moved_to: str | None = None
    granted: int | None = None

    @property
    def code(self) -> int:
        """The SIP status, 0 where there is none."""
        code = self.text.partition(" ")[0]
        return int(code) if code.isdecimal() and len(code) == 3 else 0

    @property
    def words(self) -> str:
        """The answer in a few words, for lists."""
        return self.text + NO_MD5 if self.has_no_md5 else self.text

    @property
    def is_challenge(self) -> bool:
        return self.code in (401, 407)


def parse_answer(noted: str) -> Answer:
    """Parse an answer as a node keeps it."""
    if noted.endswith(NO_MD5):
        return Answer(noted.removesuffix(NO_MD5), has_no_md5=True)
    if found := _MOVED.fullmatch(noted):
        return Answer(found["answer"], moved_to=found["where"])
    if found := _GRANTED.fullmatch(noted):
        return Answer(found["answer"], granted=int(found["seconds"]))
    return Answer(noted)


def as_noted(realm: str) -> str:
    """Return a realm as a node keeps it: 64 bytes, with a question mark for each that is not printable ASCII."""
    return _ODD.sub("?", realm.encode()[:64].decode("latin-1"))


def explain(answer: Answer, credential: CredentialRecord) -> str:
    """Say in one sentence what the registrar answered and what to do about it."""
    if answer.granted is not None:
        return (
            f"The registrar answers {answer.text} but grants only {answer.granted} s, too short for a registration:"
            " ask the carrier whether the account may register, and for how long."
        )
    return f"The registrar answered {answer.text}: {_advice(answer, credential)}."


def _advice(answer: Answer, credential: CredentialRecord) -> str:
    if answer.has_no_md5:
        return "none of its challenges is an MD5 digest that Kamailio can answer: ask the carrier for MD5"
    if answer.moved_to is not None:
        return (
            f"it names {answer.moved_to} instead. If the carrier confirms it, enter that as the registration server,"
            " save, then press Reload Kamailio"
        )
    if answer.code // 100 == 5:
        return "the carrier's server has failed: ask the carrier if this persists"
    return {
        401: _CHECK,
        407: _CHECK,
        403: f"{_CHECK}, and that the account is not locked and may register from this address",
        404: (
            f"it does not know {credential.user}@{credential.uri_domain}: check the username, and the SIP domain, which"
            " may be another name than the registration server's"
        ),
        423: f"{credential.expires} s are too short for it: set the credential's expires to what the carrier asks for",
    }.get(answer.code, "ask the carrier what is wrong with the account")
