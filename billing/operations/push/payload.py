"""What Stripe is told of an invoice: from its frozen rows alone, so that repeating is identical."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing.models import Invoice, InvoiceLine, Organization
from payments.gateway import InvoiceFacts, LineFacts

# Stripe takes 250 lines an invoice, and we a hundred a call.
MOST_LINES = 240
BATCH = 100
_ADDRESS = ("line1", "line2", "city", "postal_code", "state", "country")


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line as it is to stand at Stripe. `ref` names it in the metadata there."""

    ref: str
    amount_minor: int
    description: str
    starts_on: date
    ends_on: date

    def params(self, zone: ZoneInfo, currency: str) -> dict[str, Any]:
        """Return the line in Stripe's form; whole amounts, so that Stripe rounds nothing."""
        return {
            "amount": self.amount_minor,
            "description": self.description,
            "period": {
                "start": _midnight(self.starts_on, zone),
                "end": _midnight(self.ends_on, zone),
            },
            "metadata": {"taproom_line": self.ref},
        }


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time.min, zone).timestamp())


def wanted_lines(lines: Iterable[InvoiceLine]) -> list[WantedLine]:
    """Return the lines for Stripe: ours, or one a product when there are more than fit.

    The collapsed ones come in the order in which their products appear; the detail stays here.
    """
    found = sorted(lines, key=lambda line: line.position)
    if len(found) <= MOST_LINES:
        return [_line(line) for line in found]
    by_product: dict[str, list[InvoiceLine]] = {}
    for line in found:
        by_product.setdefault(line.product or line.get_kind_display(), []).append(line)
    names = list(by_product)
    if len(names) > MOST_LINES:  # more products than lines: the last ones share one
        rest = [line for name in names[MOST_LINES - 1 :] for line in by_product.pop(name)]
        by_product["Other products"] = [*by_product.pop("Other products", []), *rest]
    return [_collapsed(number, name, by_product[name]) for number, name in enumerate(by_product)]


def _line(line: InvoiceLine) -> WantedLine:
    return WantedLine(
        ref=str(line.pk),
        amount_minor=line.amount_minor,
        description=_described(line),
        starts_on=line.starts_on,
        ends_on=line.ends_on,
    )


def _described(line: InvoiceLine) -> str:
    if line.quantity is None:
        return line.description
    quantity = f"{line.quantity.normalize():f} {line.unit}".strip()
    return f"{line.description} · {quantity}"


def _collapsed(number: int, name: str, lines: list[InvoiceLine]) -> WantedLine:
    return WantedLine(
        ref=f"product-{number}-{lines[0].pk}",
        amount_minor=sum(line.amount_minor for line in lines),
        description=f"{name} · {len(lines)} lines, in detail in the portal"[:500],
        starts_on=min(line.starts_on for line in lines),
        ends_on=max(line.ends_on for line in lines),
    )


def invoice_params(invoice: Invoice, organization: Organization, now: datetime) -> dict[str, Any]:
    """Return what a draft is made of, without its lines."""
    period = invoice.period
    last = period.ends_on - timedelta(days=1)
    params: dict[str, Any] = {
        "customer": organization.stripe_customer_id,
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "collection_method": invoice.collection,
        "currency": invoice.currency.lower(),
        "number": invoice.number,
        "description": f"{period.starts_on:%d %B %Y} to {last:%d %B %Y}",
        "footer": f"Content SHA-256 {invoice.content_sha256}",
        "metadata": {
            "taproom_invoice": str(invoice.pk),
            "taproom_tenant": str(invoice.tenant_id),
        },
    }
    if invoice.collection == Organization.Collection.INVOICE and invoice.due_on is not None:
        params |= _due(invoice.due_on, organization.zone, now)
    return params


def _due(due_on: date, zone: ZoneInfo, now: datetime) -> dict[str, int]:
    """Return the end of the due day; Stripe takes no day that has passed."""
    at = _midnight(due_on + timedelta(days=1), zone)
    if at <= now.timestamp() + 86_400:
        return {"days_until_due": 0}
    return {"due_date": at}


def customer_params(organization: Organization) -> dict[str, Any]:
    """Return what a customer is made of."""
    payer = organization.payer or {}
    params: dict[str, Any] = {
        "name": str(payer.get("name") or organization.name)[:256],
        "metadata": {
            "taproom_organization": str(organization.pk),
            "taproom_tenant": str(organization.tenant_id),
        },
    }
    if payer.get("email"):
        params["email"] = str(payer["email"])
    address = payer.get("address")
    if isinstance(address, dict):
        known = {name: str(address[name]) for name in _ADDRESS if address.get(name)}
        params |= {"address": known} if known else {}
    return params


@dataclass(frozen=True, slots=True)
class Comparison:
    """An invoice at Stripe beside ours. Differences: [what, ours, Stripe's], in words."""

    differences: list[list[str]]
    missing: list[str]
    is_doubled: bool


def compare(
    facts: InvoiceFacts, lines: Iterable[LineFacts], wanted: list[WantedLine], invoice: Invoice
) -> Comparison:
    """Compare all that Stripe has with ours, to the minor unit and the line.

    Lines that only lack are `missing`. `is_doubled`: nothing differs but that lines of ours stand
    there more than once.
    """
    ours = {line.ref: line for line in wanted}
    seen: dict[str, int] = {}
    differences = _heads(facts, invoice)
    doubled = 0
    for line in lines:
        ref = line.metadata.get("taproom_line", "")
        asked = ours.get(ref)
        if asked is None:
            differences.append(["a line", "none", f"{line.description}: {line.amount_minor}"])
        elif asked.amount_minor != line.amount_minor:
            differences.append([asked.description, str(asked.amount_minor), str(line.amount_minor)])
        doubled += bool(asked) and ref in seen
        seen[ref] = seen.get(ref, 0) + 1
    missing = [line.ref for line in wanted if line.ref not in seen]
    if not differences and doubled:
        return Comparison([["lines", str(len(wanted)), f"{doubled} twice"]], missing, True)
    if not differences and not missing and facts.total_minor != invoice.total_minor:
        differences = [["total", str(invoice.total_minor), str(facts.total_minor)]]
    return Comparison(differences, missing, False)


def _heads(facts: InvoiceFacts, invoice: Invoice) -> list[list[str]]:
    ours = {"currency": invoice.currency, "number": invoice.number or ""}
    theirs = {"currency": facts.currency, "number": facts.number}
    return [[name, ours[name], theirs[name]] for name in ours if ours[name] != theirs[name]]


def shown_is_right(facts: InvoiceFacts, wanted: list[WantedLine], invoice: Invoice) -> bool:
    """Return whether an answer of Stripe's has our currency, number, count and total exactly.

    An answer holds the first lines and whether there are more: those it holds must be ours, each
    once, and as many as an answer of its kind holds of that many.
    """
    found = compare(facts, facts.lines, wanted, invoice)
    is_counted = (
        len(facts.lines) < len(wanted) if facts.has_more_lines else len(facts.lines) == len(wanted)
    )
    return not found.differences and is_counted and facts.total_minor == invoice.total_minor
