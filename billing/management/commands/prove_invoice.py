"""`manage.py prove_invoice`: reckon invoices anew from raw events, and compare each figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Invoice
from billing.queries.proof import Step, is_proven, named_invoices, prove
from core import tenancy
from core.management.arguments import tenant_named
from core.models import Tenant

_MARKS = {True: "agrees", False: "DIFFERS", None: "waits"}


class Command(BaseCommand):
    """Compare content hash, sums, tax and each line with what events and prices come to.

    Exit code 0: all agrees, or a known difference waits for the next invoice; 1: something
    differs. Reads only.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which invoices, and of whom."""
        parser.add_argument("invoice", nargs="*", help="number, id, or id at Stripe")
        parser.add_argument("--all", action="store_true", help="all that are final")
        parser.add_argument("--tenant", required=True, help="slug or id")
        parser.add_argument("--quiet", action="store_true", help="only what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prove one invoice after the other, each in a transaction of its own."""
        tenant = tenant_named(options["tenant"])
        if bool(options["invoice"]) == options["all"]:
            raise CommandError("Name invoices, or say --all.")
        count = different = 0
        for identity in _wanted(tenant, options["invoice"]):
            count += 1
            different += not self._prove(tenant, identity, options["quiet"])
        self.stdout.write(f"{count} invoices: {count - different} proven, {different} differ.")
        if different:
            raise CommandError("Some figures differ from what they should be.", returncode=1)

    def _prove(self, tenant: Tenant, identity: UUID, quiet: bool) -> bool:
        with tenancy.scope(tenant.pk):
            invoice = Invoice.objects.get(pk=identity)
            steps = prove(invoice)
        proven = is_proven(steps)
        if not (quiet and proven):
            self.stdout.write(f"Invoice {invoice.number} ({invoice.pk}), {invoice.currency}")
            for line in _table(steps):
                self.stdout.write(line)
        return proven


def _wanted(tenant: Tenant, names: list[str]) -> Iterable[UUID]:
    with tenancy.scope(tenant.pk):
        if not names:
            final = Invoice.objects.exclude(state=Invoice.State.DRAFT).order_by("number")
            return list(final.values_list("pk", flat=True))
        found = list(named_invoices(names))
    if not found:
        raise CommandError(f"There is no invoice {' or '.join(names)} here.")
    drafts = [invoice for invoice in found if invoice.state == Invoice.State.DRAFT]
    if drafts:
        raise CommandError("A draft may still change; it is proved once it is final.")
    return [invoice.pk for invoice in found]


def _table(steps: list[Step]) -> Iterable[str]:
    for step in steps:
        note = f" ({step.note})" if step.note else ""
        yield (
            f"  {_MARKS[step.agrees]:8}{step.what}: {step.stands}, reckoned {step.reckoned}{note}"
        )
