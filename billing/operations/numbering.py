"""Numbers of invoices and credit notes: gapless, in the order in which they are given."""

from __future__ import annotations

from uuid import UUID

from billing.models import NumberSeries

PREFIXES = {NumberSeries.Kind.INVOICE: "INV-", NumberSeries.Kind.CREDIT_NOTE: "CN-"}


def take_numbers(*, tenant_id: UUID, kind: NumberSeries.Kind, count: int) -> tuple[str, int]:
    """Return the prefix and the first of `count` numbers that are the caller's. In scope.

    The series is locked to the end of the transaction, which should be near: numbers that are
    rolled back are given to whoever comes next, so that none is missing.
    """
    if not NumberSeries.objects.filter(kind=kind).exists():
        row = NumberSeries(tenant_id=tenant_id, kind=kind, prefix=PREFIXES[kind])
        NumberSeries.objects.bulk_create([row], ignore_conflicts=True)
    series = NumberSeries.objects.select_for_update().get(kind=kind)
    first = series.next_number
    series.next_number = first + count
    series.save(update_fields=["next_number"])
    return series.prefix, first
