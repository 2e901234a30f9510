"""Answers to disputes: asked for by a person, done at Stripe once, by claim, call and record."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F

from core.jobs import enqueue
from core.models import User
from core.tenancy import scope
from payments.evidence import LONGEST, evidence_of
from payments.gateway import StripeRefused, StripeUnavailable
from payments.gateway.charges import Charges, ObjectionFacts
from payments.models import Dispute, DisputeAnswer, StripeAccount
from payments.operations.disputes import refresh_dispute

log = structlog.get_logger(__name__)

States, Kinds = DisputeAnswer.State, DisputeAnswer.Kind
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)
BATCH = 200


class AnswerNotPossible(Exception):
    """The dispute takes no such answer; the message says why. Nothing was changed."""


def submit_evidence(
    *, dispute_id: UUID, explanation: str, by: User | None, now: datetime
) -> DisputeAnswer:
    """Have the evidence submitted that is known, with words of the company's own. In scope.

    The bank takes it once. Pressing twice asks once. Raises AnswerNotPossible.
    """
    dispute = _lock(dispute_id)
    evidence = evidence_of(dispute.payment)
    said = explanation.replace("\0", " ").strip()
    if said:
        whole = f"OUR EXPLANATION\n{said}\n\n{evidence.get('uncategorized_text', '')}"
        evidence["uncategorized_text"] = whole[:LONGEST]
    return _ask_for(dispute, Kinds.SUBMIT, evidence, by, now)


def accept_dispute(*, dispute_id: UUID, by: User | None, now: datetime) -> DisputeAnswer:
    """Have a dispute accepted as lost, for good. In scope. Raises AnswerNotPossible."""
    return _ask_for(_lock(dispute_id), Kinds.ACCEPT, {}, by, now)


def _lock(dispute_id: UUID) -> Dispute:
    rows = Dispute.objects.select_for_update(of=("self",))
    return rows.select_related("payment__checkout", "payment__link").get(pk=dispute_id)


def _ask_for(
    dispute: Dispute,
    kind: DisputeAnswer.Kind,
    evidence: dict[str, str],
    by: User | None,
    now: datetime,
) -> DisputeAnswer:
    standing = dispute.answers.exclude(state=States.REFUSED).first()
    if standing is not None:
        if standing.kind == kind:
            return standing
        raise AnswerNotPossible(f"Asked for already: {standing.get_kind_display().lower()}.")
    if not dispute.needs_answer:
        raise AnswerNotPossible(f"The bank waits for no answer: {dispute.get_status_display()}.")
    if kind == Kinds.ACCEPT and dispute.is_inquiry:
        raise AnswerNotPossible("An inquiry cannot be accepted: refund it, or submit evidence.")
    answer = DisputeAnswer(
        tenant_id=dispute.tenant_id,
        dispute=dispute,
        kind=kind,
        asked_by=by,
        asked_at=now,
        next_at=now,
    )
    answer.evidence = evidence
    answer.save(force_insert=True)
    enqueue("payments.push_dispute_answer", answer_id=answer.pk)
    return answer


def push_answer(*, tenant_id: UUID, answer_id: UUID, now: datetime) -> bool:
    """Do at Stripe what was asked for; returns whether it is settled. Repeating finds it done.

    The dispute is read before each try, so that what an earlier one has done is seen.
    """
    with scope(tenant_id):
        answer = _claim(answer_id, now)
        account = StripeAccount.objects.first()
    if answer is None or account is None:
        return False
    try:
        refusal = _do(Charges(account), answer)
    except StripeUnavailable as error:
        _wait(answer, str(error), now, is_replayed=error.replayed)
        return False
    except StripeRefused as error:
        if error.replayed:
            _wait(answer, str(error), now, is_replayed=True)
            return False
        refusal = f"Stripe refused it: {error}"
    with scope(tenant_id):
        _record(answer, refusal, now)
    refresh_dispute(tenant_id=tenant_id, dispute_id=answer.dispute.stripe_dispute_id, now=now)
    return True


def _claim(answer_id: UUID, now: datetime) -> DisputeAnswer | None:
    due = DisputeAnswer.objects.filter(pk=answer_id, state=States.ASKED, next_at__lte=now)
    if not due.update(attempts=F("attempts") + 1, next_at=now + LEASE):
        return None
    return DisputeAnswer.objects.select_related("dispute").get(pk=answer_id)


def _do(stripe: Charges, answer: DisputeAnswer) -> str:
    """Do it unless it is done; returns why it cannot be done, or nothing."""
    dispute_id = answer.dispute.stripe_dispute_id
    facts = stripe.read_dispute(dispute_id)
    if _is_done(answer, facts):
        return ""
    if facts.status not in Dispute.ANSWERABLE:
        return f"The dispute takes no answer any more: {facts.status.replace('_', ' ')}."
    if answer.kind == Kinds.SUBMIT:
        key = answer.idempotency_key
        stripe.answer_dispute(dispute_id, answer.evidence, submit=True, key=key)
    else:
        stripe.accept_dispute(dispute_id, key=answer.idempotency_key)
    return ""


def _is_done(answer: DisputeAnswer, facts: ObjectionFacts) -> bool:
    return facts.submissions > 0 if answer.kind == Kinds.SUBMIT else facts.status == "lost"


def _record(answer: DisputeAnswer, refusal: str, now: datetime) -> None:
    DisputeAnswer.objects.filter(pk=answer.pk, state=States.ASKED).update(
        state=States.REFUSED if refusal else States.DONE,
        done_at=None if refusal else now,
        next_at=None,
        last_error=refusal[:500],
    )
    log.info("dispute_answered", answer_id=str(answer.pk), kind=answer.kind, refusal=refusal)


def _wait(answer: DisputeAnswer, error: str, now: datetime, *, is_replayed: bool) -> None:
    """Try again later; a stored answer says nothing, so that the next try has a new key."""
    wait = min(timedelta(seconds=2 ** min(answer.attempts, 12)), LONGEST_WAIT)
    with scope(answer.tenant_id):
        DisputeAnswer.objects.filter(pk=answer.pk, state=States.ASKED).update(
            next_at=now + wait, last_error=error[:500], epoch=answer.epoch + is_replayed
        )


def sweep_answers(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for answers that are due; returns how many."""
    with scope(tenant_id):
        due = DisputeAnswer.objects.filter(state=States.ASKED, next_at__lte=now)
        found = list(due.order_by("next_at").values_list("pk", flat=True)[:BATCH])
        for answer_id in found:
            enqueue("payments.push_dispute_answer", answer_id=answer_id)
    return len(found)
