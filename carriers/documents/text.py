"""Parse text into a plain tree without guessing types: YAML would turn ``0123`` into 83 and ``no`` into false.

Every scalar stays text, to be converted by the reader of its key. Only an empty value, ``null`` and ``~`` become None.
A duplicate key is refused, because one of its two values would be lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from carriers.documents.report import DocumentRefused

MAX_CHARACTERS = 64 * 1024 * 1024
MAX_DEPTH = 100
_NULL = ("", "~", "null", "Null", "NULL")


def read_document(text: str, *, is_json: bool | None = None) -> Any:
    """Return the tree of dicts, lists, texts and None. Raises ``DocumentRefused``.

    JSON is recognised by its first character unless ``is_json`` is given. The error names line and column but does not
    quote the text, which may hold passwords.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentRefused(["The document is too long to be carriers."])
    if is_json is None:
        is_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    return _read_json(text) if is_json else _read_yaml(text)


def _read_yaml(text: str) -> Any:
    try:
        return _Tree().build(_events(text))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error.problem_mark, error.problem or "it is incomplete") from None
    except yaml.YAMLError:
        raise DocumentRefused(["This is not YAML: it has characters that YAML does not allow."]) from None


def _not_yaml(mark: Any, problem: str) -> DocumentRefused:
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return DocumentRefused([f"{where}this is not YAML: {problem}."])


def _events(text: str) -> Iterator[Any]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Tree:
    """A tree built from the parser's events, which is faster than PyYAML's constructor and does not recurse.

    PyYAML's constructor would end the process on a text that is nested ten thousand levels deep.
    """

    def __init__(self) -> None:
        self._root: list[Any] = []
        self._open: list[Any] = [self._root]
        self._keys: list[str | None] = [None]  # the key of the next value, per open mapping

    def build(self, events: Iterator[Any]) -> Any:
        """Return the single document of the events; None for an empty text."""
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._refuse_signs(event)
                is_null = event.implicit[0] and event.value in _NULL
                self._add(None if is_null else event.value, event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._refuse_signs(event)
                self._begin({} if kind is yaml.MappingStartEvent else [], event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._open.pop()
                self._keys.pop()
            elif kind is yaml.AliasEvent:
                raise _not_yaml(event.start_mark, "a text that begins with “*” must stand in quotes")
            elif kind is yaml.DocumentStartEvent and self._root:
                raise _not_yaml(event.start_mark, "another document begins here")
        return self._root[0] if self._root else None

    def _begin(self, container: Any, event: Any) -> None:
        if len(self._open) > MAX_DEPTH:
            raise DocumentRefused(["This is not YAML that carriers could be: it is nested too deep."])
        self._add(container, event)
        self._open.append(container)
        self._keys.append(None)

    def _add(self, value: Any, event: Any) -> None:
        container = self._open[-1]
        if type(container) is list:
            container.append(value)
            return
        key = self._keys[-1]
        if key is not None:
            container[key] = value
            self._keys[-1] = None
        elif not isinstance(value, str):
            raise _not_yaml(event.start_mark, "a key is not a text")
        elif value in container:
            raise _not_yaml(event.start_mark, f"the key “{value}” stands here twice")
        else:
            self._keys[-1] = value

    def _refuse_signs(self, event: Any) -> None:
        """Refuse tags and anchors without quoting them: they may be unquoted passwords."""
        if event.tag is not None or event.anchor is not None:
            sign = "!" if event.tag is not None else "&"
            raise _not_yaml(event.start_mark, f"a text that begins with “{sign}” must stand in quotes")


def _read_json(text: str) -> Any:
    try:
        return json.loads(
            text.lstrip("\ufeff"),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as error:
        raise DocumentRefused([f"line {error.lineno}, column {error.colno}: this is not JSON: {error.msg}."]) from None
    except RecursionError:
        raise DocumentRefused(["This is not JSON that carriers could be: it is nested too deep."]) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise DocumentRefused([f"The key “{twice[0]}” stands twice in one object."])
    return tree
