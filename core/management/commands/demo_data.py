"""`manage.py demo_data`: two companies with a story, made by the same operations as real data."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.demo_story import Stage


class Command(BaseCommand):
    """Fill in demo data; safe to run twice. Needs web, workers and the sandbox for payments."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file to which logins and the API key are written."""
        parser.add_argument("--output", type=Path, help="JSON file to write (and to read again)")

    def handle(self, *args: Any, output: Path | None, **options: Any) -> None:
        """Let each app tell its part, in the order of INSTALLED_APPS."""
        known = json.loads(output.read_text()) if output and output.exists() else {}
        stage = Stage(say=self.stdout.write, now=timezone.now(), facts=known)
        for app in apps.get_app_configs():
            if find_spec(f"{app.name}.demo_story"):
                import_module(f"{app.name}.demo_story").tell(stage)
        text = json.dumps(stage.facts, indent=2)
        if output:
            unfinished = output.with_suffix(".unfinished")
            unfinished.touch(mode=0o600)
            unfinished.write_text(text)
            unfinished.replace(output)
        else:
            self.stdout.write(text)
