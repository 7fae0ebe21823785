"""What each provider insists on in its customers' calls, by its template. A strict one refuses everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.e2e.sip.incoming import Incoming
from tests.e2e.sip.message import Uri

NUMBER, CALLER = "+12125551234", "+14155550100"
TOKEN, PASSWORD = "a-token-of-the-connection", "correct horse battery"
OURS = "ours"  # stands for the address of the Kamailio of the test
ANSWERS = {
    "trunk": "acme", "token": TOKEN, "username": "1000", "password": PASSWORD, "tech_prefix": "12345678",
    "domain": "acme.sip-us.vonage.com", "sip_id": "1234567t0", "account": "1234567890", "account_id": "abc123",
    "server": "trunk.provider.example", "first_address": "127.30.8.250", "trunk_id": "21784177241578",
    "proxy_id": "551138572628", "proxy": "proxy.provider.example", "sip_domain": "customer.provider.example",
    "account_sid": "acme1", "business_number": "12145550189", "pilot_number": "091234567", "trunk_prefix": "",
    "second_address": "",
}  # fmt: skip


class Strict(NamedTuple):
    """What a call must have: ``number`` and ``host`` are of the R-URI, ``caller`` and ``domain`` of From.

    ``realm`` is that of the provider's challenges, ``registers_at`` the domain of registrations.
    """

    number: str
    host: str = ""
    transport: str = "UDP"
    caller: str = ""
    domain: str = ""
    to_domain: str = ""
    asserted: str | None = ""  # None: there must be none
    preferred: str = ""
    party: str = ""
    headers: Mapping[str, str] = {}
    realm: str = ""
    registers_at: str = ""

    def faults(self, call: Incoming, ours: str) -> Iterator[str]:
        """Yield the names of what is wrong with an INVITE."""
        request = Uri.parse(call.uri)
        sender, receiver = (uri_of(call.message.get(name)) for name in ("from", "to"))
        found = {
            "number": (request.user.replace("%23", "#"), self.number),
            "host": (request.host, self.host),
            "transport": (call.message.get("via").split()[0].rpartition("/")[2], self.transport),
            "caller": (sender.user, self.caller),
            "domain": (sender.host, ours if self.domain == OURS else self.domain),
            "to": (receiver.host, self.to_domain),
            "asserted identity": (named_in(call, "p-asserted-identity"), self.asserted),
            "preferred identity": (named_in(call, "p-preferred-identity"), self.preferred),
            "remote party": (named_in(call, "remote-party-id"), self.party),
            **{name: (call.message.get(name) if call.message.has(name) else "", v) for name, v in self.headers.items()},
        }
        for name, (is_there, wanted) in found.items():
            if wanted not in ("", is_there):
                yield f"{name}: {is_there} instead of {wanted}"


def uri_of(header: str) -> Uri:
    """Return the URI of a header that has it in angle brackets."""
    return Uri.parse(header.partition("<")[2].partition(">")[0])


def named_in(call: Incoming, header: str) -> str | None:
    """Return the user that a header names, None without the header."""
    return uri_of(call.message.get(header)).user if call.message.has(header) else None


DIGITS, CALLER_DIGITS = NUMBER[1:], CALLER[1:]
RULES = {
    "2talk": Strict(f"00{DIGITS}", caller="091234567", asserted=f"00{CALLER_DIGITS}"),
    "anveo-direct": Strict(DIGITS, caller=CALLER_DIGITS),
    "bandwidth": Strict(NUMBER, asserted=CALLER, headers={"x-account-id": "abc123"}),
    "bt-one-voice": Strict(NUMBER, asserted=CALLER),
    "cm-com": Strict(NUMBER, caller=CALLER, domain=OURS),
    "colt": Strict(NUMBER, asserted=CALLER),
    "didww": Strict(DIGITS, caller=CALLER_DIGITS, realm="out.didww.com"),
    "dus-net": Strict("", host="proxy.dus.net", realm="proxy.dus.net"),
    "exotel": Strict(NUMBER, transport="TLS", domain="acme1.pstn.exotel.com", party=CALLER),
    "flowroute": Strict(f"12345678*{DIGITS}", asserted=CALLER_DIGITS),
    "gamma": Strict(NUMBER, caller=CALLER, domain=OURS, to_domain="127.30.8.250", asserted=CALLER),
    "kwebbl": Strict(NUMBER, caller=CALLER, asserted=CALLER, realm="trunk.provider.example"),
    "m-net": Strict(
        NUMBER, host="business.m-call.de", domain="business.m-call.de", preferred=CALLER,
        realm="business.m-call.de", registers_at="business.m-call.de",
    ),
    "orange-btip": Strict(NUMBER, asserted=CALLER),
    "ovh": Strict(
        f"00{DIGITS}", caller="1234567890", domain="siptrunk.ovh.net", asserted=f"00{CALLER_DIGITS}",
        realm="siptrunk.ovh.net",
    ),
    "plivo": Strict(NUMBER, host="21784177241578.zt.plivo.com", caller=CALLER),
    "plivo-credentials": Strict(
        NUMBER, host="21784177241578.zt.plivo.com", caller=CALLER, realm="21784177241578.zt.plivo.com"
    ),
    "sinch": Strict(NUMBER, host="acme.pstn.sinch.com", caller=CALLER),
    "sinch-credentials": Strict(NUMBER, host="acme.pstn.sinch.com", caller=CALLER, realm="acme.pstn.sinch.com"),
    "sipgate-trunking": Strict(
        DIGITS, caller="1234567t0", domain="sipconnect.sipgate.de", preferred=CALLER_DIGITS, asserted=None,
        realm="sipconnect.sipgate.de",
    ),
    "siptrunk-com": Strict(DIGITS, realm="gw1.siptrunk.com"),
    "skyetel-registered": Strict(DIGITS, realm="nw1.reg.skyetel.com"),
    "swisscom-sbcon": Strict(NUMBER, transport="TLS", asserted=CALLER, realm="trunk.provider.example"),
    "teams": Strict(NUMBER, transport="TLS", caller=CALLER, domain=OURS, to_domain="sip.pstnhub.microsoft.com"),
    "telekom-companyflex": Strict(
        NUMBER, host="tel.t-online.de", transport="TCP", caller=CALLER, domain="tel.t-online.de",
        to_domain="tel.t-online.de", preferred=CALLER, asserted=None, realm="tel.t-online.de",
        registers_at="tel.t-online.de",
    ),
    "telekom-sip-trunk": Strict(
        NUMBER, host="sip-trunk.telekom.de", transport="TCP", caller=CALLER, domain="sip-trunk.telekom.de",
        asserted=CALLER, realm="sip-trunk.telekom.de", registers_at="sip-trunk.telekom.de",
    ),
    "telematica": Strict(NUMBER, preferred=CALLER, asserted=None),
    "telnyx-credentials": Strict(NUMBER, realm="sip.telnyx.com"),
    "telnyx-token": Strict(NUMBER, headers={"x-telnyx-token": TOKEN}),
    "telstra": Strict(
        NUMBER, host="customer.provider.example", transport="TCP", domain="customer.provider.example",
        asserted=CALLER, realm="customer.provider.example", registers_at="customer.provider.example",
    ),
    "twilio": Strict(NUMBER, host="acme.pstn.ashburn.twilio.com", caller=CALLER),
    "vodafone-de": Strict(
        NUMBER, host="customer.provider.example", domain="customer.provider.example",
        to_domain="customer.provider.example", preferred=CALLER, asserted=None, realm="customer.provider.example",
        registers_at="customer.provider.example",
    ),
    "voicetel": Strict(f"1234567890#{NUMBER[2:]}"),
    "voip-ms": Strict(
        DIGITS, caller="1234567890", domain="trunk.provider.example", asserted=CALLER_DIGITS, party=CALLER_DIGITS,
        realm="trunk.provider.example",
    ),
    "vonage": Strict(DIGITS, caller=CALLER_DIGITS, realm="acme.sip-us.vonage.com"),
    "whatsapp": Strict(
        DIGITS, host="wa.meta.vc", transport="TLS", caller="12145550189", domain=OURS, realm="wa.meta.vc"
    ),
    "whitesky": Strict(NUMBER, caller=CALLER_DIGITS, realm="registrar.sip.wtsky.net"),
    "zadarma": Strict(DIGITS, caller=CALLER_DIGITS),
    "zapappi": Strict(DIGITS, caller=CALLER_DIGITS, asserted=CALLER_DIGITS),
}  # fmt: skip
