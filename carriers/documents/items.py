"""A parsed document: its objects with the keys that it sets, and the mistakes found so far."""

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
    shares: list[int | None] = field(default_factory=list)  # of the groups, in their order
    conditions: list[str | None] = field(default_factory=list)  # likewise
    condition: str | None = None  # of the route itself
    names_condition: bool = False
    pbx: str | None = None
    pbxs: list[str] | None = None  # of a condition
    carriers: list[tuple[str, str]] | None = None  # of an inbound route: carrier group and PBX
    credential: Item | None = None
    removes_credential: bool = False
    headers: list[Item] | None = None
    password: str | None = field(default=None, repr=False)  # or another secret
    is_secret: bool = False
    refused: set[str] = field(default_factory=set)  # keys whose mistake is recorded already
    # Primary keys, once looked up: of a route's groups or a condition's PBXs, of their conditions, and of carriers.
    group_keys: list[int | None] = field(default_factory=list)
    condition_keys: list[int | None] = field(default_factory=list)
    carrier_keys: list[tuple[int | None, int | None]] = field(default_factory=list)
    lists_changed: bool = False
    secrets: Values = field(default_factory=dict, repr=False)  # of topics
    topics: dict[str, str] = field(default_factory=dict)  # the mapping within the entry that has a key

    def refuse(self, key: str, sentence: str, problems: Problems) -> None:
        """Record what is wrong with the value of a key."""
        self.refused.add(key)
        problems.add(self.place_of(key), sentence)

    def place_of(self, key: str) -> str:
        """Return the place of a key in the document."""
        return f"{self.place}.{self.topics[key]}.{key}" if key in self.topics else f"{self.place}.{key}"


@dataclass
class Document:
    """The sections of the document; None for each section that it leaves out."""

    carrier_groups: list[Item] | None = None
    pbxs: list[Item] | None = None
    conditions: list[Item] | None = None
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
