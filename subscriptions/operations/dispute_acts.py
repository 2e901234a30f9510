"""Answers to disputes: asked for by a person, done at Stripe once, by claim, call and record."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.jobs import enqueue
from core.models import User
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from payments.gateway.charges import Charges, ObjectionFacts
from payments.models import StripeAccount
from subscriptions.models import DisputeAct, RentDispute
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.rent_money import refresh_charge
from subscriptions.queries.evidence import evidence_texts
from subscriptions.queries.rent_case import rent_case

log = structlog.get_logger(__name__)

States, Kinds = DisputeAct.State, DisputeAct.Kind
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)


class ActNotPossible(Exception):
    """The dispute takes no such act; the message says why. Nothing was changed."""


def submit_evidence(*, dispute: RentDispute, by: User, now: datetime) -> DisputeAct:
    """Have the evidence submitted, made from lease, receipts and timeline. In scope.

    The bank takes it once. Pressing twice asks once. Raises ActNotPossible.
    """
    return _ask_for(dispute, Kinds.SUBMIT, by, now)


def accept_dispute(*, dispute: RentDispute, by: User, now: datetime) -> DisputeAct:
    """Have a dispute accepted as lost, for good. In scope. Raises ActNotPossible."""
    return _ask_for(dispute, Kinds.ACCEPT, by, now)


def refund_inquiry(*, dispute: RentDispute, by: User, now: datetime) -> DisputeAct:
    """Have the payment sent back that an inquiry is about. In scope. Raises ActNotPossible."""
    return _ask_for(dispute, Kinds.REFUND, by, now)


def _ask_for(dispute: RentDispute, kind: DisputeAct.Kind, by: User, now: datetime) -> DisputeAct:
    found = RentDispute.objects.select_for_update(of=("self",)).get(pk=dispute.pk)
    standing = DisputeAct.objects.filter(dispute=found, state=States.ASKED).first()
    if standing is not None:
        if standing.kind == kind:
            return standing
        raise ActNotPossible(f"{standing.get_kind_display()} was asked for and is under way.")
    _check(found, kind)
    assert found.rent_id is not None  # noqa: S101 - checked above
    is_answer = kind == Kinds.SUBMIT
    act = DisputeAct.objects.create(
        tenant_id=found.tenant_id,
        dispute=found,
        kind=kind,
        evidence=evidence_texts(rent_case(found.rent_id), now) if is_answer else {},
        asked_by=by,
        asked_at=now,
        next_at=now,
    )
    _tell(act, f"Asked for: {act.get_kind_display().lower()}.", now, by)
    enqueue("subscriptions.push_dispute_act", act_id=act.pk)
    return act


def _check(dispute: RentDispute, kind: DisputeAct.Kind) -> None:
    if dispute.rent_id is None:
        raise ActNotPossible("The rent of this dispute is not known yet.")
    if kind == Kinds.REFUND:
        if not (dispute.is_inquiry and dispute.is_open and dispute.is_refundable):
            raise ActNotPossible("Only an open inquiry can be refunded.")
    elif dispute.status not in RentDispute.ANSWERABLE or dispute.submissions:
        raise ActNotPossible(f"The bank waits for no answer: {dispute.get_status_display()}.")
    elif kind == Kinds.ACCEPT and dispute.is_inquiry:
        raise ActNotPossible("An inquiry cannot be accepted; refund it or submit evidence.")


def push_act(*, tenant_id: UUID, act_id: UUID, now: datetime) -> DisputeAct | None:
    """Do at Stripe what was asked for; repeating finds what was done.

    The dispute is read before each try, so that what an earlier one has done is seen. Returns
    None when somebody else is at it, or it has to wait.
    """
    with scope(tenant_id):
        act = _claim(act_id, now)
        account = StripeAccount.objects.get()
    if act is None:
        return None
    stripe = Charges(account)
    try:
        refusal = _do(stripe, act)
    except StripeUnavailable as error:
        _wait(act, str(error), now, is_replayed=error.replayed)
        return None
    except StripeRefused as error:
        if error.replayed:
            _wait(act, str(error), now, is_replayed=True)
            return None
        refusal = f"Stripe refused it: {error}"
    with scope(tenant_id):
        act = _record(act, refusal, now)
    refresh_charge(tenant_id=tenant_id, charge_id=act.dispute.stripe_charge_id, now=now)
    return act


def _claim(act_id: UUID, now: datetime) -> DisputeAct | None:
    rows = DisputeAct.objects.select_for_update(of=("self",)).select_related("dispute__rent")
    act = rows.filter(pk=act_id, state=States.ASKED).first()
    if act is None or (act.leased_until and act.leased_until > now):
        return None
    act.leased_until, act.next_at = now + LEASE, now + LEASE
    act.attempts += 1
    act.save()
    return act


def _do(stripe: Charges, act: DisputeAct) -> str:
    """Do it unless it is done; returns why it cannot be done, or nothing."""
    dispute_id = act.dispute.stripe_dispute_id
    facts = stripe.read_dispute(dispute_id)
    if act.kind == Kinds.REFUND:
        return _refund(stripe, act, facts)
    if _is_done(act, facts):
        return ""
    if facts.status not in RentDispute.ANSWERABLE:
        return f"The dispute takes no answer any more: {facts.status.replace('_', ' ')}."
    if act.kind == Kinds.SUBMIT:
        stripe.answer_dispute(dispute_id, act.evidence, submit=True, key=act.idempotency_key)
    else:
        stripe.accept_dispute(dispute_id, key=act.idempotency_key)
    return ""


def _is_done(act: DisputeAct, facts: ObjectionFacts) -> bool:
    return facts.submissions > 0 if act.kind == Kinds.SUBMIT else facts.status == "lost"


def _refund(stripe: Charges, act: DisputeAct, facts: ObjectionFacts) -> str:
    charge = stripe.read(facts.charge_id)
    left = charge.amount_minor - charge.refunded_minor
    if left <= 0:
        return ""
    if not facts.is_refundable:
        return "The payment can no longer be refunded: the bank has taken the money."
    stripe.send_back(
        facts.charge_id,
        amount_minor=left,
        metadata={"taproom_dispute_act": str(act.pk)},
        key=act.idempotency_key,
    )
    return ""


def _record(act: DisputeAct, refusal: str, now: datetime) -> DisputeAct:
    rows = DisputeAct.objects.select_for_update(of=("self",)).select_related("dispute__rent")
    found = rows.get(pk=act.pk)
    if found.state != States.ASKED:
        return found
    found.state = States.REFUSED if refusal else States.DONE
    found.done_at = None if refusal else now
    found.leased_until, found.next_at, found.last_error = None, None, refusal[:500]
    found.save()
    said = refusal or f"Done at Stripe: {found.get_kind_display().lower()}."
    _tell(found, said, now)
    log.info("dispute_act", act_id=str(found.pk), kind=found.kind, state=found.state)
    return found


def _tell(act: DisputeAct, words: str, now: datetime, by: User | None = None) -> None:
    rent = act.dispute.rent
    if rent is not None:
        tell_case(open_case(rent, cause="Disputed", now=now), words, by=by, now=now)


def _wait(act: DisputeAct, error: str, now: datetime, *, is_replayed: bool) -> None:
    """Try again later. A stored answer says nothing, so that the next try has a new key: whether
    an earlier one worked is read off the dispute and the charge before.
    """
    wait = min(timedelta(seconds=2 ** min(act.attempts, 12)), LONGEST_WAIT)
    with scope(act.tenant_id):
        DisputeAct.objects.filter(pk=act.pk, state=States.ASKED).update(
            leased_until=None,
            next_at=now + wait,
            last_error=error[:500],
            epoch=act.epoch + is_replayed,
        )


def due_acts(*, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Return acts that wait to be done; for the sweep."""
    with scope(tenant_id):
        waiting = DisputeAct.objects.filter(state=States.ASKED, next_at__lte=now)
        return list(waiting.values_list("pk", flat=True)[:500])
