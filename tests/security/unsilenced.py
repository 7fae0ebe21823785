"""The product's settings with every system check."""

from dsiprouter.settings import *  # noqa: F403

SILENCED_SYSTEM_CHECKS: list[str] = []
