"""The product's settings, with a home of its own that ends with the test run."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_home = tempfile.mkdtemp(prefix="dsiprouter-tests-")
_owner = os.getpid()


def _remove_home() -> None:
    if os.getpid() == _owner:  # a forked child that ends must not take the home away from the run
        shutil.rmtree(_home, ignore_errors=True)


atexit.register(_remove_home)
os.environ["DSIPROUTER_HOME"] = _home

from dsiprouter.settings import *  # noqa: E402, F403
from dsiprouter.settings import DATABASES  # noqa: E402

for _alias, _database in DATABASES.items():
    if _database["ENGINE"] == "django.db.backends.sqlite3":
        # Files, not memory: a real Kamailio, other processes and threads read and write them too.
        _database["TEST"] = {"NAME": str(Path(_home) / f"test-{_alias}.sqlite3")}
    else:
        _database["TEST"] = {"CHARSET": "utf8mb4"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick logins; nothing here is worth guarding
