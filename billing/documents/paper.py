"""An invoice on paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from billing import words
from billing.documents.sheet import Sheet
from billing.queries.explaining import LineLike
from core.pdf import Column, Paper

COLUMNS = (
    Column("What", 5.2),
    Column("Days", 2.6),
    Column("Quantity", 2.2, "right"),
    Column("Amount", 1.8, "right"),
)
_SETTLES = frozenset({"tax", "carried", "prepaid", "waived"})


def invoice_pdf(sheet: Sheet) -> bytes:
    """Return the file of an invoice or of a preview, which says on its face what it is."""
    title = f"Invoice {sheet.number}" if sheet.number else "Preview of your next invoice"
    proof = f"SHA-256 {sheet.content_sha256}" if sheet.content_sha256 else "Preview, not an invoice"
    paper = Paper(title=title, author=sheet.seller, footer=f"{sheet.seller} · {title} · {proof}")
    paper.text(sheet.seller, kind="bold")
    paper.heading(title)
    _state(paper, sheet)
    paper.facts(_facts(sheet))
    paper.space()
    _table(paper, sheet)
    paper.space()
    _how_to_pay(paper, sheet)
    _proof(paper, sheet)
    return paper.bytes()


def _state(paper: Paper, sheet: Sheet) -> None:
    if sheet.is_void:
        paper.text("This invoice was withdrawn. Nothing is to be paid for it.", kind="bold")
    elif not sheet.number and sheet.as_of:
        paper.text(
            f"This is what the invoice would be as of {sheet.as_of:%d %b %Y, %H:%M %Z}. It is no "
            "invoice: amounts change with what is used until the period ends.",
            kind="bold",
        )


def _facts(sheet: Sheet) -> list[tuple[str, str]]:
    facts = [("Number", sheet.number)] if sheet.number else []
    facts += [("Issued", words.day(sheet.issued_on))] if sheet.issued_on else []
    facts += [("Due", words.day(sheet.due_on))] if sheet.due_on and sheet.total_minor else []
    facts.append(("Period", words.span(sheet.days.starts_on, sheet.days.ends_on)))
    facts.append(("Billed to", payer_text(sheet)))
    return [(name, value) for name, value in facts if value]


def payer_text(sheet: Sheet) -> str:
    """Return the payer's copy as lines; nothing when it was erased."""
    payer = {name: str(value) for name, value in sheet.payer.items() if value}
    town = " ".join(payer[name] for name in ("postal_code", "city") if name in payer)
    parts = [payer.get(name, "") for name in ("name", "line1", "line2")]
    parts += [town, *(payer.get(name, "") for name in ("state", "country", "email"))]
    parts += [f"Tax id {payer['tax_id']}"] if "tax_id" in payer else []
    parts += [f"Reference {payer['reference']}"] if "reference" in payer else []
    return "\n".join(part for part in parts if part)


def _table(paper: Paper, sheet: Sheet) -> None:
    rows: list[Sequence[str]] = []
    groups: list[int] = []
    charges = [line for line in sheet.lines if line.kind not in _SETTLES]
    settling = [line for line in sheet.lines if line.kind in _SETTLES]
    ordered = sorted(charges, key=lambda line: (not line.product, line.product))
    for product, lines in groupby(ordered, key=lambda line: line.product):
        groups.append(len(rows))
        rows.append((product or "Other", "", "", ""))
        rows += [_row(line, sheet.currency) for line in lines]
    rows += [_row(line, sheet.currency) for line in settling]
    total = words.amount(sheet.total_minor, sheet.currency)
    rows.append((f"Total in {sheet.currency}", "", "", total))
    paper.table(COLUMNS, rows, groups=groups, totals=1)
    if sheet.tax_note:
        paper.text(sheet.tax_note, kind="small")


def _row(line: LineLike, currency: str) -> Sequence[str]:
    late = " (late or corrected)" if line.kind == "late" else ""
    return (
        f"{line.description}{late}",
        "" if line.kind in _SETTLES else words.span(line.starts_on, line.ends_on),
        words.quantity(line.quantity, line.unit),
        words.amount(line.amount_minor, currency),
    )


def _how_to_pay(paper: Paper, sheet: Sheet) -> None:
    if sheet.is_void or not sheet.number:
        return
    paper.heading("How to pay", level=2)
    if not sheet.total_minor:
        paper.text("Nothing is to be paid for this invoice.")
    elif sheet.pay_url:
        paper.text(f"Pay by card or bank at Stripe:\n{sheet.pay_url}")
    else:
        paper.text("Your portal shows the payment page, or what was paid already.")


def _proof(paper: Paper, sheet: Sheet) -> None:
    if not sheet.content_sha256:
        return
    paper.heading("How to verify", level=2)
    paper.text(
        f"The content of this invoice has the SHA-256\n{sheet.content_sha256}\nIt never changes. "
        f"{sheet.seller} can recompute it at any time (manage.py prove_invoice {sheet.number}); "
        "corrections come as credit notes.",
        kind="small",
    )
