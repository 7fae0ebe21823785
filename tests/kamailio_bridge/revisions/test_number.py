"""The number of the revision in Kamailio's tables, where any program may write."""

from __future__ import annotations

import pytest

from kamailio_bridge.apply.operations import apply, retry
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.monitoring.status import read_status
from kamailio_bridge.revisions.number import store_revision, stored_revision
from kamailio_bridge.rows.marks import REVISION_KEY
from kamailio_bridge.tables.models import Htable
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


def test_the_number_is_read_as_it_was_stored() -> None:
    assert stored_revision() is None
    store_revision(4711)
    assert stored_revision() == 4711


@pytest.mark.parametrize("text", ["abc", "", "-5", "1.5", "9" * 100, "²"])
def test_what_is_no_number_is_named_and_put_right_by_the_next_apply(text: str) -> None:
    """The button, the status and the page of drift raised ValueError over it."""
    make_route("9", make_group("Acme", "203.0.113.7"))
    first = apply(author=None, nodes=[]).revision
    assert first is not None
    Htable.objects.filter(key_name=REVISION_KEY).update(key_value=text)
    assert read_drift().sentences() == [
        f"Kamailio's tables say that they hold no revision, but the last one applied is {first}."
    ]
    assert read_status().revision is None
    assert retry(author=None, names=["local"]).outcome == "refused"
    assert apply(author=None, nodes=[]).revision == first + 1
    assert stored_revision() == first + 1
    assert read_drift().sentences() == []
