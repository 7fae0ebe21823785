"""From text to a plain tree: nothing is guessed, nothing is lost, and no error quotes the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from carriers.documents import DocumentRefused, read_document

SECRET = "hunter2"


def problem(text: str, *, is_json: bool | None = None) -> str:
    with pytest.raises(DocumentRefused) as refusal:
        read_document(text, is_json=is_json)
    (sentence,) = refusal.value.problems
    return sentence


@pytest.mark.parametrize("word", ["0123", "1e3", "no", "on", "2026-01-01", "12:30", "0x1F", "1_000", ".5", "+49", "-5"])
def test_every_scalar_stays_the_text_that_was_written(word: str) -> None:
    assert read_document(f"a: {word}") == {"a": word}
    assert read_document(json.dumps({"a": word})) == {"a": word}


@pytest.mark.parametrize("word", ["", "~", "null"])
def test_only_null_is_nothing(word: str) -> None:
    assert read_document(f"a: {word}") == {"a": None}
    assert read_document(f"a: '{word}'") == {"a": word}


def test_numbers_of_json_stay_as_written_and_yes_and_no_do_not() -> None:
    text = '{"a": 0.10, "b": 1E3, "c": true, "d": null, "e": NaN, "f": [1]}'
    assert read_document(text) == {"a": "0.10", "b": "1E3", "c": True, "d": None, "e": "NaN", "f": ["1"]}


def test_json_is_known_by_its_first_character_or_by_name() -> None:
    assert read_document('\ufeff  \n{"a": "b"}') == {"a": "b"}
    assert "this is not JSON" in problem("a: b", is_json=True)
    assert read_document("{a: b}", is_json=False) == {"a": "b"}


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", '{"b": 1, "a": 1, "a": 2}', "x: [{a: 1, a: 2}]"])
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    assert "key “a” stands" in problem(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a: [{SECRET}", r"line 2, column 1: this is not YAML: did not find expected ',' or ']'."),
        (f"password: !{SECRET}", "column 11: this is not YAML: a text that begins with “!” must stand in quotes."),
        (f"password: !{SECRET} x", "“!” must stand in quotes."),
        (f"password: &{SECRET}", "column 11: this is not YAML: a text that begins with “&” must stand in quotes."),
        (f"password: *{SECRET}", "column 11: this is not YAML: a text that begins with “*” must stand in quotes."),
        (f"password: @{SECRET}", "found character that cannot start any token."),
        (f"password: {SECRET}: x", "mapping values are not allowed in this context."),
        (f"password: '{SECRET}", "found unexpected end of stream."),
        (f'password: "\\q{SECRET}"', "found unknown escape character."),
        (f"\ta: {SECRET}", "line 1, column 1: this is not YAML"),
        (f"? [{SECRET}]\n: b", "this is not YAML: a key is not a text."),
        (f"a: b\n---\nc: {SECRET}", "line 2, column 1: this is not YAML: another document begins here."),
        (f"\x01{SECRET}", "This is not YAML: it has characters that YAML does not allow."),
        (f'{{"password": "{SECRET}', "line 1, column 14: this is not JSON: Unterminated string starting at."),
        (f'{{"a": {SECRET}}}', "line 1, column 7: this is not JSON: Expecting value."),
        ('{"a": ' * 100_000 + SECRET, "nested too deep."),
        ("[" * 100_000 + SECRET, "nested too deep."),
        ("- " * 3_000 + SECRET, "nested too deep."),
        ("\n".join(f"{' ' * depth}a:" for depth in range(200)) + SECRET, "nested too deep."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_without_the_text(text: str, reason: str) -> None:
    sentence = problem(text)
    assert sentence.endswith(reason) or reason in sentence
    assert SECRET not in sentence


def test_a_text_of_any_length_with_many_brackets_is_read() -> None:
    names = {str(number): "[" * number for number in range(200)}
    assert read_document(yaml.safe_dump(names)) == names


def test_a_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carriers.documents.text.MAX_CHARACTERS", 10)
    assert problem("a" * 11) == "The document is too long to be carriers."


trees = st.recursive(
    st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(tree=trees)
def test_what_is_written_is_read_again(tree: Any) -> None:
    written = yaml.dump({"x": tree}, Dumper=yaml.CSafeDumper, allow_unicode=True)
    assert read_document(written) == {"x": tree}
    assert read_document(json.dumps({"x": tree})) == {"x": tree}
