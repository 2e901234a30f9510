"""Compare the invoices of a month with Stripe's, both ways, and mend what reading can mend."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import structlog

from billing.models import Invoice, Push
from billing.operations.push.rows import Clock
from billing.operations.standings import refresh_standing
from billing.queries.accounts import NoStripeAccount, account_of
from core.models import Tenant
from core.periods import local_date
from core.tenancy import scope
from payments.gateway import WORKER, InvoiceFacts, Invoices, StripeRefused

log = structlog.get_logger(__name__)

# Stripe's day of creation may be another one than ours, and a push may take some days.
MARGIN = timedelta(days=3)
# While a month is this young the last one is looked at too.
YOUNG = 7


@dataclass(frozen=True, slots=True)
class Difference:
    """One invoice that is not the same on both sides, with both sides in words."""

    number: str
    what: str
    ours: str
    theirs: str


@dataclass(slots=True)
class Reconciliation:
    """What a month's comparison found. `foreign` are Stripe's invoices that are none of ours."""

    month: date
    compared: int = 0
    foreign: int = 0
    waiting: int = 0
    mended: int = 0
    differences: list[Difference] = field(default_factory=list)

    def tell(self, invoice: Invoice, what: str, ours: str, theirs: str) -> None:
        """Note one difference."""
        number = invoice.number or str(invoice.pk)
        self.differences.append(Difference(number, what, ours, theirs))


def reconcile_invoices(*, tenant_id: UUID, month: date, clock: Clock) -> Reconciliation:
    """Compare our invoices issued in a month with Stripe's. Outside any scope.

    Where only the standing differs, Stripe is read and the standing mended. Amounts, and what is
    missing or doubled, are told and left to people. Repeating is safe. Raises NoStripeAccount,
    StripeUnavailable, StripeRefused.
    """
    following = (month + timedelta(days=32)).replace(day=1)
    with scope(tenant_id):
        account = account_of()
        ours = _ours(month, following)
    gateway = Invoices(account, patience=WORKER)
    since = datetime.combine(month, time.min, UTC) - MARGIN
    until = max(datetime.combine(following, time.min, UTC) + MARGIN, clock() + MARGIN)
    found = Reconciliation(month)
    theirs: dict[str, list[InvoiceFacts]] = {}
    for facts in gateway.made_between(since, until):
        ref = facts.metadata.get("taproom_invoice", "")
        if ref and facts.metadata.get("taproom_tenant", str(tenant_id)) == str(tenant_id):
            theirs.setdefault(ref, []).append(facts)
        else:
            found.foreign += 1
    for push in ours:
        _compare(found, push, theirs.pop(str(push.invoice_id), []), gateway, clock)
    with scope(tenant_id):
        found.differences += _never_queued(month, following)
        found.differences += _unwanted(theirs)
    log.info("invoices_reconciled", month=str(month), differences=len(found.differences))
    return found


def _ours(month: date, following: date) -> list[Push]:
    rows = Push.objects.select_related("invoice__standing")
    issued = rows.filter(invoice__issued_on__gte=month, invoice__issued_on__lt=following)
    return list(issued.order_by("invoice__number"))


def _compare(
    found: Reconciliation, push: Push, there: list[InvoiceFacts], gateway: Invoices, clock: Clock
) -> None:
    invoice = push.invoice
    if invoice is None:
        return
    found.compared += 1
    living = [facts for facts in there if facts.status != "void" and not facts.is_draft]
    _tell_surplus(found, push, invoice, there)
    if push.state in Push.OPEN:
        found.waiting += 1
    elif not push.stripe_id:
        _compare_unsent(found, push, invoice, living)
    else:
        facts = next((one for one in there if one.invoice_id == push.stripe_id), None)
        facts = facts or _read(gateway, push.stripe_id)
        if facts is not None:
            _compare_two(found, push, invoice, facts, clock)
        elif invoice.state != Invoice.State.VOID:
            found.tell(invoice, "missing at Stripe", push.stripe_id, "not there")


def _tell_surplus(
    found: Reconciliation, push: Push, invoice: Invoice, there: list[InvoiceFacts]
) -> None:
    final = [one.invoice_id for one in there if one.status != "void" and not one.is_draft]
    if len(final) > 1:
        found.tell(invoice, "more than one at Stripe", "1", ", ".join(final))
    drafts = [one.invoice_id for one in there if one.is_draft and one.invoice_id != push.stripe_id]
    if drafts and push.state not in Push.OPEN:
        found.tell(invoice, "a draft left at Stripe", "none", ", ".join(drafts))


def _compare_unsent(
    found: Reconciliation, push: Push, invoice: Invoice, living: list[InvoiceFacts]
) -> None:
    if push.state != Push.State.DROPPED:
        found.tell(invoice, "not sent", push.get_state_display(), push.last_error)
    elif living:
        found.tell(invoice, "void here, alive at Stripe", "void", living[0].status)


def _read(gateway: Invoices, stripe_id: str) -> InvoiceFacts | None:
    try:
        return gateway.read(stripe_id)
    except StripeRefused as refusal:
        if refusal.status != 404:
            raise
        return None


def _compare_two(
    found: Reconciliation, push: Push, invoice: Invoice, facts: InvoiceFacts, clock: Clock
) -> None:
    ours = f"{invoice.total_minor} {invoice.currency}"
    theirs = f"{facts.total_minor} {facts.currency}"
    if ours != theirs:
        found.tell(invoice, "amount", ours, theirs)
    if (facts.number or invoice.number) != invoice.number:
        found.tell(invoice, "number", str(invoice.number), facts.number)
    if invoice.state == Invoice.State.VOID or facts.status == "void":
        if (invoice.state == Invoice.State.VOID) != (facts.status == "void"):
            found.tell(invoice, "void", invoice.state, facts.status)
        return
    standing = invoice.standing
    if standing.stripe_status == facts.status and standing.paid_minor == facts.settled_minor:
        return
    before = standing.get_state_display()
    mended = refresh_standing(
        tenant_id=push.tenant_id, stripe_invoice_id=facts.invoice_id, now=clock(), clock=clock
    )
    found.mended += mended is not None
    now_ours = mended.get_state_display() if mended else before
    found.tell(invoice, "status (mended)", f"{before}, now {now_ours}", facts.status)


def _never_queued(month: date, following: date) -> list[Difference]:
    """Return final invoices with something to pay that have no way to Stripe at all. In scope."""
    issued = Invoice.objects.filter(issued_on__gte=month, issued_on__lt=following)
    lost = issued.filter(state=Invoice.State.FINAL, total_minor__gt=0, push__isnull=True)
    return [
        Difference(str(one.number), "never put on its way", f"{one.total_minor} {one.currency}", "")
        for one in lost.order_by("number")
    ]


def _unwanted(theirs: dict[str, list[InvoiceFacts]]) -> list[Difference]:
    """Return what carries our mark at Stripe, but was not sent from here. In scope.

    What was issued in another month than Stripe made it is compared in that one.
    """
    refs = [ref for ref in theirs if _is_uuid(ref)]
    known = {str(pk) for pk in Invoice.objects.filter(pk__in=refs).values_list("pk", flat=True)}
    ids = [facts.invoice_id for found in theirs.values() for facts in found]
    sent = set(Push.objects.filter(stripe_id__in=ids).values_list("stripe_id", flat=True))
    return [
        Difference(
            facts.number or facts.invoice_id,
            "not sent from here" if ref in known else "missing here",
            "not sent" if ref in known else "not here",
            f"{facts.invoice_id}: {facts.total_minor} {facts.currency}, {facts.status}",
        )
        for ref, found in theirs.items()
        for facts in found
        if facts.invoice_id not in sent and not (ref in known and facts.status == "void")
    ]


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def reconcile_lately(*, tenant_id: UUID, clock: Clock) -> list[Reconciliation]:
    """Reconcile this month, and the last one while this one is young. Outside any scope."""
    tenant = Tenant.objects.get(pk=tenant_id)
    today = local_date(clock(), tenant.zone)
    months = [today.replace(day=1)]
    if today.day <= YOUNG:
        months.append((months[0] - timedelta(days=1)).replace(day=1))
    try:
        return [
            reconcile_invoices(tenant_id=tenant_id, month=month, clock=clock) for month in months
        ]
    except NoStripeAccount:
        return []
