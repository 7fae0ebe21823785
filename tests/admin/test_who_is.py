"""Who is this IP?: the page, the command, and the warnings on save that prevent the question."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from carriers.models import PBX, CarrierGroup, Endpoint, SourceNetwork
from tests.admin.forms import ADD_GROUP, Carriers, errors_of, fields_of, new_endpoint, post_page

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]

PAGE = "/admin/kamailio/who-is/"


def messages_of(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def ask(client: Client, address: str) -> str:
    return client.get(PAGE, {"address": address}).content.decode()


def test_a_carrier_a_pbx_and_nobody(operator: Client, carriers: Carriers) -> None:
    html = ask(operator, "198.51.100.7")
    assert "Admitted as a carrier: carrier group “Acme”, by 198.51.100.0/24." in html
    assert "connection refused" in html
    assert "Admitted as a PBX: PBX “office”, by 192.0.2.9/32." in ask(operator, "192.0.2.9")
    assert "Refused with 403" in ask(operator, "2001:db8::7")
    assert "Admitted as a carrier: carrier group “Acme”, endpoint “primary” (203.0.113.7:5060)" in ask(
        operator, "203.0.113.7"
    )


def test_why_somebody_who_has_the_address_does_not_count(operator: Client, carriers: Carriers) -> None:
    SourceNetwork.objects.create(pbx=carriers.pbx, network="198.51.100.0/25")
    html = ask(operator, "198.51.100.7")
    assert "PBX “office”, by 198.51.100.0/25." in html
    assert "198.51.100.0/24 of carrier group “Acme”" in html
    PBX.objects.update(enabled=False)
    CarrierGroup.objects.update(enabled=False)
    html = ask(operator, "198.51.100.7")
    assert "Carrier group “Acme” has 198.51.100.0/24, but is disabled." in html
    assert "PBX “office” has 198.51.100.0/25, but is disabled." in html
    CarrierGroup.objects.update(enabled=True)
    Endpoint.objects.filter(name="primary").update(direction="outbound")
    assert "endpoint “primary” (203.0.113.7:5060), has this address, but only takes calls." in ask(
        operator, "203.0.113.7"
    )


def test_what_is_no_address_is_refused(operator: Client) -> None:
    assert errors_of(operator.get(PAGE, {"address": "gw.example"})) == (
        "address: “gw.example” is not an IPv4 or IPv6 address."
    )
    assert f'href="{PAGE}"' in operator.get("/admin/").content.decode()


def test_the_command(carriers: Carriers) -> None:
    output = StringIO()
    call_command("who_is", "192.0.2.9", stdout=output)
    assert output.getvalue() == (
        "Carriers, as saved: Admitted as a PBX: PBX “office”, by 192.0.2.9/32.\n"
        "Kamailio's tables: Refused with 403, after many requests in silence: it is neither a PBX’s nor a carrier’s.\n"
        "The answers differ.\n"
    )
    with pytest.raises(SystemExit, match="1"):
        call_command("who_is", "2001:db8::7", stdout=output)
    with pytest.raises(SystemExit, match="1"):
        call_command("who_is", "192.0.2.9", "--live", stdout=output)
    with pytest.raises(CommandError, match="“x” is not an IPv4 or IPv6 address"):
        call_command("who_is", "x", stdout=output)


# --- On save ----------------------------------------------------------------------------------------------------------


def test_a_network_of_two_owners_is_warned_of_on_save(editor: Client, carriers: Carriers) -> None:
    changes = {"sources-TOTAL_FORMS": "2", "sources-1-id": "", "sources-1-network": "198.51.100.7"}
    reported = messages_of(post_page(editor, carriers.pbx_url, changes))
    assert "198.51.100.7/32 overlaps with 198.51.100.0/24 of carrier group “Acme”" in reported
    assert "counts as coming from PBX “office”" in reported
    reported = messages_of(post_page(editor, carriers.group_url, new_endpoint(2, 3, host="192.0.2.9")))
    assert "192.0.2.9/32 overlaps with 192.0.2.9/32 of PBX “office”" in reported
    assert "overlaps with" not in messages_of(post_page(editor, carriers.group_url, {"name": "Renamed"}))


def test_the_short_form_warns_too(editor: Client, carriers: Carriers) -> None:
    fields = fields_of(editor.get(ADD_GROUP).content.decode())
    response = editor.post(ADD_GROUP, {**fields, "name": "Backup", "address": "198.51.100.9"}, follow=True)
    assert "198.51.100.9/32 overlaps with 198.51.100.0/24 of carrier group “Acme”" in messages_of(response)


def test_an_address_written_as_ipv6_is_asked_for_as_ipv4(operator: Client, carriers: Carriers) -> None:
    html = ask(operator, "::ffff:198.51.100.7")
    assert "Admitted as a carrier: carrier group “Acme”, by 198.51.100.0/24." in html
    with StringIO() as out:
        call_command("who_is", "::ffff:c000:209", stdout=out)
        assert "Admitted as a PBX: PBX “office”, by 192.0.2.9/32." in out.getvalue()


def test_sources_that_let_everybody_in_are_warned_of_on_save(editor: Client, carriers: Carriers) -> None:
    rows = {
        "sources-TOTAL_FORMS": "2",
        "sources-INITIAL_FORMS": "1",
        "sources-1-id": "",
        "sources-1-network": "0.0.0.0/1",
    }
    reported = messages_of(post_page(editor, carriers.group_url, rows))
    assert "carrier group “Acme”: its sources admit nearly everybody: 0.0.0.0/1, 198.51.100.0/24 are 50%" in reported
    reported = messages_of(post_page(editor, carriers.pbx_url, {**rows, "sources-1-network": "128.0.0.0/1"}))
    assert "PBX “office”: its sources admit nearly everybody: 128.0.0.0/1, 192.0.2.9/32" not in reported
    assert "PBX “office”: its sources admit nearly everybody: 128.0.0.0/1 is 50% of all IPv4 addresses." in reported
