"""Registrars' answers, in sentences: the cause as far as it is known, and what to do."""

from __future__ import annotations

import pytest

from kamailio_bridge.questions.registrar_answers import as_noted, explain, parse_answer
from tests.kamailio_bridge.records import credential


@pytest.mark.parametrize(
    ("noted", "words"),
    [
        ("401 Unauthorized", ["answered 401 Unauthorized", "check username, auth username and password"]),
        ("403 Forbidden", ["is not locked", "may register from this address"]),
        ("404 Unknown domain", ["does not know 1000@sip.acme.example", "SIP domain, which may be another name"]),
        ("423 Interval Too Brief", ["3600 s are too short", "expires"]),
        ("302 Moved (moved to sip:192.0.2.9:5070)", ["answered 302 Moved:", "names sip:192.0.2.9:5070 instead"]),
        ("401 No (no MD5 digest)", ["answered 401 No:", "none of its challenges is an MD5 digest"]),
        ("200 OK (granted 0 s)", ["answers 200 OK but grants only 0 s", "may register"]),
        ("503 Service Unavailable", ["the carrier's server has failed"]),
        ("600 Busy Everywhere", ["ask the carrier what is wrong with the account"]),
        ("202 Accepted", ["ask the carrier what is wrong with the account"]),
        ("", ["ask the carrier what is wrong with the account"]),
    ],
)
def test_sentences(noted: str, words: list[str]) -> None:
    sentence = explain(parse_answer(noted), credential(1))
    assert [word for word in words if word not in sentence] == []
    assert sentence.endswith(".")


def test_a_reason_that_looks_like_a_note_of_ours_stays_a_reason() -> None:
    assert parse_answer("403 Forbidden (granted 0 s)").granted is None
    assert parse_answer("403 Forbidden (locked)").text == "403 Forbidden (locked)"


def test_a_realm_that_is_not_ascii_is_known_again() -> None:
    assert as_noted("Büro") == "B??ro"
    assert as_noted("r" * 70) == "r" * 64
