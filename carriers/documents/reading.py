"""From text to a plain tree, without guessing: YAML would turn ``0123`` into 83 and ``no`` into false.

Every scalar stays the text that was written; who reads a field knows whether it wants a number or a yes or no. Only an
empty value, ``null`` and ``~`` become None. A key that stands twice is refused, because one of the two would be lost.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any, NoReturn

import yaml

from carriers.documents.errors import DocumentRefused

MAX_CHARACTERS = 64 * 1024 * 1024
MAX_DEPTH = 100  # libyaml's own stack overflows at some ten thousand, and the process ends without a word
_NULL = "tag:yaml.org,2002:null"


class _TextLoader(yaml.CSafeLoader):
    """A loader that resolves nothing but null."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key “{key}” stands here twice", key_node.start_mark
                )
            seen.add(key)
            # A value without text that is not without extent is an anchor: most likely a password like &x.
            if not value_node.value and value_node.tag == _NULL and _extent(value_node):
                _refuse_sign("&", value_node)
        return super().construct_mapping(node, deep=deep)


def _extent(node: Any) -> int:
    return int(node.end_mark.index - node.start_mark.index)


def _refuse_sign(sign: str, node: Any) -> NoReturn:
    """Refuse a text that YAML takes for something else, without quoting it: it may be a password."""
    raise yaml.constructor.ConstructorError(
        None, None, f"a text that begins with “{sign}” must stand in quotes", node.start_mark
    )


_TextLoader.add_constructor(None, lambda _loader, node: _refuse_sign("!", node))


def read_document(text: str, *, is_json: bool | None = None) -> Any:
    """Return the tree of dicts, lists, texts and None. Raises ``DocumentRefused``.

    JSON is recognised by its first character unless ``is_json`` says what it is. The error names line and column but
    quotes nothing of the text, which may hold passwords.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentRefused(["The document is too long to be carriers."])
    if is_json is None:
        is_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    return _read_json(text) if is_json else _read_yaml(text)


def _read_yaml(text: str) -> Any:
    try:
        _refuse_depth(text)
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a CSafeLoader that resolves even less
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise DocumentRefused([f"{where}this is not YAML: {error.problem}."]) from None
    except (yaml.YAMLError, RecursionError):
        raise DocumentRefused(["This is not YAML: it has characters or a nesting that YAML does not allow."]) from None


def _refuse_depth(text: str) -> None:
    """Refuse what is nested too deep. Only a text that may be so is read to the point where it is."""
    levels = accumulate(1 if sign in "[{" else -1 for sign in re.findall(r"[\[\]{}]", text))
    indented = re.search(rf"^[ \-?:]{{{MAX_DEPTH}}}", text, flags=re.MULTILINE)
    if not indented and max(levels, default=0) <= MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_TextLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise DocumentRefused(["This is not YAML that carriers could be: it is nested too deep."])


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
