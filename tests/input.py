"""Input of operators: one table of bad and good values, for all interfaces.

The same text goes through the forms of the admin (``tests/admin``) and through documents (``tests/carriers``).
A reason is a regular expression, because forms speak of fields and documents of keys.
"""

from __future__ import annotations

Typed = dict[str, str]

BAD_HOSTS: dict[str, str] = {
    "": "required|Enter a host",
    "   ": "required|Enter a host",
    "a b": "“a b” is neither an IP address nor a DNS name",
    "999.1.1.1": "“999.1.1.1” is not an IP address",
    "1.2.3": "“1.2.3” is not an IP address",
    "gw.1": "ends in a number but is not an IP address",
    "host,evil": "neither an IP address nor a DNS name",
    "-gw.example": "neither an IP address nor a DNS name",
    "0.0.0.0": "not the address of a single host",
    "::ffff:0.0.0.0": "not the address of a single host",
    "::ffff:224.0.0.1": "not the address of a single host",
    "[::ffff:255.255.255.255]": "not the address of a single host",
    "224.0.0.1": "not the address of a single host",
    "[gw.example]": "not an IPv6 address",
    "fe80::1%eth0": "has a zone",
    "10.0.0.1:99999": "“99999” is not a port",
    "10.0.0.1:": "“” is not a port",
    "sip:[::1": "not an IPv6 address in brackets",
    "[::1]5060": "not an IPv6 address in brackets",
    "sips:gw.example": "Write sip: and the transport tls",
    "sip:gw.example;transport=sctp": "Transport “sctp” is not available",
    "gw.example;lr": "Parameter “lr” is not understood",
    "sip:1000@gw.example": "without a user part",
    "x" * 101: "at most 100 characters",
    "x" * 300: "at most",
}

GOOD_HOSTS: dict[str, tuple[str, int, str]] = {
    "203.0.113.7": ("203.0.113.7", 5060, "udp"),
    " gw.example:5070 ": ("gw.example", 5070, "udp"),
    "sip:GW.example.:5070;transport=TCP": ("gw.example", 5070, "tcp"),
    "sip:gw.example;transport=tcp": ("gw.example", 5060, "tcp"),
    "sip:[2001:db8::2]:5061;transport=TLS": ("2001:db8::2", 5061, "tls"),
    "[2001:db8::1]:5060": ("2001:db8::1", 5060, "udp"),
    "[2001:DB8:0::1]": ("2001:db8::1", 5060, "udp"),
    "2001:DB8:0::1": ("2001:db8::1", 5060, "udp"),
    "sip:[::1]:5070;transport=tcp": ("::1", 5070, "tcp"),
    "::ffff:203.0.113.7": ("203.0.113.7", 5060, "udp"),
    "[::FFFF:CB00:7107]:5070": ("203.0.113.7", 5070, "udp"),
    "sip:[0:0:0:0:0:ffff:203.0.113.7];transport=tcp": ("203.0.113.7", 5060, "tcp"),
    "::203.0.113.7": ("203.0.113.7", 5060, "udp"),
}

BAD_ENDPOINTS: list[tuple[Typed, str, str]] = [
    *[({"host": text}, "host", reason) for text, reason in BAD_HOSTS.items()],
    ({"port": "0"}, "port", "greater than or equal to 1"),
    ({"port": "65536"}, "port", "less than or equal to 65535"),
    ({"port": "abc"}, "port", "whole number"),
    ({"port": "5070", "host": "gw.example:5080"}, "port", "says 5080, this (field )?says 5070"),
    ({"transport": "tcp", "host": "sip:gw.example;transport=udp"}, "transport", "says udp, this (field )?says tcp"),
    ({"transport": "ws"}, "transport", "not one of the available choices|possible are udp, tcp, tls"),
    ({"direction": "up"}, "direction", "not one of the available choices|possible are both, outbound, inbound"),
    ({"strip": "-1"}, "strip", "greater than or equal to 0"),
    ({"strip": "31"}, "strip", "less than or equal to 30"),
    ({"strip": "abc"}, "strip", "whole number"),
    ({"prefix": "1,2;x"}, "prefix", "Only digits"),
    ({"prefix": "1" * 31}, "prefix", "at most 30 characters"),
    ({"name": "x" * 300}, "name", "at most 64 characters"),
    ({"name": "a\x07b"}, "name", "control characters"),
    ({"weight": "0"}, "weight", "greater than or equal to 1"),
    ({"weight": "900"}, "weight", "less than or equal to 100"),
]

