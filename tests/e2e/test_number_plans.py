"""Number plans of PBXs and number formats of carriers: what is dialled, routed, sent, and the same for callers."""

from __future__ import annotations

import pytest

from carriers.models import PBX, CarrierGroup, InboundRoute
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to
from tests.e2e.sip.incoming import answer
from tests.e2e.sip.message import Uri

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

GERMAN = {"country_code": "49", "area_code": "30", "local_length": 5}
AMERICAN = {
    "country_code": "1",
    "area_code": "212",
    "international_prefix": "011",
    "national_prefix": "1",
    "national_length": 10,
    "local_length": 7,
}
ITALIAN = {"country_code": "39", "national_prefix": "", "local_length": 6}
FORMATS = ("as_dialled", "plus", "digits", "double_zero", "national")
NUMBERS = (
    *("0301234567", "004420712345", "+4930123456", "1234567", "12345", "110", "112", "911", "0", "00", "011", "1"),
    *(
        "2125551234",
        "12125551234",
        "5551234",
        "01144207123456",
        "0612345678",
        "*43#",
        "+",
        "+12",
        "0049",
        "49301234567",
    ),
    *("9" * 32, "+" + "1" * 16, "1234567890123456", "00001234567", "116117"),
)


def pbx(scene: Scene, **plan: object) -> None:
    PBX.objects.filter(pk=scene.pbx_row.pk).update(**plan)


@pytest.mark.parametrize("plan", [{}, GERMAN, AMERICAN, ITALIAN], ids=["none", "German", "American", "Italian"])
def test_carriers_tables_and_kamailio_compute_the_same(scene: Scene, plan: dict[str, object]) -> None:
    """Each number, in each format, with strip and prefix behind it, and by each kind of route."""
    pbx(scene, **plan)
    groups = [
        scene.group(form, {"host": "192.0.2.1", "strip": 2, "prefix": "7"}, number_format=form, format_country=country)
        for form, country in zip(FORMATS, ("", "", "", "", "49"), strict=True)
    ]
    for prefix, group in zip(("", "+49", "+1212", "0", "+39"), groups, strict=True):
        scene.route(prefix, group)
    scene.apply()
    for number in NUMBERS:
        tested = route_test(number, nodes=[scene.node])
        assert tested.is_complete, number
        assert not tested.differs, (number, [column.attempts for column in tested.columns])


@pytest.mark.parametrize(
    ("dialled", "form", "sent"),
    [
        ("0301234567", "plus", "+49301234567"),
        ("0301234567", "digits", "49301234567"),
        ("0301234567", "double_zero", "0049301234567"),
        ("0301234567", "national", "0301234567"),
        ("004420712345", "national", "004420712345"),
        ("1234567", "digits", "49301234567"),
        ("+4930123456", "double_zero", "004930123456"),
        ("110", "plus", "110"),
        ("0301234567", "as_dialled", "0301234567"),
    ],
)
def test_what_a_carrier_gets(scene: Scene, dialled: str, form: str, sent: str) -> None:
    pbx(scene, **GERMAN)
    carrier = scene.carrier()
    scene.route("", scene.group("Acme", to(carrier), number_format=form, format_country="49"))
    scene.apply()
    assert scene.dial(dialled).code == 200
    assert carrier.numbers == [sent]


def test_routes_match_the_number_as_e164(scene: Scene) -> None:
    """A route of the number as it is dialled counts where only the default route matches the other form."""
    pbx(scene, **GERMAN)
    berlin, special, rest = scene.carrier(), scene.carrier(), scene.carrier()
    scene.route("+4930", scene.group("Berlin", to(berlin, strip=3, prefix="0")))
    scene.route("11", scene.group("Special", to(special)))
    scene.route("", scene.group("Rest", to(rest)))
    CarrierGroup.objects.filter(name="Berlin").update(number_format="plus")
    scene.apply()
    for number in ("0301234567", "110", "0891234567"):
        assert scene.dial(number).code == 200
    assert [berlin.numbers, special.numbers, rest.numbers] == [["0301234567"], ["110"], ["0891234567"]]


def test_each_group_of_a_failover_has_its_own_format(scene: Scene) -> None:
    pbx(scene, **GERMAN)
    first, second = scene.carrier(answer(503)), scene.carrier()
    scene.route(
        "",
        scene.group("One", to(first), number_format="digits"),
        scene.group("Two", to(second, strip=3, prefix="0"), number_format="plus"),
    )
    scene.apply()
    assert scene.dial("0301234567").code == 200
    assert [first.numbers, second.numbers] == [["49301234567"], ["0301234567"]]


def test_the_caller_has_the_carriers_format(scene: Scene) -> None:
    """The PBX sees its own caller again in all that belongs to the call."""
    pbx(scene, **GERMAN)
    carrier = scene.carrier()
    scene.route("", scene.group("Acme", to(carrier), caller_format="plus"))
    scene.apply()
    call = scene.dial("0891234", sender=f"<sip:0301234@{scene.pbx.host_port}>")
    assert call.code == 200
    assert Uri.parse(carrier.invites[0].message.get("from").partition("<")[2].partition(">")[0]).user == "+49301234"
    assert "sip:0301234@" in call.finals[0].get("from")
    carrier.wait_for("ACK")
    assert call.bye() == 200
    assert "+49301234@" in carrier.wait_for("BYE")[0].message.get("from")


@pytest.mark.parametrize(
    ("wanted", "called", "caller"),
    [("as_dialled", "49301234567", "44207123456"), ("national", "0301234567", "0044207123456"),
     ("plus", "+49301234567", "+44207123456"), ("digits", "49301234567", "44207123456")],
)  # fmt: skip
def test_calls_of_a_carrier(scene: Scene, wanted: str, called: str, caller: str) -> None:
    """The carrier writes numbers without +, and the PBX gets them as it wants."""
    pbx(scene, **GERMAN, inbound_format=wanted)
    InboundRoute.objects.all().delete()
    InboundRoute.objects.create(prefix="+4930", pbx=scene.pbx_row)
    carrier = scene.carrier()
    scene.group("Acme", to(carrier), number_format="digits", caller_format="digits")
    scene.apply()
    sender = f"<sip:44207123456@{carrier.host_port}>"
    call = carrier.call("49301234567", scene.proxy, sender=sender, headers=(("p-asserted-identity", sender),))
    call.wait()
    assert call.code == 200
    invite = scene.pbx.invites[0]
    assert scene.pbx.numbers == [called]
    for name in ("from", "p-asserted-identity"):
        assert f"<sip:{caller}@" in invite.message.get(name)
    assert call.bye() == 200
    assert f"<sip:{caller}@" in scene.pbx.wait_for("BYE")[0].message.get("from")
