"""Accept rows that somebody changed in Kamailio's tables into the carriers, if the carriers can express them.

This is the alternative to restoring: a change that somebody made in the tables becomes part of the carriers. Only what
both a row and the carriers contain can be accepted: an endpoint's address and digits, a
PBX's address, a source network, where a route leads.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models, transaction

from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.acceptance.accepted import CannotAccept, Handler
from kamailio_bridge.rows.ids import is_moved
from kamailio_bridge.rows.row_drift import RowDrift


def can_accept(row: RowDrift) -> bool:
    """Say whether to offer accepting the row. Whether that succeeds depends on the values in it."""
    return _handler_of(row) is not None


@transaction.atomic
def accept_row(*, row: RowDrift) -> models.Model:
    """Accept the row into the carriers, and return the group, PBX or route that changed.

    Raises ``CannotAccept``.
    """
    handler = _handler_of(row)
    if handler is None:
        raise CannotAccept(f"What is in row {row.pk} of the table {row.table.name} can only be restored.")
    try:
        return handler(row)
    except ValidationError as error:
        raise CannotAccept(f"The carriers can't be as the row is: {' '.join(error.messages)}") from None


def _handler_of(row: RowDrift) -> Handler | None:
    if is_moved(row.pk) and row.kind != "added":
        return None  # its key is that of no object (see ``row_keys``)
    module = next(module for module in selected_modules() if row.table in module.tables)
    return module.accept_handler(row)