BAD_NAMES: dict[str, str] = {
    "": "required|cannot be blank",
    "   ": "required|cannot be blank",
    "x" * 300: "at most 64 characters",
    "a\x07b": "control characters",
}

GOOD_NAMES = [
    "Müller, Söhne & Co",
    'a "quoted" [name]',
    "name:x;type:8",
    "<script>alert(1)</script>",
    "'; DROP --",
    "日本",
]

BAD_NETWORKS: dict[str, str] = {
    "1.2.3.4/33": "“1.2.3.4/33” is not a network",
    "198.51.100.5/24": "198.51.100.5 is a host inside 198.51.100.0/24",
    "2001:db8::1/32": "2001:db8::1 is a host inside 2001:db8::/32",
    "0.0.0.0/0": "let everybody in",
    "gw.example": "not a network",
    "198.51.100.0/255.255.255.0": "as a number of bits, such as /24",
    "x" * 300: "not a network|at most 43 characters",
}

BAD_CREDENTIALS: list[tuple[Typed, str, str]] = [
    ({"username": ""}, "username", "required|cannot be blank"),
    ({"username": "   "}, "username", "required|cannot be blank"),
    ({"username": "a b"}, "username", "Blanks and the characters"),
    ({"username": "a@b c"}, "username", "neither an IP address nor a DNS name"),
    ({"username": "a@b@c"}, "username", "neither an IP address nor a DNS name"),
    ({"username": "@b"}, "username", "Before “@” stands the user"),
    ({"domain": "a b"}, "domain", "neither an IP address nor a DNS name"),
    ({"domain": "a" * 60 + ".example"}, "domain", "at most 64"),
    ({"calls_to_domain": "on"}, "domain", "Enter the SIP domain that calls name"),
    ({"more_registrars": "gw.example, 999.1.1.1"}, "more_registrars", "“999.1.1.1” is not an IP address"),
    ({"more_registrars": "a.ex,b.ex,c.ex,d.ex,e.ex"}, "more_registrars", "At most 4 further registration servers"),
    ({"contact_user": "a=b;c"}, "contact_user", "Only letters without accents, digits"),
    ({"contact_user": "1", "whole_trunk": "on"}, "contact_user", "the Contact of a whole trunk has no user"),
    ({"more_realms": 'a, "b'}, "more_realms", "double quote"),
    ({"more_realms": "a\x07b"}, "more_realms", "Control characters"),
    ({"more_realms": ",".join("abcdefghij")}, "more_realms", "At most 9 realms"),
    ({"more_realms": "x" * 65}, "more_realms", "at most 64 characters"),
    ({"username": 'a"b'}, "username", "double quote"),
    ({"username": "a\x07b"}, "username", "Control characters"),
    ({"username": "x" * 65}, "username", "at most 64"),
    ({"auth_username": "a\x07b"}, "auth_username", "Control characters"),
    ({"auth_username": 'a"b'}, "auth_username", "double quote"),
    ({"auth_username": "x" * 65}, "auth_username", "at most 64"),
    ({"password": ""}, "password", "Enter a password|a new credential needs a password"),
    ({"password": "a\x07b"}, "password", "Control characters"),
    ({"password": "a\nb"}, "password", "Control characters"),
    ({"password": "x" * 129}, "password", "at most 128"),
    ({"registrar": ""}, "registrar", "Enter the registration server, or untick register"),
    ({"registrar": "999.1.1.1"}, "registrar", "not an IP address"),
    ({"registrar": "host,evil"}, "registrar", "neither an IP address nor a DNS name"),
    ({"registrar": "sip.example:99999"}, "registrar", "not a port"),
    ({"registrar": "a" * 60 + ".example"}, "registrar", "at most 64"),
    ({"registrar": "sip.example:5070", "port": "5080"}, "port", "says 5070, this (field )?says 5080"),
    ({"realm": 'a"b'}, "realm", "double quote"),
    ({"realm": "a\\b"}, "realm", "backslash"),
    ({"realm": "a\x07b"}, "realm", "Control characters"),
    ({"realm": "x" * 65}, "realm", "at most 64"),
    ({"expires": "0"}, "expires", "greater than or equal to 60"),
    ({"expires": "59"}, "expires", "greater than or equal to 60"),
    ({"expires": "86401"}, "expires", "less than or equal to 86400"),
    ({"expires": "abc"}, "expires", "whole number"),
]

