"""The attributes of a destination: ours are read as they were written, those of others as Kamailio reads them."""

from __future__ import annotations

import pytest

from kamailio_bridge.rows.attrs import Attrs, endpoint_attrs, gateway_attrs, parse_attrs, split_attrs, whole_number
from tests.kamailio_bridge.records import credential, endpoint, group


def test_everything_that_an_endpoint_says_is_read_back() -> None:
    full = endpoint(7, strip=2, prefix="+49", weight=30)
    owner = group(3, full, selection="weight", credential=credential(4))
    written = endpoint_attrs(1007, owner, full)
    assert written == "gwid=1007;strip=2;prefix=+49;uac=carrier-3;rweight=30"
    assert parse_attrs(written) == Attrs(1007, 2, "+49", "carrier-3", 30)


def test_what_is_empty_is_left_out_because_kamailio_would_skip_the_row() -> None:
    bare = endpoint(7)
    written = endpoint_attrs(7, group(3, bare), bare)
    assert written == "gwid=7;strip=0"
    assert parse_attrs(written) == Attrs(7, 0, "", "", None)


def test_a_gateway_names_its_account_only() -> None:
    assert gateway_attrs(7, group(3, credential=credential(4))) == "gwid=7;uac=carrier-3"
    assert gateway_attrs(7, group(3)) == "gwid=7"


def test_attributes_of_others_are_split_as_they_are_written() -> None:
    assert split_attrs("duid=abc;;strip=x;flag") == {"duid": "abc", "strip": "x", "flag": ""}
    assert parse_attrs("duid=abc;strip=x;rweight=") == Attrs(0, 0, "", "", 0)
    assert split_attrs("") == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0", 0),
        ("", 0),
        (None, 0),
        ("-1", 0),
        ("1.5", 0),
        ("²", 0),
        ("٣", 0),
        ("9" * 10, 9999999999),
        ("9" * 11, 0),
    ],
)
def test_whole_numbers_as_kamailio_reads_them(text: str | None, number: int) -> None:
    assert whole_number(text) == number
