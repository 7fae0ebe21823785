"""The carriers document: all carriers as one YAML or JSON text, in and out (docs/carriers-document.md)."""

from carriers.documents.dump import carriers_document, dump_csv, dump_json, dump_yaml
from carriers.documents.load import load_document
from carriers.documents.report import DocumentRefused, LoadReport
from carriers.documents.text import read_document

__all__ = [
    "DocumentRefused",
    "LoadReport",
    "carriers_document",
    "dump_csv",
    "dump_json",
    "dump_yaml",
    "load_document",
    "read_document",
]
