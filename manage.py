#!/usr/bin/env python
"""Run Django's and the product's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dsiprouter.settings")
    from django.core.management import execute_from_command_line

    from dsiprouter.production import UnfitForProduction

    try:
        execute_from_command_line(sys.argv)
    except UnfitForProduction as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
