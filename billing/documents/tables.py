"""Lines and events as CSV: exact numbers, safe for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from billing import words
from billing.documents.sheet import Sheet
from billing.queries.usage_rows import EventRow
from core.csv_files import stream_csv, write_csv
from core.money import Money

LINE_HEADER = (
    "invoice", "line", "kind", "product", "description", "starts_on", "ends_before", "quantity",
    "unit", "exact_minor", "amount_minor", "amount", "currency",
)  # fmt: skip
EVENT_HEADER = (
    "idempotency_key", "time", "received_at", "day", "meter", "quantity", "value", "kind",
    "corrects", "corrected_by", "reason", "dimensions",
)  # fmt: skip


def lines_csv(sheet: Sheet) -> bytes:
    """Return a file with the lines of an invoice, in order; their amounts add up to its total."""
    return write_csv(LINE_HEADER, _lines(sheet))


def _lines(sheet: Sheet) -> Iterator[tuple[object, ...]]:
    for place, line in enumerate(sheet.lines, start=1):
        yield (
            sheet.number or "preview",
            place,
            line.kind,
            line.product,
            line.description,
            line.starts_on,
            line.ends_on,
            None if line.quantity is None else Decimal(words.plain_number(line.quantity)),
            line.unit,
            Decimal(words.plain_number(line.exact)),
            line.amount_minor,
            Money(line.amount_minor, sheet.currency).decimal(),
            sheet.currency,
        )


def stream_events(pages: Iterable[list[EventRow]]) -> Iterator[bytes]:
    """Yield a file with events as they were sent, page by page: it may be of any length."""
    return stream_csv(EVENT_HEADER, ((_event(row) for row in page) for page in pages))


def _event(row: EventRow) -> tuple[object, ...]:
    event = row.event
    dimensions = "; ".join(f"{k}={v}" for k, v in sorted(row.bucket.dimensions.items()))
    return (
        event.idempotency_key,
        event.time.isoformat(),
        event.received_at.isoformat(),
        row.bucket.day,
        row.bucket.meter.code,
        Decimal(words.plain_number(event.quantity)),
        event.value,
        event.kind,
        event.corrects,
        row.corrected_by,
        event.reason,
        dimensions,
    )
