"""Marks name objects of the carriers: ours are read as they were written, and other texts name none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kamailio_bridge.rows import marks


@pytest.mark.parametrize(
    ("name", "mark", "text"),
    [
        (marks.group_mark, marks.GROUP_MARK, "carrier-group:8"),
        (marks.pbx_mark, marks.PBX_MARK, "pbx:8"),
        (marks.route_mark, marks.ROUTE_MARK, "route:8"),
        (marks.inbound_route_mark, marks.INBOUND_ROUTE_MARK, "inbound-route:8"),
        (marks.group_tag, marks.GROUP_TAG, "carrier-8"),
        (marks.pbx_tag, marks.PBX_TAG, "pbx-8"),
        (marks.record_key, marks.RECORD_KEY, "carrier-8"),
        (marks.set_key, marks.SET_KEY, "dsiprouter:set:8"),
    ],
)
def test_a_mark_names_an_object(name: Callable[[int], str], mark: str, text: str) -> None:
    assert name(8) == text
    assert marks.object_key(text, mark) == 8


def test_an_owners_key_names_the_record() -> None:
    assert marks.owner_key(marks.record_key(8)) == "dsiprouter:owner:carrier-8"


@pytest.mark.parametrize("text", ["carrier-", "carrier-8a", "carrier--8", "carrier-group:8", "8", "", None])
def test_a_text_of_others_names_none(text: str | None) -> None:
    assert marks.object_key(text, marks.GROUP_TAG) is None
