"""The order in which the modules of a plan are reloaded."""

from __future__ import annotations

from kamailio_bridge.modules.base import ModuleChanges


def in_reload_order(modules: list[ModuleChanges]) -> list[ModuleChanges]:
    """Order the modules so that no call sees a half-applied change, and leave out those without changes.

    Sources and sets are added before the routes that need them, and removed after them: a module that only loses rows
    is reloaded after those that used them. The module that holds the revision always comes last.
    """
    changed = [changes for changes in modules if changes.count]
    first = [changes for changes in changed if not changes.only_removes]
    later = [changes for changes in reversed(changed) if changes.only_removes]
    ordered = [changes for changes in first + later if not changes.module.holds_revision]
    return ordered + [changes for changes in modules if changes.module.holds_revision]
