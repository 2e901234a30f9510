"""Write docs/schema.sql and docs/rls_policies.sql from the running database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from core.catalogue import policies_sql, schema_sql


class Command(BaseCommand):
    """Writes the schema and the row-level rules as SQL; writing them again changes nothing."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder to write into."""
        parser.add_argument("--to", type=Path, default=Path(settings.BASE_DIR) / "docs")

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        """Write both files and name them."""
        with connection.cursor() as cursor:
            files = {"schema.sql": schema_sql(cursor), "rls_policies.sql": policies_sql(cursor)}
        for name, text in files.items():
            (to / name).write_text(text.rstrip("\n") + "\n")
            self.stdout.write(f"wrote {to / name}")
