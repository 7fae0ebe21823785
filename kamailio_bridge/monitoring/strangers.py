"""Requests of strangers, which a node counts in a hash table (``kamailio/strangers.cfg``)."""

from __future__ import annotations

from dataclasses import dataclass

from kamailio_bridge.nodes.rpc import CallFailed, Rpc, as_list, parse_number, parsing_answer

HASH_TABLE = "stranger_counts"
SILENCED = "silenced"
SILENCED_NOW = f"now:{SILENCED}"


@dataclass(frozen=True)
class Strangers:
    """Counts since the node's start: requests with and without an answer, replies to nothing, and malformed messages.

    ``silenced`` is the number of sources that got no more answers in this minute or the last full one.
    """

    answered: int = 0
    dropped: int = 0
    replies: int = 0
    malformed: int = 0
    silenced: int = 0

    @property
    def sentence(self) -> str:
        """The counts as a phrase, to follow "strangers:"."""
        refused = self.answered + self.dropped
        if not refused + self.replies + self.malformed:
            return "none since the start"
        said = f"{_count(refused, 'request')} refused since the start"
        if self.dropped:
            said += f", {self.dropped:,} of them without an answer"
        rest = [_count(self.replies, "forged reply", "forged replies")] if self.replies else []
        rest += [_count(self.malformed, "malformed message")] if self.malformed else []
        if rest:
            said += f"; {' and '.join(rest)} dropped"
        now = f"{_count(self.silenced, 'source')} silenced now" if self.silenced else "no source is silenced now"
        return f"{said}; {now}"


def read_strangers(rpc: Rpc) -> Strangers | None:
    """Ask one node; return None if its configuration does not count strangers. Raises ``RpcError``."""
    try:
        slots = as_list(rpc.call("htable.dump", HASH_TABLE))
    except CallFailed:
        return None
    with parsing_answer("htable.dump"):
        counts = {
            str(item["name"]): max(0, parse_number(item["value"]))
            for slot in slots
            for item in as_list(slot.get("slot", []))
        }
    return Strangers(
        answered=counts.get("answered", 0),
        dropped=counts.get("dropped", 0),
        replies=counts.get("replies", 0),
        malformed=counts.get("malformed", 0),
        silenced=max(counts.get(SILENCED, 0), counts.get(SILENCED_NOW, 0)),
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
