"""Run everything on this machine: servers, web, workers, sandbox, demo data."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.demo.command import add_arguments, run


class Command(BaseCommand):
    """List `demo` among the commands; `manage.py demo` itself never comes here."""

    help = "Run Taproom on this machine with servers and data of its own, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the options of the demo."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until it is stopped."""
        sys.exit(run(port=options["port"], reset=options["reset"]))
