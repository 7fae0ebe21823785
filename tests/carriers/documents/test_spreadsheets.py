"""Files of spreadsheets, given where a carriers document is wanted."""

from __future__ import annotations

import pytest

from carriers.documents import dump_json, dump_yaml
from carriers.documents.spreadsheets import spreadsheet_sentence
from tests.carriers.documents.trees import example

HEADER = "carrier;host;port;strip;prefix"
ROWS = f"{HEADER}\r\nAcme;203.0.113.7;5060;1;0049\r\n"


@pytest.mark.parametrize(
    ("data", "separator"),
    [
        (b"\xef\xbb\xbf" + ROWS.encode(), "semicolons"),  # Excel: CSV UTF-8, with the separator of many countries
        (ROWS.replace(";", ",").encode(), "commas"),
        (ROWS.replace(";", "\t").encode("utf-16"), "tabs"),  # Excel: Unicode text
        (ROWS.replace("Acme", "Müller").encode("cp1252"), "semicolons"),  # Excel: CSV
        (b'"carrier","host","port","strip","prefix"\n', "commas"),
    ],
)
def test_a_table_is_named_with_its_columns(data: bytes, separator: str) -> None:
    said = spreadsheet_sentence("list.csv", data)
    assert f"list.csv is a table separated by {separator}, with the columns carrier, host, port, strip, prefix." in said
    assert "write the rows as one, in the form that manage.py dump_carriers shows" in said


def test_workbooks_are_named() -> None:
    assert "is an Excel or LibreOffice workbook." in spreadsheet_sentence("list.xlsx", b"PK\x03\x04rest")
    assert "is an old Excel workbook." in spreadsheet_sentence("list.xls", b"\xd0\xcf\x11\xe0rest")


@pytest.mark.parametrize(
    "text",
    [
        dump_yaml(example()),
        dump_json(example()),
        "",
        "\n\n",
        "# a, b; c\ncarrier_groups: []\n",
        "{carrier_groups: [], pbxs: []}",
        "- name: Acme, Backup\n",
        "carrier_groups:\n  - {name: Acme}\n",
        "carriers",
    ],
)
def test_documents_are_no_tables(text: str) -> None:
    assert spreadsheet_sentence("carriers.yaml", text.encode()) == ""
