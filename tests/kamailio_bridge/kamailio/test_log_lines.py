"""Every log line of our configuration: it contains received text only after that was made safe."""

from __future__ import annotations

import re

import pytest

from kamailio_bridge.local.kamailio_parameters import CONFIGURATION

FILES = sorted(CONFIGURATION.parent.glob("*.cfg"))
XLOG = re.compile(r"xlog\(([^;]*)\);")
VALUE = re.compile(
    r"\$(?:\((?P<whole>[^{}()]*(?:\([^()]*\))?[^{}()]*)(?P<made>(?:\{[^}]*\})*)\)|(?P<plain>\w+(?:\([^)]*\))?))"
)
# Addresses, ports, codes and counts are Kamailio's own words, the rest stands in our tables or is a text of ours.
SAFE = {
    "si", "sp", "rs", "T_reply_code", "T_rpl($si)", "avp(peer)", "avp(attrs)", "avp(reason)", "var(set)", "var(uuid)",
    "var(peer)", "var(method)", "var(why)", "dlg_var(credential)", "var(sources)", "var(silenced)",
    "var(answered)", "var(dropped)", "var(replies)", "var(malformed)", "var(seconds)",
}  # fmt: skip


def values(text: str) -> list[tuple[str, str]]:
    """Return the values of a line, each with the transformations that it goes through."""
    return [(match["whole"] or match["plain"], match["made"] or "") for match in VALUE.finditer(text)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_lines_have_safe_values_only(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    lines = XLOG.findall(text)
    raw = [(value, line) for line in lines for value, made in values(line) if value not in SAFE]
    assert [each for each in raw if not re.search(rf"\$\({re.escape(each[0])}\{{PRINTABLE\}}\)", each[1])] == []


def test_the_check_sees_what_is_raw() -> None:
    assert values("$rm from $si: $(avp(number){PRINTABLE})") == [
        ("rm", ""),
        ("si", ""),
        ("avp(number)", "{PRINTABLE}"),
    ]


def test_the_prefix_of_each_line_is_safe() -> None:
    prefix = re.findall(r'^log_prefix="(.*)"$', CONFIGURATION.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [values(text) for text in prefix] == [[("cs", ""), ("rm", "{ONE_WORD}"), ("ci", "{ONE_WORD}")]]