GOOD_PASSWORDS = ['with "quote" and blank ', "back\\slash", "a: #b", "!bang", "0123", "yes", "pässwörd", " "]

# Settings of a carrier group: topic, values, the field that is refused, and why.
BAD_SETTINGS: list[tuple[str, Typed, str, str]] = [
    ("numbers", {"number_format": "up"}, "number_format", "not one of the available choices|possible are as_dialled,"),
    ("numbers", {"number_format": "national"}, "format_country", "Enter the country of the national format"),
    ("numbers", {"caller_format": "national"}, "format_country", "Enter the country of the national format"),
    ("numbers", {"format_country": "049"}, "format_country", "one to three digits"),
    ("numbers", {"format_country": "4;x"}, "format_country", "one to three digits"),
    ("numbers", {"format_national_prefix": "0;"}, "format_national_prefix", "Only digits"),
    ("failover", {"failover_codes": "200"}, "failover_codes", "“200” is no code that can make a call fail over"),
    ("failover", {"failover_codes": "5xx; DROP"}, "failover_codes", "“drop” is no code"),
    ("failover", {"failover_codes": "408 487"}, "failover_codes", "487 can't make a call fail over"),
    ("failover", {"failover_codes": " ".join(map(str, range(500, 540)))}, "failover_codes", "at most 64 characters"),
    ("failover", {"failover_causes": "0"}, "failover_causes", "“0” is no cause of Q.850"),
    ("failover", {"failover_causes": "34 128"}, "failover_causes", "“128” is no cause of Q.850"),
    ("failover", {"failover_causes": "²"}, "failover_causes", "is no cause of Q.850"),
    ("failover", {"no_reply_timeout": "0"}, "no_reply_timeout", "greater than or equal to 1"),
    ("failover", {"no_reply_timeout": "11"}, "no_reply_timeout", "less than or equal to 10"),
    ("failover", {"no_reply_timeout": "2s"}, "no_reply_timeout", "whole number"),
    ("failover", {"progress_timeout": "21"}, "progress_timeout", "less than or equal to 20"),
    ("failover", {"ring_timeout": "4"}, "ring_timeout", "greater than or equal to 5"),
    ("failover", {"ring_timeout": "601"}, "ring_timeout", "less than or equal to 600"),
    ("failover", {"max_attempts": "0"}, "max_attempts", "greater than or equal to 1"),
    ("failover", {"max_attempts": "30"}, "max_attempts", "less than or equal to 29"),
    ("failover", {"redirects": "up"}, "redirects", "not one of the available choices|possible are follow, fail_over"),
    ("identity", {"from_user": "me"}, "from_user", "not one of the available choices|possible are as_sent, account"),
    ("identity", {"from_user": "fixed"}, "from_user_value", "Enter a fixed From user"),
    ("identity", {"from_user_value": "a;b"}, "from_user_value", "Only letters without accents, digits"),
    ("identity", {"from_user_value": 'a"b@c'}, "from_user_value", "Only letters without accents, digits"),
    ("identity", {"from_user_value": "a\x07b"}, "from_user_value", "Only letters|Null|control"),
    ("identity", {"from_user_value": "x" * 65}, "from_user_value", "at most 64 characters"),
    ("identity", {"from_domain": "up"}, "from_domain", "available choices|possible are as_sent, carrier, ours, fixed"),
    ("identity", {"from_domain": "fixed"}, "from_domain_value", "Enter a fixed From domain"),
    ("identity", {"from_domain_value": "a;b"}, "from_domain_value", "neither an IP address nor a DNS name"),
    ("identity", {"from_domain_value": "999.1.1.1"}, "from_domain_value", "not an IP address"),
    ("identity", {"to_domain": "up"}, "to_domain", "available choices|possible are as_sent, carrier, ours, fixed"),
    ("identity", {"to_domain": "fixed"}, "to_domain_value", "Enter a fixed To domain"),
    ("identity", {"to_domain_value": "host,evil"}, "to_domain_value", "neither an IP address nor a DNS name"),
    ("identity", {"display_name": "Ada"}, "display_name", "available choices|possible are as_sent, remove, number"),
    (
        "identity",
        {"asserted_identity": "x"},
        "asserted_identity",
        "available choices|possible are keep, remove, caller",
    ),
    ("identity", {"preferred_identity": "x"}, "preferred_identity", "available choices|possible are keep, remove"),
    ("identity", {"remote_party_id": "x"}, "remote_party_id", "available choices|possible are keep, remove, caller"),
    ("identity", {"remote_party_id": "fixed"}, "identity_number", "Enter the number that the headers"),
    ("identity", {"diversion": "fixed"}, "identity_number", "Enter the number that the headers"),
    ("identity", {"diversion": "x"}, "diversion", "available choices|possible are keep, remove, fixed"),
    ("identity", {"identity_number": "+49 30"}, "identity_number", "Write a number: up to 24 digits"),
    ("identity", {"identity_number": "1;x=2"}, "identity_number", "Write a number: up to 24 digits"),
    ("identity", {"privacy": "x"}, "privacy", "available choices|possible are keep, id, remove"),
    (
        "identity",
        {"privacy": "remove"},
        "privacy",
        "P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID would",
    ),
    ("identity", {"header_filter": "x"}, "header_filter", "available choices|possible are none, unknown_x"),
    ("identity", {"passed_headers": "X-A: 1"}, "passed_headers", "“X-A:” is no name of a SIP header"),
    ("identity", {"removed_headers": "User-Agent Via"}, "removed_headers", "Via belongs to the call itself"),
    ("identity", {"removed_headers": "m"}, "removed_headers", "m belongs to the call itself"),
    ("identity", {"removed_headers": "privacy"}, "removed_headers", "privacy has a field of its own"),
    ("identity", {"removed_headers": "X-" + "a" * 200}, "removed_headers", "at most 200 characters"),
]

