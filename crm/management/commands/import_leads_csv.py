"""`manage.py import_leads_csv`: import leads from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from core.models import Tenant, User
from core.tenancy import scope
from crm.csv_files import FileRefused
from crm.models import LeadImport
from crm.operations.imports import confirm_import, look_at, run_import, upload

SHOWN = 20


class Command(BaseCommand):
    """Import leads as the page does, in the name of an admin. Safe to run twice with one file.

    Exit code 1 when the file cannot be read or when rows were refused; the others are in then.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, the tenant, in whose name, and whether only to look."""
        parser.add_argument("file", help="a CSV file; its first line names the columns")
        parser.add_argument("--tenant", required=True, help="slug of the tenant")
        parser.add_argument("--as", dest="email", help="e-mail of who imports; else an admin")
        parser.add_argument("--dry-run", action="store_true", help="say what it would do")

    def handle(
        self, *args: Any, file: str, tenant: str, dry_run: bool, email: str | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        """Look at the file or take it in."""
        user = self._user(tenant, email)
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            if dry_run:
                self._look(user, data)
            else:
                self._take_in(user, Path(file).name, data)
        except FileRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _user(self, slug: str, email: str | None) -> User:
        tenant = Tenant.objects.filter(slug=slug, is_active=True).first()
        if tenant is None:
            raise CommandError(f"There is no active tenant {slug!r}.")
        people = User.objects.filter(tenant=tenant, is_active=True)
        chosen = {"email": email.lower()} if email else {"role": User.Role.ADMIN}
        user = people.filter(**chosen).order_by("created_at").first()
        if user is None:
            raise CommandError(f"Nobody active of {slug} fits: name somebody with --as.")
        return user

    def _look(self, user: User, data: bytes) -> None:
        assert user.tenant_id is not None  # noqa: S101 - found by their tenant
        with scope(user.tenant_id, user_id=user.pk, role=user.role):
            preview = look_at(data)
        counts = preview.counts
        self.stdout.write(
            f"{len(preview.rows)} rows: {counts['new']} would be new, {counts['changed']} would "
            f"be changed, {counts['same']} the same, {counts['refused']} refused"
        )
        self._end([[row.line, "; ".join(row.problems)] for row in preview.refused])

    def _take_in(self, user: User, name: str, data: bytes) -> None:
        assert user.tenant_id is not None  # noqa: S101 - found by their tenant
        now = timezone.now()
        with scope(user.tenant_id, user_id=user.pk, role=user.role):
            row = upload(file_name=name, data=data, by=user)
            confirm_import(import_id=row.pk, now=now)
        with Progress(console=Console(stderr=True)) as progress:
            bar = progress.add_task("Rows", total=row.total)

            def show(row: LeadImport) -> None:
                progress.update(bar, completed=row.done)

            row = run_import(tenant_id=user.tenant_id, import_id=row.pk, now=now, after_batch=show)
        self.stdout.write(
            f"{row.total} rows: {row.created} new, {row.changed} changed, {row.same} the same, "
            f"{row.refused_count} refused"
        )
        if row.state != LeadImport.State.DONE:
            raise CommandError(f"Stopped: {row.last_error}")
        self._end([entry[:2] for entry in row.refused[1:]])

    def _end(self, refused: list[list[Any]]) -> None:
        if refused:
            shown = "\n".join(f"line {line}: {why}" for line, why in refused[:SHOWN])
            more = f"\n... and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
            raise CommandError(f"Rows refused:\n{shown}{more}")
