"""All that the product uses of Django and Django does not document: look here first when Django is upgraded.

Each function says why nothing documented does. tests/carriers/test_django_internals.py has a test for each that fails
when Django changes it, and tests/layout/test_django_internals.py finds uses elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.deletion import Collector
from django.http import HttpRequest, QueryDict


def delete_without_cascade(found: QuerySet[Any]) -> None:
    """Delete rows and nothing that refers to them, because they are stored again under the same keys.

    ``QuerySet.delete()`` deletes or refuses because of what refers to a row, and sends a signal for each.
    """
    found._raw_delete(found.db)


def deletion_of(found: QuerySet[Any]) -> tuple[Mapping[type[Model], Collection[Model]], Callable[[], object]]:
    """Return all that goes with the deletion of objects, by model, and the function that deletes it.

    ``QuerySet.delete()`` says what went only when it is gone, and then only how many.
    """
    collector = Collector(using=found.db)
    collector.collect(found)
    return collector.data, collector.delete


def delete_with_owner(collector: Collector, field: ForeignKey, sub_objs: Any, _using: str) -> None:
    """Delete the rows with their owner, as ``CASCADE`` does, but never set their key to NULL first.

    Django does that for a key that may be NULL on databases which check at once (MariaDB, MySQL), and there the rule
    that a source has one owner would refuse it, and with it every deletion of a group or PBX that has sources. An
    ``on_delete`` of one's own gets Django's collector.
    """
    collector.collect(sub_objs, source=field.remote_field.model, source_attr=field.name, fail_on_restricted=False)


def replace_posted(request: HttpRequest, data: QueryDict) -> None:
    """Let what follows read other fields than those that were posted.

    The admin builds its forms from ``request.POST``, and offers no place for other data.
    """
    request.POST = data  # type: ignore[assignment]  # declared as immutable


def drop_new_messages(request: HttpRequest) -> None:
    """Forget the messages of this request and keep those of earlier ones, before a view is called a second time.

    Reading the messages, which is documented, would drop those of earlier requests, too.
    """
    request._messages = default_storage(request)  # type: ignore[attr-defined]


def stored_session(store: SessionStore) -> Any:
    """Return the row of a session that has not expired, or None: ``load()`` returns its data only."""
    return store._get_session_from_db()  # type: ignore[attr-defined]


def forget_session_key(store: SessionStore) -> None:
    """Give a session that is over no key, as Django does with one that expired: it must not be stored again."""
    store._session_key = None
