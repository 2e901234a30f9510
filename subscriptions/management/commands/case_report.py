"""`manage.py case_report ID --tenant T`: what happened to a rent, why, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core import tenancy
from core.management.arguments import tenant_named
from subscriptions.case_reports import case_report, evidence_pack
from subscriptions.models import RentPayment
from subscriptions.queries.cases import rents_by_id
from subscriptions.queries.rent_case import rent_case


class Command(BaseCommand):
    """Write the case report of a rent as Markdown or PDF, or its evidence pack as zip.

    Writes nothing but the file. Exit code 1 when the id leads to no rent, or to several of
    different months without `--month`.
    """

    help = "Write the report of a rent's case; any id of ours or of Stripe's finds it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the id, the tenant, the form and the file."""
        parser.add_argument("id", help="of a rent, lease, charge, invoice, dispute or transfer")
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--month", help="YYYY-MM, where an id leads to several rents")
        parser.add_argument("--format", choices=["md", "pdf", "zip"], default="md")
        parser.add_argument("--out", help="file to write; needed for pdf and zip")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the rent and write its report."""
        if options["format"] != "md" and not options["out"]:
            raise CommandError(f"Say where the {options['format']} goes: --out FILE.")
        tenant = tenant_named(options["tenant"])
        now = timezone.now()
        with tenancy.scope(tenant.pk):
            case = rent_case(self._rent(options["id"], options["month"]).pk)
            if options["format"] == "zip":
                body = evidence_pack(case, now)
            else:
                report = case_report(case, now)
                is_pdf = options["format"] == "pdf"
                body = report.as_pdf() if is_pdf else report.as_markdown().encode()
        if not options["out"]:
            self.stdout.write(body.decode())
            return
        try:
            Path(options["out"]).write_bytes(body)
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error.strerror}.") from None
        self.stderr.write(f"Wrote {options['out']}.")

    def _rent(self, text: str, month: str | None) -> RentPayment:
        found = rents_by_id(text)
        if not found:
            raise CommandError(f"No rent of this tenant is found by {text!r}.")
        if month:
            found = [one for one in found if one.month and f"{one.month:%Y-%m}" == month]
        # A second row for the same month is looked into by its own id.
        counted = [one for one in found if one.duplicate_of_id is None] or found
        if len(counted) == 1:
            return counted[0]
        months = ", ".join(f"{one.month:%Y-%m}" if one.month else str(one.pk) for one in found)
        raise CommandError(f"Say which of its rents: --month. There are: {months or 'none'}.")