# Extra headers of a carrier group.
BAD_HEADERS: list[tuple[Typed, str, str]] = [
    ({"name": ""}, "name", "required|cannot be blank"),
    ({"name": "X A"}, "name", "“X A” is no name of a SIP header"),
    ({"name": "X-A: 1\r\nX-B"}, "name", "is no name of a SIP header"),
    ({"name": "Contact"}, "name", "Contact belongs to the call itself"),
    ({"name": "v"}, "name", "v belongs to the call itself"),
    ({"name": "Proxy-Authorization"}, "name", "belongs to the call itself"),
    ({"name": "Privacy"}, "name", "Privacy has a field of its own"),
    ({"name": "X-" + "a" * 63}, "name", "at most 64 characters"),
    ({"value": ""}, "value", "[Ee]nter a value"),
    ({"value": "a\r\nRoute: <sip:x>"}, "value", "no line breaks|control"),
    ({"value": "a\x07b"}, "value", "no line breaks|control"),
    ({"value": "pässwörd"}, "value", "letters without accents"),
    ({"value": "x" * 256}, "value", "at most 255"),
]

# Settings of a PBX, as those of a carrier group.
BAD_PBX_SETTINGS: list[tuple[str, Typed, str, str]] = [
    ("number_plan", {"country_code": "0"}, "country_code", "one to three digits"),
    ("number_plan", {"area_code": "30"}, "country_code", "Enter the country code of this number plan"),
    ("number_plan", {"inbound_format": "national"}, "country_code", "Enter the country of the national format"),
    ("number_plan", {"area_code": "030", "country_code": "49"}, "area_code", "no 0 in front"),
    ("number_plan", {"international_prefix": "+"}, "international_prefix", "Only digits"),
    ("number_plan", {"national_prefix": "0;"}, "national_prefix", "Only digits"),
    ("number_plan", {"country_code": "1", "national_length": "2"}, "national_length", "greater than or equal to 3"),
    ("number_plan", {"country_code": "1", "local_length": "16"}, "local_length", "less than or equal to 15"),
    ("identity", {"caller_numbers": "Ada"}, "caller_numbers", "“Ada” is no caller number"),
    ("identity", {"caller_numbers": "*"}, "caller_numbers", "“\\*” is no caller number"),
    ("identity", {"caller_numbers": "+49*30"}, "caller_numbers", "is no caller number"),
    ("identity", {"caller_numbers": " ".join(map(str, range(51)))}, "caller_numbers", "51 numbers; at most 50"),
    ("identity", {"fallback_number": "x", "caller_numbers": "1"}, "fallback_number", "Write a number"),
    ("backups", {"backup_addresses": "192.0.2.10, 999.1.1.1"}, "backup_addresses", "“999.1.1.1” is not an IP address"),
    ("backups", {"backup_addresses": "a.ex,b.ex,c.ex,d.ex,e.ex"}, "backup_addresses", "At most 4 backup addresses"),
    ("backups", {"backup_addresses": f"{'x' * 60}.example.example"}, "backup_addresses", "at most 64 characters"),
    ("backups", {"backup_addresses": "a.ex;gwid=1"}, "backup_addresses", "“a.ex;gwid=1”|is not"),
    ("identity", {"fallback_number": "4930 1"}, "fallback_number", "Write a number"),
]

