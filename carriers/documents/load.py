"""Load a document into the carriers, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from carriers.databases.deadlocks import retry_after_deadlock
from carriers.documents.items import Problems
from carriers.documents.loading.loader import Loader
from carriers.documents.report import DocumentRefused, LoadReport
from carriers.documents.tree import parse_document
from carriers.history.recording import in_one_batch


def load_document(
    tree: Any, *, prune: bool = False, dry_run: bool = False, advance: Callable[[int], object] = lambda _done: None
) -> LoadReport:
    """Load the tree of a document, and report what it did. Raises ``DocumentRefused`` with every mistake.

    Objects are found by name (groups, PBXs) or prefix (routes). An existing object keeps the values that the document
    leaves out; a list in the document replaces the stored one. ``prune`` deletes the objects that are missing from the
    sections of the document. ``dry_run`` rolls everything back at the end. ``advance`` is called with numbers of loaded
    objects, ``object_count`` in total, and with a negative number before a retry.
    """
    done: list[int] = []

    def count(objects: int) -> None:
        done.append(objects)
        advance(objects)

    def reset_count() -> None:
        advance(-sum(done))
        done.clear()

    try:
        return retry_after_deadlock(
            lambda: _load(tree, prune=prune, dry_run=dry_run, advance=count), before_retry=reset_count
        )
    except IntegrityError:
        raise DocumentRefused(
            ["Somebody else changed the same carriers at this moment, so nothing was stored: load the document again."]
        ) from None


def _load(tree: Any, *, prune: bool, dry_run: bool, advance: Callable[[int], object]) -> LoadReport:
    problems = Problems()
    document = parse_document(tree, problems)
    report = LoadReport()
    with transaction.atomic():
        with in_one_batch():
            Loader(document, problems, report, prune=prune, advance=advance).load()
        if problems.sentences:
            raise DocumentRefused(problems.sentences)
        transaction.set_rollback(dry_run)
    return report


def object_count(tree: Any) -> int:
    """Return how many groups, PBXs and routes the tree has."""
    sections = [entries for entries in tree.values() if isinstance(entries, list)] if isinstance(tree, dict) else []
    return sum(len(entries) for entries in sections)
