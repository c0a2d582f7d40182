#!/usr/bin/env python
"""The operators' entrance: `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapotter.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.configured or settings.DEBUG  # noqa: B018  reads the environment now, not midway
    except ImproperlyConfigured as error:
        sys.exit(f"snapotter: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
