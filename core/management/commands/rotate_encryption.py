"""`manage.py rotate_encryption`: write everything encrypted again with the newest key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, Any, cast
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Model
from rich.console import Console
from rich.progress import Progress

from core import tenancy
from core.models import Tenant
from core.operations.rotation import Rotated, encrypted_models, rotate_batch, rotate_row
from core.rls import is_tenant_table

_BATCH = 500


class Command(BaseCommand):
    """Rotate in batches, tenant by tenant; stopping and starting again loses nothing."""

    help = (
        "Write all encrypted values again with the first of FIELD_ENCRYPTION_KEYS. "
        "When it ends without errors, the other keys can go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer a look before the act."""
        parser.add_argument("--dry-run", action="store_true", help="count, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate all tables; the exit code is 1 if a value cannot be read with any key."""
        total = Rotated()
        console = Console(file=cast("IO[str]", self.stderr))
        with Progress(console=console, disable=not self.stderr.isatty()) as progress:
            for model, fields, tenant_id in list(_places()):
                bar = progress.add_task(model._meta.label, total=_count(model, tenant_id))
                for batch in _batches(model, fields, tenant_id, dry_run=options["dry_run"]):
                    progress.advance(bar, batch.rows)
                    total.add(batch)
        self._tell(total, is_dry_run=options["dry_run"])

    def _tell(self, total: Rotated, *, is_dry_run: bool) -> None:
        verb = "would be rewritten" if is_dry_run else "rewritten"
        self.stdout.write(f"{total.rows} rows read, {total.rewritten} values {verb}.")
        if total.unreadable:
            listed = "\n".join(total.unreadable[:20])
            raise CommandError(
                f"{len(total.unreadable)} values open with no key of FIELD_ENCRYPTION_KEYS. Put "
                f"the key that wrote them back into the list and run this again:\n{listed}"
            )


def _places() -> Iterator[tuple[type[Model], tuple[str, ...], UUID | None]]:
    """Yield each table with encrypted fields, once for each tenant whose rows it holds."""
    tenants = list(Tenant.objects.values_list("pk", flat=True))
    for model, fields in encrypted_models():
        if is_tenant_table(model):
            for tenant_id in tenants:
                yield model, fields, tenant_id
        else:
            yield model, fields, None


def _batches(
    model: type[Model], fields: tuple[str, ...], tenant_id: UUID | None, *, dry_run: bool
) -> Iterator[Rotated]:
    """Rotate one place, each batch in a transaction of its own."""
    after = None
    while True:
        with _inside(tenant_id):
            batch = rotate_batch(
                model=model, fields=fields, after=after, size=_BATCH, dry_run=dry_run
            )
        yield batch
        for pk in batch.busy:
            with _inside(tenant_id):
                alone = rotate_row(model=model, fields=fields, pk=pk)
            yield alone
        if batch.last is None:
            return
        after = batch.last


def _inside(tenant_id: UUID | None) -> AbstractContextManager[Any]:
    return transaction.atomic() if tenant_id is None else tenancy.scope(tenant_id)


def _count(model: type[Model], tenant_id: UUID | None) -> int:
    with _inside(tenant_id):
        return model._default_manager.count()
