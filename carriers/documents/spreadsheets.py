"""Recognise spreadsheet files, for users who pass one instead of a carriers document."""

from __future__ import annotations

import codecs

_WORKBOOKS = {b"PK\x03\x04": "an Excel or LibreOffice workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas"}
_SHOWN_COLUMNS = 8
_WHAT_TO_DO = (
    "load_carriers reads a carriers document in YAML or JSON: write the rows as one, in the form that manage.py"
    " dump_carriers shows (docs/carriers-document.md)"
)


def spreadsheet_sentence(name: str, data: bytes) -> str:
    """Return a sentence with the kind of spreadsheet and the remedy, empty if ``data`` is no spreadsheet."""
    for signature, what in _WORKBOOKS.items():
        if data.startswith(signature):
            return f"{name} is {what}. {_WHAT_TO_DO}."
    header = _first_line(data)
    separator = max(_SEPARATORS, key=header.count)
    columns = [column.strip().strip('"') for column in header.split(separator)]
    if len(columns) < 2 or ": " in header or header.endswith(":") or header[0] in "{[#-&*!|>%@`":
        return ""
    shown = ", ".join(columns[:_SHOWN_COLUMNS]) + (" …" if len(columns) > _SHOWN_COLUMNS else "")
    return f"{name} is a table separated by {_SEPARATORS[separator]}, with the columns {shown}. {_WHAT_TO_DO}."


def _first_line(data: bytes) -> str:
    """Return the first line that is not blank, of a text in an encoding that spreadsheets use."""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data[:65_536].decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")
    return next((line.strip() for line in text.splitlines() if line.strip()), " ")
