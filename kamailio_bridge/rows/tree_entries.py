"""The entries of the prefix tree: a prefix with the letter of its direction, and the destination of its calls.

A value is our mark and the ids of the sets, and where calls are shared among them a colon and the shares, 0 for a set
without one: ``dsiprouter:7;8;9:70;30;0``. For a route that answers its calls itself, ``refuse:403:reason`` or
``unavailable`` follows the mark. ``kamailio/outbound.cfg`` reads both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kamailio_bridge.rows.marks import ENTRY_MARK
from kamailio_bridge.rows.routes_in_force import NO_CARRIER, Answer

OUTBOUND, INBOUND, SENTINEL = "o", "i", "s"
REFUSE, UNAVAILABLE = f"{ENTRY_MARK}refuse:", f"{ENTRY_MARK}unavailable"
_REFUSAL = re.compile(re.escape(REFUSE) + r"([0-9]{3}):(.*)", re.DOTALL)
_LEADS_ON = re.compile(re.escape(ENTRY_MARK) + r"[0-9]")


def entry_of_sets(set_ids: Iterable[int], shares: Iterable[int] = ()) -> str:
    """Return the value that sends calls to these sets, one after the other, and first to one with a share."""
    shares = list(shares)
    return ENTRY_MARK + ";".join(map(str, set_ids)) + (f":{';'.join(map(str, shares))}" if any(shares) else "")


def entry_of_answer(answer: Answer) -> str:
    """Return the value that answers calls."""
    return f"{REFUSE}{answer.code}:{answer.reason}" if answer.refuses else UNAVAILABLE


def names_sets(value: object) -> bool:
    """Return whether a value of ours names sets for calls."""
    return _LEADS_ON.match(str(value)) is not None


def sets_in(value: object) -> list[str]:
    """Return the parts of a value that name sets, unparsed."""
    return str(value).removeprefix(ENTRY_MARK).partition(":")[0].split(";")


def shares_in(value: object) -> list[str]:
    """Return the parts of a value that are shares of its sets, unparsed; none if calls are not shared."""
    shares = str(value).removeprefix(ENTRY_MARK).partition(":")[2]
    return shares.split(";") if shares else []


def answer_in(value: object) -> Answer | None:
    """Return the answer that a value of ours gives to calls; None if it names sets or is not ours."""
    refusal = _REFUSAL.fullmatch(str(value))
    if refusal is not None:
        return Answer(int(refusal[1]), refusal[2])
    return NO_CARRIER if value == UNAVAILABLE else None
