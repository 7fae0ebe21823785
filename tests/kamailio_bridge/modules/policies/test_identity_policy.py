"""The policies of identity and callers: pure functions from records to what the SIP side reads."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.snapshots.records import CredentialRecord, GroupRecord, HeaderRecord, PBXRecord
from kamailio_bridge.modules.policies.identity import NOTHING_SET, callers_policy, identity_policy
from kamailio_bridge.rows.policy_text import policy_text


def group(username: str = "", **values: Any) -> GroupRecord:
    credential = None
    if username:
        credential = CredentialRecord(1, username, username, "", "sip.example", 5060, "udp", "sip.example", True, 60)  # noqa: FBT003
    return GroupRecord(1, "Acme", True, "position", (), (), credential, **{"header_filter": "none", **values})  # noqa: FBT003


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (group(), ""),
        (group(header_filter="unknown_x"), NOTHING_SET),
        (group(header_filter="unknown_x", passed_headers="X-A X-B"), "x=remove;pass=X-A|X-B"),
        (group(passed_headers="X-A", removed_headers="User-Agent P-A"), "drop=User-Agent|P-A"),
        (group("1000", from_user="account"), "from_user=1000"),
        (group("+49199@tel.example", from_user="account"), "from_user=+49199"),
        (group("a=b#é", from_user="account"), "from_user=a%3Db%23%C3%A9"),
        (group(from_user="account"), ""),
        (group(from_user="fixed", from_user_value="t~1"), "from_user=t~1"),
        (group(from_user_value="unused", from_domain_value="unused.example", identity_number="1"), ""),
        (group(from_domain="carrier", to_domain="ours"), "from_host=@endpoint;to_host=@us"),
        (group(from_domain="fixed", from_domain_value="2001:db8::1"), "from_host=[2001:db8::1]"),
        (group(asserted_identity="caller", trusted=True), "pai=caller;trusted=1"),
        (group(asserted_identity="fixed", identity_number="+4930"), "pai=fixed;number=+4930"),
        (
            group(display_name="number", preferred_identity="caller", remote_party_id="remove", privacy="id"),
            "name=number;ppi=caller;rpid=remove;privacy=id",
        ),
        (
            group(
                removed_headers="x-a User-Agent",
                extra_headers=(HeaderRecord(1, "X-A", "1", secret=False), HeaderRecord(2, "X-B", None, secret=True)),
            ),
            "drop=x-a|User-Agent;headers=2",
        ),
    ],
)
def test_identity(record: GroupRecord, text: str) -> None:
    assert policy_text(identity_policy(record)) == text


@pytest.mark.parametrize(
    ("numbers", "fallback", "text"),
    [
        ("", "", ""),
        ("+4930123* 004930123* 4940 00", "", "numbers=4930123*/4940/0"),
        ("4930", "+4930", "numbers=4930;fallback=+4930"),
        ("", "+4930", "fallback=+4930"),
    ],
)
def test_callers(numbers: str, fallback: str, text: str) -> None:
    pbx = PBXRecord(1, "office", True, "192.0.2.9", 5060, "udp", (), numbers, fallback)  # noqa: FBT003
    assert policy_text(callers_policy(pbx)) == text
