"""The TLS of a carrier group on its page: certificates are shown in words, and the key goes in only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from carriers.history.models import HistoryEntry
from tests.admin.forms import Carriers, post_page
from tests.certificates import CA, CERTIFICATE, EXPIRED, EXPIRED_KEY, KEY

pytestmark = pytest.mark.django_db


def test_a_key_is_stored_and_never_shown(editor: Client, login: Callable[..., Client], carriers: Carriers) -> None:
    html = editor.get(carriers.group_url).content.decode()
    assert "TLS: as usual" in html
    assert "must name the endpoint&#x27;s address, and come from an authority that the node trusts" in html
    typed = {"ca_certificates": CA.replace("\n", "\r\n"), "client_certificate": CERTIFICATE, "client_key": KEY}
    assert post_page(editor, carriers.group_url, typed).redirect_chain
    group = carriers.group
    group.refresh_from_db()
    assert (group.ca_certificates, group.client_certificate, group.client_key()) == (CA, CERTIFICATE, KEY)
    for client, state in ((editor, "A key is stored. Leave this blank"), (login("viewer"), "Stored")):
        html = client.get(carriers.group_url).content.decode()
        assert "TLS: CA certificates test-ca (issued by itself, expires " in html
        assert "They get acct.example (issued by test-ca, expires " in html
        assert state in html
        assert "PRIVATE KEY" not in html
        assert group.client_key_ciphertext not in html
    post_page(editor, carriers.group_url, {"name": "Renamed"})
    group.refresh_from_db()
    assert group.client_key_is(KEY)
    post_page(editor, carriers.group_url, {"client_certificate": ""})
    group.refresh_from_db()
    assert not group.has_client_key
    assert not [entry for entry in HistoryEntry.objects.all() if "PRIVATE KEY" in str(entry.changes)]


def test_what_expired_later_does_not_keep_a_page_from_being_saved(editor: Client, carriers: Carriers) -> None:
    group = carriers.group
    group.client_certificate = EXPIRED
    group.set_client_key(EXPIRED_KEY)
    group.save()
    assert post_page(editor, carriers.group_url, {"name": "Renamed"}).redirect_chain
