"""`manage.py import_usage FILE`: take usage events out of a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from billing.operations.usage import Counts, TooBusy
from billing.operations.usage.files import (
    FileUnreadable,
    LineVerdict,
    read_file,
    record_lines,
)
from core.management.arguments import tenant_named

SHOWN = 20


class Command(BaseCommand):
    """Import CSV or JSONL, either also as gzip, with the verdicts that the API would give.

    Interrupted or killed it can be repeated, and repeats nothing: what was stored is told as a
    duplicate, at the rate of reading. Exit code 0: all lines are stored; 3: the others are, but
    some lines were rejected or in conflict; 1: the file cannot be read to its end.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, the company, where verdicts go, and whether only to look."""
        parser.add_argument("file", help="CSV with a header, or one JSON object a line; or gzip")
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--verdicts", help="CSV file to write: line, key, verdict, reason")
        parser.add_argument("--oldest-days", type=int, help="instead of USAGE_OLDEST_DAYS")
        parser.add_argument("--from-line", type=int, default=1, help="skip the lines before it")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, tell verdicts")

    def handle(
        self, *args: Any, file: str, tenant: str, dry_run: bool = False,
        verdicts: str | None = None, oldest_days: int | None = None, from_line: int = 1,
        **options: Any,
    ) -> None:  # fmt: skip
        """Read, record, count."""
        company = tenant_named(tenant)
        reach = None if oldest_days is None else timedelta(days=min(max(oldest_days, 0), 36_500))
        self.counts, self.shown, self.last_line = Counts(), 0, from_line - 1
        try:
            with (
                Path(file).open("rb") as stream,
                _verdict_file(verdicts) as writer,
                Progress(
                    TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
                    TimeRemainingColumn(), console=Console(stderr=True),
                ) as progress,
            ):  # fmt: skip
                bar = progress.add_task(Path(file).name, total=os.fstat(stream.fileno()).st_size)
                lines = (one for one in read_file(stream, file) if one.number >= from_line)
                for found in record_lines(
                    tenant_id=company.pk, lines=lines, clock=timezone.now, reach=reach,
                    is_dry_run=dry_run,
                ):  # fmt: skip
                    self._tell(found, writer)
                    progress.update(bar, completed=stream.tell())
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}.") from error
        except (FileUnreadable, TooBusy) as error:
            raise CommandError(f"{error} {self._where()}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {self._where()}") from None
        self._end(is_dry_run=dry_run)

    def _where(self) -> str:
        return (
            f"Stored up to line {self.last_line}: {self._words()}. Repeat the command; what is "
            f"stored counts once. --from-line {self.last_line + 1} skips it."
        )

    def _words(self) -> str:
        return ", ".join(f"{count} {word}" for word, count in self.counts.by_word().items())

    def _tell(self, found: list[LineVerdict], writer: Any) -> None:
        self.counts.add([one.verdict for one in found])
        self.last_line = found[-1].number
        for one in found:
            told = one.verdict
            if writer is not None:
                key = (told.idempotency_key or "").encode(errors="replace").decode()
                writer.writerow([one.number, key, told.verdict, told.reason or ""])
            if told.verdict in ("rejected", "conflict") and self.shown < SHOWN:
                self.shown += 1
                field = (told.pointer or "").split("/", 2)[2:]
                where = f" ({field[0]})" if field else ""
                self.stderr.write(f"line {one.number}: {told.verdict}{where}: {told.reason}")

    def _end(self, *, is_dry_run: bool) -> None:
        self.stdout.write(f"{'Would be: ' if is_dry_run else ''}{self._words()}")
        bad = self.counts.rejected + self.counts.conflict
        if bad:
            more = f" {bad - self.shown} more are not shown." if bad > self.shown else ""
            words = f"{bad} lines were not taken; --verdicts FILE lists each.{more}"
            raise CommandError(words, returncode=3)


@contextmanager
def _verdict_file(path: str | None) -> Iterator[Any]:
    """Yield a CSV writer, or None."""
    with nullcontext() if path is None else Path(path).open("w", newline="") as file:
        if file is None:
            yield None
            return
        writer = csv.writer(file)
        writer.writerow(["line", "idempotency_key", "verdict", "reason"])
        yield writer
