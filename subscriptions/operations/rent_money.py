"""Bring a rent to what Stripe says of its money, and decide whether it may be sent on.

Events of Stripe's come in any order and any number of times; each one leads here, where charge,
disputes and warnings are read anew. So the end state does not depend on what came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.urls import reverse

from core.money import Money as Amount
from core.tenancy import scope
from payments.gateway import StripeRefused
from payments.gateway.charges import (
    BillFacts,
    ChargeFacts,
    Charges,
    ObjectionFacts,
    WarningFacts,
)
from payments.models import Checkout, Posting, StripeAccount
from payments.operations.owners import tell_of_fraud, tell_of_objection
from payments.operations.postings import keep_postings, objection_of
from subscriptions.models import (
    FraudWarning,
    HouseEntry,
    Lease,
    RentDispute,
    RentPayment,
    RentPosting,
)
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.house_ledger import enter
from subscriptions.operations.rent_pages import OPEN, close_rent_pages
from subscriptions.operations.transfers import weigh_transfer

log = structlog.get_logger(__name__)

Kind = HouseEntry.Kind
States = RentPayment.State


@dataclass(frozen=True, slots=True)
class Money:
    """All that Stripe says about the money of one charge."""

    charge: ChargeFacts
    disputes: tuple[ObjectionFacts, ...]
    warnings: tuple[WarningFacts, ...]


def refresh_bill(*, tenant_id: UUID, invoice_id: str, now: datetime) -> RentPayment | None:
    """Bring the rent that a subscription's invoice is for to what Stripe says now.

    Returns None when the invoice is not of a lease. Raises StripeUnavailable, StripeRefused.
    """
    stripe = _stripe(tenant_id)
    bill = stripe.read_bill(invoice_id)
    if not bill.subscription_id:
        return None
    charge = _charge_of(stripe, bill)
    money = _read(stripe, charge) if charge else None
    with scope(tenant_id):
        lease = Lease.objects.filter(stripe_subscription_id=bill.subscription_id).first()
        if lease is None or bill.starts_at is None:
            return None
        rent = _rent_of(lease, bill)
        _write_bill(rent, bill)
        if money is not None:
            _write_money(rent, money, now)
        return rent


def refresh_charge(*, tenant_id: UUID, charge_id: str, now: datetime) -> RentPayment | None:
    """Bring the rent that was paid by a charge to what Stripe says now; disputes come along.

    A charge whose rent is not known yet is looked for by its invoice, since a dispute may arrive
    before its payment. Returns None when it is not of a rent. Raises StripeUnavailable,
    StripeRefused.
    """
    stripe = _stripe(tenant_id)
    money = _read(stripe, stripe.read(charge_id))
    with scope(tenant_id):
        rent = _locked(stripe_charge_id=charge_id)
        if rent is not None:
            _write_money(rent, money, now)
            return rent
    intent = money.charge.payment_intent_id
    bill = stripe.find_bill(intent) if intent else ""
    if bill and not stripe.read_bill(bill).subscription_id:
        return None  # an invoice of another kind: its disputes are that kind's affair
    rent = refresh_bill(tenant_id=tenant_id, invoice_id=bill, now=now) if bill else None
    if rent is None:
        _keep_objections(tenant_id, money, now)
    return rent


def _keep_objections(tenant_id: UUID, money: Money, now: datetime) -> None:
    """Keep disputes that came before their payment; they are joined when that is known.

    What was paid by a checkout of another kind is that kind's affair.
    """
    intent = money.charge.payment_intent_id
    with scope(tenant_id):
        checkout = Checkout.objects.filter(stripe_payment_intent_id=intent).first()
        if checkout is not None and checkout.kind != "rent":
            return
        for facts in money.disputes:
            _write_dispute(tenant_id, None, facts, now)


def is_known(*, tenant_id: UUID, charge_id: str) -> bool:
    """Return whether some rent is known to have been paid by this charge."""
    with scope(tenant_id):
        return RentPayment.objects.filter(stripe_charge_id=charge_id).exists()


def refresh_rent(*, tenant_id: UUID, rent_id: UUID, now: datetime) -> RentPayment:
    """Ask Stripe about one rent, by the charge or the invoice that is known of it."""
    with scope(tenant_id):
        rent = RentPayment.objects.get(pk=rent_id)
    if rent.stripe_charge_id:
        refresh_charge(tenant_id=tenant_id, charge_id=rent.stripe_charge_id, now=now)
    elif rent.stripe_invoice_id:
        refresh_bill(tenant_id=tenant_id, invoice_id=rent.stripe_invoice_id, now=now)
    with scope(tenant_id):
        rent = RentPayment.objects.select_for_update().get(pk=rent_id)
        weigh_transfer(rent, now=now)
        return rent


def refresh_dispute(*, tenant_id: UUID, dispute_id: str, now: datetime) -> RentPayment | None:
    """Bring the rent that a dispute is about to what Stripe says now."""
    charge_id = _stripe(tenant_id).read_dispute(dispute_id).charge_id
    return refresh_charge(tenant_id=tenant_id, charge_id=charge_id, now=now)


def refresh_warning(*, tenant_id: UUID, warning_id: str, now: datetime) -> RentPayment | None:
    """Bring the rent that a fraud warning is about to what Stripe says now."""
    charge_id = _stripe(tenant_id).read_warning(warning_id).charge_id
    return refresh_charge(tenant_id=tenant_id, charge_id=charge_id, now=now)


def _stripe(tenant_id: UUID) -> Charges:
    with scope(tenant_id):
        return Charges(StripeAccount.objects.get())


def _read(stripe: Charges, charge: ChargeFacts) -> Money:
    return Money(
        charge=charge,
        disputes=tuple(stripe.list_disputes(charge_id=charge.charge_id)),
        warnings=tuple(stripe.list_warnings(charge.charge_id)),
    )


def _charge_of(stripe: Charges, bill: BillFacts) -> ChargeFacts | None:
    """Return the charge that paid an invoice, or its latest try."""
    tried = None
    for intent in bill.payment_intent_ids:
        try:
            tried = stripe.read_latest(intent) or tried
        except StripeRefused as refusal:
            if refusal.status != 404:
                raise
    return tried


def _locked(**fields: object) -> RentPayment | None:
    rents = RentPayment.objects.select_for_update(of=("self",)).select_related("lease__house")
    return rents.filter(duplicate_of=None, **fields).first()


def _rent_of(lease: Lease, bill: BillFacts) -> RentPayment:
    assert bill.starts_at is not None  # noqa: S101 - the caller looked
    month = bill.starts_at.astimezone(lease.zone).date().replace(day=1)
    rent, is_new = RentPayment.objects.get_or_create(
        tenant_id=lease.tenant_id,
        lease=lease,
        month=month,
        duplicate_of=None,
        defaults={
            "resident_id": lease.resident_id,
            "currency": bill.currency,
            "amount_minor": bill.amount_due_minor,
            "due_on": bill.starts_at.astimezone(lease.zone).date(),
        },
    )
    if is_new:
        enter(
            rent,
            Kind.EXPECTED,
            bill.amount_due_minor,
            source=f"rent {month}",
            happened_at=bill.starts_at,
        )
    found = _locked(pk=rent.pk)
    assert found is not None  # noqa: S101 - it was just there
    return found


def _write_bill(rent: RentPayment, bill: BillFacts) -> None:
    if not rent.stripe_invoice_id:
        # One way to pay each rent: from now on it is the invoice.
        close_rent_pages(rent)
    rent.stripe_invoice_id = bill.invoice_id
    rent.save(update_fields=["stripe_invoice_id"])


def _write_money(rent: RentPayment, money: Money, now: datetime) -> None:
    """Write what Stripe says to the rent, its disputes, warnings and ledger, then weigh it."""
    charge = money.charge
    _note_movements(rent, money, now)
    disputed = keep_postings(
        RentPosting,
        tenant_id=rent.tenant_id,
        charges=[charge],
        disputes=money.disputes,
        read_at=now,
        rent=rent,
    )
    for dispute in disputed:
        _tell_disputed(rent, dispute, now)
    rent.stripe_charge_id = charge.charge_id
    rent.stripe_payment_intent_id = charge.payment_intent_id
    rent.is_pending = charge.status == "pending"
    rent.pending_minor = charge.amount_minor if charge.status == "pending" else 0
    kept = charge.amount_minor - charge.refunded_minor
    rent.paid_minor = kept if charge.status == "succeeded" else 0
    rent.is_disputed = any(one.status not in RentDispute.ENDED for one in money.disputes)
    rent.state = _state(rent, charge)
    if charge.status == "succeeded" and charge.made_at and rent.paid_on is None:
        zone = rent.lease.zone if rent.lease else rent.tenant.zone
        rent.paid_on = charge.made_at.astimezone(zone).date()
    rent.save()
    _write_objections(rent, money, now)
    _tell_surplus(rent, now)
    if rent.state not in OPEN:
        close_rent_pages(rent)
    weigh_transfer(rent, now=now)


def _tell_disputed(rent: RentPayment, dispute: Posting, now: datetime) -> None:
    tell_of_objection(
        objection_of(dispute),
        what=str(rent),
        subject_id=rent.pk,
        path=reverse("rent_case", args=[rent.pk]),
        now=now,
    )


def _tell_surplus(rent: RentPayment, now: datetime) -> None:
    over = rent.paid_minor - (rent.amount_minor or rent.paid_minor)
    if over <= 0:
        return
    amount = Amount(over, rent.currency).display()
    case = open_case(rent, cause="More came than is due", now=now)
    words = f"{amount} more came than is due. Only what is due goes to the house; the rest stays."
    tell_case(case, words, once=f"surplus {rent.stripe_charge_id} {over}", now=now)


def _state(rent: RentPayment, charge: ChargeFacts) -> RentPayment.State:
    if rent.state == States.WRITTEN_OFF:
        return States.WRITTEN_OFF
    if charge.status == "pending":
        return States.PENDING
    if charge.status != "succeeded":
        return States.FAILED
    if charge.refunded_minor >= charge.amount_minor:
        return States.REFUNDED
    due = rent.amount_minor or charge.amount_minor
    return States.PAID if charge.amount_minor - charge.refunded_minor >= due else States.PART


def _note_movements(rent: RentPayment, money: Money, now: datetime) -> None:
    charge = money.charge
    at = charge.made_at or now
    if charge.status == "succeeded":
        enter(rent, Kind.RECEIVED, charge.amount_minor, source=charge.charge_id, happened_at=at)
    before = _sum_returned(rent, charge.charge_id)
    if charge.refunded_minor > before:
        enter(
            rent,
            Kind.RETURNED,
            before - charge.refunded_minor,
            source=f"{charge.charge_id} refunded {charge.refunded_minor}",
            happened_at=now,
        )
    for dispute in money.disputes:
        _note_dispute(rent, dispute, now)


def _sum_returned(rent: RentPayment, charge_id: str) -> int:
    entries = HouseEntry.objects.filter(
        rent=rent, kind=Kind.RETURNED, source__startswith=f"{charge_id} refunded"
    )
    return -sum(entries.values_list("amount_minor", flat=True))


def _note_dispute(rent: RentPayment, dispute: ObjectionFacts, now: datetime) -> None:
    if dispute.status.startswith("warning_"):
        return
    taken = dispute.opened_at or now
    source, amount = dispute.dispute_id, dispute.amount_minor
    enter(rent, Kind.RETURNED, -amount, source=source, happened_at=taken, words="Disputed")
    if dispute.status == "won":
        enter(rent, Kind.REINSTATED, amount, source=source, happened_at=now, words="Won")


def _write_objections(rent: RentPayment, money: Money, now: datetime) -> None:
    for facts in money.disputes:
        dispute = _write_dispute(rent.tenant_id, rent, facts, now)
        case = open_case(rent, cause=f"Disputed: {facts.reason.replace('_', ' ')}", now=now)
        words = f"Stripe says of the dispute: {dispute.get_status_display()}."
        tell_case(case, words, once=f"{facts.dispute_id} {facts.status}", now=now)
    for warning in money.warnings:
        kept, is_new = FraudWarning.objects.update_or_create(
            tenant_id=rent.tenant_id,
            stripe_warning_id=warning.warning_id,
            defaults={
                "rent": rent,
                "stripe_charge_id": warning.charge_id,
                "fraud_type": warning.fraud_type[:60],
                "is_actionable": warning.is_actionable,
                "warned_at": warning.warned_at or now,
            },
        )
        case = open_case(rent, cause="The card's issuer warns of fraud", now=now)
        tell_case(case, "An early fraud warning came.", once=warning.warning_id, now=now)
        if is_new:
            tell_of_fraud(
                Amount(money.charge.amount_minor, money.charge.currency),
                fraud_type=warning.fraud_type,
                is_actionable=warning.is_actionable,
                stripe_warning_id=warning.warning_id,
                subject_id=kept.pk,
                path=reverse("rent_case", args=[rent.pk]),
                now=now,
            )


def _write_dispute(
    tenant_id: UUID, rent: RentPayment | None, facts: ObjectionFacts, now: datetime
) -> RentDispute:
    is_ended = facts.status in RentDispute.ENDED
    dispute, _ = RentDispute.objects.select_for_update(of=("self",)).get_or_create(
        tenant_id=tenant_id,
        stripe_dispute_id=facts.dispute_id,
        defaults={
            "stripe_charge_id": facts.charge_id,
            "status": facts.status,
            "reason": facts.reason[:60],
            "amount_minor": facts.amount_minor,
            "currency": facts.currency,
            "opened_at": facts.opened_at or now,
            "read_at": now,
        },
    )
    dispute.rent = rent or dispute.rent
    dispute.status = facts.status
    dispute.reason = facts.reason[:60]
    dispute.fee_minor = facts.fee_minor
    dispute.is_refundable = facts.is_refundable
    dispute.answer_by = facts.answer_by
    dispute.has_evidence = facts.has_evidence
    dispute.submissions = facts.submissions
    dispute.ended_at = (dispute.ended_at or now) if is_ended else None
    dispute.read_at = now
    dispute.save()
    return dispute
