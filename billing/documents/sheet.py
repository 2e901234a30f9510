"""What a file of an invoice holds, whether it is final, a draft or not made yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing import words
from billing.models import Invoice, Organization
from billing.queries.calendar import Days
from billing.queries.explaining import LineLike
from billing.queries.invoices import bill_of, lines_of
from billing.queries.owed import Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The content of a file; `number` is empty and `as_of` given for what is not final."""

    seller: str
    payer: dict[str, Any]
    currency: str
    days: Days
    lines: Sequence[LineLike]
    total_minor: int
    number: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    as_of: datetime | None = None
    is_void: bool = False
    tax_note: str = ""
    content_sha256: str = ""
    pay_url: str = ""

    @property
    def name(self) -> str:
        """What the file is called, without its ending."""
        made = f"{self.as_of:%Y-%m-%d}" if self.as_of else ""
        return f"invoice-{self.number}" if self.number else f"preview-{made}"


def sheet_of_invoice(invoice: Invoice, seller: str) -> Sheet:
    """Return the content of a stored invoice."""
    is_draft = invoice.state == Invoice.State.DRAFT
    period = invoice.period
    return Sheet(
        seller=seller,
        payer=invoice.payer,
        currency=invoice.currency,
        days=Days(period.starts_on, period.ends_on, period.whole_days),
        lines=lines_of(invoice),
        total_minor=invoice.total_minor,
        number=invoice.number or "",
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        as_of=invoice.compiled_at if is_draft else None,
        is_void=invoice.state == Invoice.State.VOID,
        tax_note=_tax_note(invoice),
        content_sha256=invoice.content_sha256,
        pay_url=bill_of(invoice).pay_url,
    )


def _tax_note(invoice: Invoice) -> str:
    if not (invoice.tax_is_inclusive and invoice.tax_name):
        return ""
    held = words.amount(invoice.tax_minor, invoice.currency)
    rate = words.plain_number(invoice.tax_percentage)
    return f"Amounts include {invoice.tax_name} {rate} %: {held}."


def sheet_of_upcoming(found: Owed, seller: str) -> Sheet:
    """Return the content of an invoice that is not made yet."""
    organization: Organization = found.organization
    return Sheet(
        seller=seller,
        payer=organization.payer,
        currency=found.running.currency,
        days=found.running.days,
        lines=found.running.lines,
        total_minor=found.running.total_minor,
        as_of=found.now.astimezone(organization.zone),
    )
