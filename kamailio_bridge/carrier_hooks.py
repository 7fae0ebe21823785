"""Everything that the bridge adds to the carriers, which know nothing of it: one line for each hook."""

from __future__ import annotations

from carriers import reencrypt
from carriers.admin import hooks
from carriers.history import milestones
from kamailio_bridge.admin import carrier_pages, save_warnings
from kamailio_bridge.revisions.history_links import milestones_of
from kamailio_bridge.revisions.reencrypt_snapshots import reencrypt_snapshots


def add_hooks() -> None:
    """Add the hooks, once, when Django starts."""
    milestones.sources.add(milestones_of)
    reencrypt.elsewhere.add(reencrypt_snapshots)

    hooks.before_save.add(save_warnings.remember_before_fields)
    hooks.before_save_rows.add(save_warnings.remember_before_rows)
    hooks.after_save.add(save_warnings.warn_of_edit)
    hooks.after_add.add(save_warnings.warn_of_gaps)

    hooks.list_columns.add(carrier_pages.list_columns)
    hooks.list_media.add(carrier_pages.list_media)
    hooks.list_tools.add(carrier_pages.list_tools)
    hooks.page_media.add(carrier_pages.page_media)
    hooks.page_extras.add(carrier_pages.page_extras)
    hooks.before_delete.add(carrier_pages.consequences)
