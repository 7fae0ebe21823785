"""Settings under which dump_carriers has a fault."""

from dsiprouter.settings import *  # noqa: F403


class _Broken:
    def db_for_read(self, model: object, **hints: object) -> str:
        return str(1 / 0)


DATABASE_ROUTERS = [_Broken()]