# Of a condition. The PBX “office” exists.
BAD_CONDITIONS: list[tuple[Typed, str, str]] = [
    *[({"name": text}, "name", reason) for text, reason in BAD_NAMES.items()],
    ({"hours": "8-18"}, "hours", "“8-18” is no span of hours"),
    ({"hours": "Mon-Fri 8-18"}, "hours", "“Mon-Fri 8-18” is no span of hours"),
    ({"hours": "Mo-Fr 08:00-18:00"}, "hours", "is no span of hours: write days and hours, such as Mon-Fri"),
    ({"hours": "Mon 08:00-18:00; Tue 09:00-10:00"}, "hours", "is no span of hours"),
    ({"hours": "Mon 08:00-25:00"}, "hours", "has an hour that is not from 00:00 to 24:00"),
    ({"hours": "Mon 24:00-25:00"}, "hours", "has an hour that is not from 00:00 to 24:00"),
    ({"hours": "Mon 08:60-09:00"}, "hours", "has an hour that is not from 00:00 to 24:00"),
    ({"hours": "Mon 08:00-08:00"}, "hours", "ends when it begins: for a whole day, write 00:00-24:00"),
    ({"hours": ", ".join(f"Mon 00:00-{n // 60:02}:{n % 60:02}" for n in range(1, 42))}, "hours", "At most 40 spans"),
    ({"holidays": "25.12."}, "holidays", "“25.12.” is no date: write 12-25 for every year"),
    ({"holidays": "12-25, 02-30"}, "holidays", "“02-30” is no date"),
    ({"holidays": "2027-02-29"}, "holidays", "“2027-02-29” is no date"),
    ({"holidays": " ".join(f"2027-{m:02}-{d:02}" for m in (1, 3, 5) for d in range(1, 22))}, "holidays", "At most 60"),
    ({"time_zone": "Mars/Olympus"}, "time_zone", "is no time zone|not one of the available choices"),
    ({"time_zone": "CEST"}, "time_zone", "is no time zone|not one of the available choices"),
    ({"outside": "on"}, "outside", "Enter the hours or holidays that are meant"),
]

# Of a carrier group in an outbound route.
BAD_SHARES: dict[str, str] = {
    "0": "greater than or equal to 1",
    "101": "less than or equal to 100",
    "-1": "greater than or equal to",
    "70;30": "whole number",
    "half": "whole number",
}

BAD_PREFIXES: dict[str, str] = {
    "1,2;x": "Only digits",
    "9a": "Only digits",
    "9 1": "Only digits",
    "1" * 31: "at most 30 characters",
}
