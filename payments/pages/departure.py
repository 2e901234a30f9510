"""The way from a public page to Stripe's: what may keep somebody from it, and the redirect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from core.models import Entry
from core.money import Money
from core.ratelimit import client_address
from core.tenancy import scope
from payments import puzzles
from payments.gateway import StripeUnavailable
from payments.models import Checkout, FraudDecision, FraudRule
from payments.operations.checkouts import CheckoutOver
from payments.operations.passage import Verdict, Visit, judge_visit
from payments.pages import visitor
from payments.pages.counter import Notice
from payments.pages.limits import seconds_to_wait

log = structlog.get_logger(__name__)

PAUSED_SECONDS: Final = 3600

# What a page says above its button when Stripe's page did not open.
NOT_OPENED: Final[dict[type[Exception], Notice]] = {
    CheckoutOver: Notice(name="over", status=409),
    StripeUnavailable: Notice(name="unavailable", status=503, retry_after=5),
}


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether somebody who pressed the button goes on: a notice says why not, else a verdict.

    `remember_passage` wants the verdict once the checkout is claimed.
    """

    notice: Notice | None
    verdict: Verdict | None


def examine(
    request: HttpRequest, entry: Entry, *, amount: Money | None = None, email: str = ""
) -> Passage:
    """Decide whether this press of the button is let through, by the owner's rules."""
    if visitor.comes_from_elsewhere(request):
        return Passage(Notice(name="elsewhere", status=403), None)
    now = timezone.now()
    visit = Visit(
        kind=entry.kind,
        subject_id=entry.target_id,
        address=client_address(request),
        email=email,
        amount=amount,
        puzzle=request.POST.get("puzzle", ""),
        solution=request.POST.get("solution", ""),
    )
    if not has_solved(visit, now=now):
        wait = seconds_to_wait(request, entry)
        if wait is not None:
            return Passage(_check(visit, wait, "too_many", 0, now), None)
    with scope(entry.tenant_id):
        verdict = judge_visit(visit, now=now)
    return Passage(_notice_of(verdict, now), verdict)


def has_solved(visit: Visit, *, now: datetime) -> bool:
    """Return whether the form holds a solved puzzle; whether it was used before is asked later."""
    proof = puzzles.read_proof(
        text=visit.puzzle, solution=visit.solution, subject_id=visit.subject_id, now=now
    )
    return proof is not None and proof.is_solved


def _notice_of(verdict: Verdict, now: datetime) -> Notice | None:
    outcomes = FraudDecision.Outcome
    if verdict.is_allowed:
        return None
    if verdict.outcome == outcomes.PAUSED:
        return Notice(name="paused", status=503, retry_after=PAUSED_SECONDS)
    if verdict.outcome == outcomes.REFUSED:
        if verdict.rule is None:
            return Notice(name="blocked", status=403)
        return Notice(name="too_many", status=429, retry_after=verdict.retry_after)
    is_tries = verdict.rule is not None and verdict.rule.counts == FraudRule.Counts.TRIES
    name = "too_many" if is_tries else "check"
    return _check(verdict.visit, verdict.retry_after, name, verdict.excess, now)


def _check(visit: Visit, wait: int, name: str, excess: int, now: datetime) -> Notice:
    """Return the notice that asks for the check: a script solves it, everybody else waits."""
    puzzle = puzzles.new_puzzle(subject_id=visit.subject_id, excess=excess, now=now)
    return Notice(name=name, status=429, retry_after=wait, puzzle=puzzle)


def to_stripe(checkout: Checkout) -> HttpResponseRedirect:
    """Lead the customer to Stripe's page of an open checkout."""
    if not checkout.session_url.startswith(tuple(f"{o}/" for o in settings.CHECKOUT_ORIGINS)):
        # The browser would block the way without a word to anybody.
        log.error("checkout_origin_not_allowed", checkout_id=str(checkout.pk))
    return HttpResponseRedirect(checkout.session_url, status=303)
