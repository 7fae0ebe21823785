"""The product's settings, with a home of its own that ends with the test run."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="dsiprouter-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["DSIPROUTER_HOME"] = _home

from dsiprouter.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick logins; nothing here is worth guarding
