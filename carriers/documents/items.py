"""What a document says, as records: its objects with the keys that were written, and the mistakes found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

Values = dict[str, Any]


@dataclass
class Item:
    """One object of the document: its place in words, and the values by the model's field names."""

    place: str
    values: Values
    endpoints: list[Item] | None = None
    sources: list[str] | None = None
    groups: list[str] | None = None
    pbx: str | None = None
    credential: Item | None = None
    removes_credential: bool = False
    password: str | None = field(default=None, repr=False)
    refused: set[str] = field(default_factory=set)  # keys that have their sentence already
    group_keys: list[int | None] = field(default_factory=list)  # a route's groups, once they are found
    lists_changed: bool = False

    def refuse(self, key: str, sentence: str, problems: Problems) -> None:
        """Say what is wrong with the value of a key."""
        self.refused.add(key)
        problems.add(f"{self.place}.{key}", sentence)


@dataclass
class Document:
    """The sections that the document has; one that it leaves out is None."""

    carrier_groups: list[Item] | None = None
    pbxs: list[Item] | None = None
    outbound_routes: list[Item] | None = None
    inbound_routes: list[Item] | None = None


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, place: str, sentence: str) -> None:
        self.sentences.append(f"{place}: {sentence}")

    def add_error(self, place: str, error: ValidationError) -> None:
        for message in error.messages:
            self.add(place, message)
