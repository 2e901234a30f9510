#!/usr/bin/env python
"""Taproom's commands; `manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Run a management command."""
    if sys.argv[1:2] == ["demo"]:
        # Without Django: the servers that its settings point to are what this command starts,
        # and loading the applications would cost two seconds of every start.
        from core.demo.interrupts import take_signals

        take_signals()
        from core.demo.command import main as demo

        sys.exit(demo(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        if sys.argv[1:2] != ["doctor"]:
            raise
        # Settings that cannot even be read: what the doctor is asked about, not a traceback.
        from core.observe.redact import redact_text

        told = redact_text(str(error))
        sys.stdout.write(f"BROKEN  settings: {told}\n        -> See docs/configuration.md.\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
