"""The extra headers of a carrier group on its page: secret values go in and are never shown."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from carriers.history.models import HistoryEntry
from carriers.models import ExtraHeader
from tests.admin.forms import Carriers, errors_of, fields_of, post_page
from tests.input import BAD_HEADERS

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-carrier"


def new_header(**values: str) -> dict[str, str]:
    """Return the fields of a first header."""
    fields = {"id": "", "name": "X-Token", "value": "", "secret_value": "", **values}
    return {"extra_headers-TOTAL_FORMS": "1", **{f"extra_headers-0-{name}": text for name, text in fields.items()}}


def test_a_secret_value_is_stored_and_never_shown(editor: Client, carriers: Carriers) -> None:
    assert post_page(editor, carriers.group_url, new_header(secret_value=TOKEN)).redirect_chain
    header = ExtraHeader.objects.get()
    assert (header.name, header.value, header.sent_value()) == ("X-Token", "", TOKEN)
    assert TOKEN not in header.secret_value_ciphertext
    html = editor.get(carriers.group_url).content.decode()
    assert "Stored: blank keeps it" in html
    assert TOKEN not in html
    assert header.secret_value_ciphertext not in html
    post_page(editor, carriers.group_url, {"extra_headers-0-name": "X-Other"})
    header.refresh_from_db()
    assert (header.name, header.sent_value()) == ("X-Other", TOKEN)
    assert not [entry for entry in HistoryEntry.objects.all() if TOKEN in str(entry.changes)]


def test_a_secret_value_is_replaced_by_one_that_is_shown_and_back(editor: Client, carriers: Carriers) -> None:
    post_page(editor, carriers.group_url, new_header(secret_value=TOKEN))
    post_page(editor, carriers.group_url, {"extra_headers-0-value": "7"})
    header = ExtraHeader.objects.get()
    assert (header.value, header.secret_value_ciphertext) == ("7", "")
    post_page(editor, carriers.group_url, {"extra_headers-0-value": "", "extra_headers-0-secret_value": "another"})
    header.refresh_from_db()
    assert (header.value, header.sent_value()) == ("", "another")


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        *BAD_HEADERS,
        ({"value": "a", "secret_value": "b"}, "secret_value", "not both"),
        ({"value": "", "secret_value": "a\nb"}, "secret_value", "no line breaks"),
        ({"value": "", "secret_value": "x" * 256}, "secret_value", "at most 255 characters"),
    ],
)
def test_bad_headers_are_refused(
    editor: Client, carriers: Carriers, typed: dict[str, str], field: str, reason: str
) -> None:
    response = post_page(editor, carriers.group_url, new_header(**{"value": "a", **typed}))
    errors = errors_of(response)
    assert errors.startswith(f"{field}: ")
    assert re.search(reason, errors)
    assert not ExtraHeader.objects.exists()


def test_those_who_may_only_look_see_that_there_is_one(login: object, carriers: Carriers) -> None:
    header = ExtraHeader(group=carriers.group, name="X-Token")
    header.set_secret_value(TOKEN)
    header.save()
    html = login("viewer").get(carriers.group_url).content.decode()  # type: ignore[operator]
    assert "X-Token" in html
    assert TOKEN not in html
    assert not [name for name in fields_of(html) if "secret_value" in name]
