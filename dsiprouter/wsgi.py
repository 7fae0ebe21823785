"""The WSGI entry point."""

import os
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dsiprouter.settings")

GIVE_UP = 3  # gunicorn's master does not restart workers with this status

if settings.DSIPROUTER_SLIPS:
    sys.stderr.write("\n".join(settings.DSIPROUTER_SLIPS) + "\n")
    sys.stderr.flush()
    sys.exit(GIVE_UP)

application = get_wsgi_application()
