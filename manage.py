#!/usr/bin/env python
"""Run Django's and the product's management commands."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dsiprouter.settings")
    from dsiprouter.command_line import run

    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
