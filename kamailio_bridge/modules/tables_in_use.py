"""The tables that the modules in use need, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from kamailio_bridge.modules import MODULES
from kamailio_bridge.tables.models import KamailioTable, Version
from kamailio_bridge.tables.problems import problems_of
from kamailio_bridge.tables.reading import TablesUnreadable


def tables_in_use() -> list[type[KamailioTable]]:
    """Return ``version`` and the tables of the modules that ``KAMAILIO_MODULES`` names; unknown names have none."""
    modules = [module for name, module in MODULES.items() if name in settings.KAMAILIO_MODULES]
    projected = [table.model for module in modules for table in module.tables]
    return [Version, *dict.fromkeys([*projected, *(table for module in modules for table in module.live_tables)])]


def table_problems(alias: str = "kamailio", tables: Sequence[type[KamailioTable]] | None = None) -> list[str]:
    """Return a sentence for each fault that would break this product or Kamailio; by default in all tables in use."""
    return problems_of(tables_in_use() if tables is None else tables, alias)


def insist_on_tables() -> None:
    """Raise ``TablesUnreadable`` with all problems of the tables in use, if there are any."""
    problems = table_problems()
    if problems:
        raise TablesUnreadable(" ".join(problems))
