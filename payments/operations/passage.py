"""Let a try to pay through to Stripe, or not: lists, counts, the check, and the reason kept.

What a step does to honest people grows with what a fraudster has done: first the bank is asked to
confirm, then the browser does a check, and only who goes on after the check closes the link.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from core.models import Entry
from core.money import Money
from core.tenancy import current
from payments import puzzles
from payments.marks import every_mark, mark, names_of_address, names_of_email, who_counts
from payments.models import (
    By,
    Checkout,
    FraudAlarm,
    FraudDecision,
    FraudRule,
    ListedParty,
    PaymentLink,
)
from payments.operations.alarms import raise_alarm
from payments.operations.counting import count_up, counts_of, moment_of
from payments.operations.fraud_rules import rules_in_force

log = structlog.get_logger(__name__)

Counts, Step, Outcome = FraudRule.Counts, FraudRule.Step, FraudDecision.Outcome

# How many may pass without a script, by waiting: of one thing to pay, and of one address.
PATIENT_WINDOW: Final = timedelta(minutes=10)
PATIENT_OF_SUBJECT, PATIENT_OF_ADDRESS = 10, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One press of the button: for what, from where, and what the form proves."""

    kind: str
    subject_id: UUID
    address: str
    email: str = ""
    amount: Money | None = None
    puzzle: str = ""
    solution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided about a visit. `excess` is how many times over its limit a rule is."""

    visit: Visit
    outcome: FraudDecision.Outcome
    reason: str
    rule: FraudRule | None = None
    counted: int = 0
    passed_check: bool = False
    excess: int = 0
    retry_after: int = 0

    @property
    def is_allowed(self) -> bool:
        """Whether the visitor goes on to Stripe."""
        return self.outcome in {Outcome.ALLOWED, Outcome.SECURED}


@dataclass(frozen=True, slots=True)
class _Broken:
    rule: FraudRule
    counted: int
    ends_at: datetime

    @property
    def words(self) -> str:
        what = f"{self.counted} {self.rule.get_counts_display().lower()}"
        return f"{self.rule.name}: {what} by {self.rule.get_by_display()}, {self.rule.most} pass"


def judge_visit(visit: Visit, *, now: datetime) -> Verdict:
    """Decide about one press of the button; all but letting through is kept at once. In scope.

    `remember_passage` keeps what was let through, with its checkout. Not safe to repeat: each
    call counts.
    """
    verdict = _by_lists(visit) or _by_pause(visit) or _by_rules(visit, now)
    if not verdict.is_allowed:
        _keep(verdict, None)
        log.info("try_stopped", outcome=verdict.outcome, subject_id=str(visit.subject_id))
    return verdict


def remember_passage(verdict: Verdict, checkout: Checkout) -> None:
    """Keep that a visit was let through to this checkout, and why. In scope.

    A suspicious one asks the bank to confirm, unless Stripe's page is open already.
    """
    if verdict.outcome == Outcome.SECURED and checkout.state == Checkout.State.CREATED:
        checkout.three_d_secure = "any"
        checkout.save(update_fields=["three_d_secure"])
    _keep(verdict, checkout)


def _keep(verdict: Verdict, checkout: Checkout | None) -> None:
    visit = verdict.visit
    is_link = visit.kind == Entry.Kind.PAYMENT_LINK
    FraudDecision.objects.create(
        tenant_id=current().tenant_id,
        outcome=verdict.outcome,
        reason=verdict.reason[:300],
        rule=verdict.rule,
        counted=verdict.counted,
        kind=visit.kind,
        subject_id=visit.subject_id,
        link_id=visit.subject_id if is_link else None,
        checkout=checkout,
        passed_check=verdict.passed_check,
        address=visit.address,
        address_mark=address_mark(visit.address),
        email_mark=email_mark(visit.email),
    )


def address_mark(address: str) -> str:
    """Return what an address is counted by; empty for none."""
    return mark(By.ADDRESS, who_counts(address)) if address else ""


def email_mark(email: str) -> str:
    """Return what an e-mail is counted by; empty for none."""
    return mark(By.EMAIL, names_of_email(email)[0]) if email else ""


# --- lists --------------------------------------------------------------------------------------


def _by_lists(visit: Visit) -> Verdict | None:
    listed = listed_party(address=visit.address, email=visit.email)
    if listed is None:
        return None
    is_blocked = listed.kind == ListedParty.Kind.BLOCK
    return Verdict(
        visit=visit,
        outcome=Outcome.REFUSED if is_blocked else Outcome.ALLOWED,
        reason=f"On the list: {listed.get_kind_display().lower()} this {listed.by}",
    )


def listed_party(
    *, address: str = "", email: str = "", card: str = "", country: str = ""
) -> ListedParty | None:
    """Return how one of these is listed; who is let through goes before who is not. In scope."""
    names = [
        *((By.ADDRESS, name) for name in (names_of_address(address) if address else [])),
        *((By.EMAIL, name) for name in (names_of_email(email) if email else [])),
        *([(By.CARD, card)] if card else []),
        *([(By.COUNTRY, country.upper())] if country else []),
    ]
    marks = [one for by, name in names for one in every_mark(by.value, name)]
    found = ListedParty.objects.filter(mark__in=marks).order_by("kind") if marks else []
    return next(iter(found), None)


def _by_pause(visit: Visit) -> Verdict | None:
    alarm = pause_of(visit.subject_id)
    if alarm is None:
        return None
    reason = f"The link is paused: {alarm.reason}"
    return Verdict(visit=visit, outcome=Outcome.PAUSED, reason=reason, rule=alarm.rule)


def pause_of(link_id: UUID) -> FraudAlarm | None:
    """Return the alarm by which a link is paused now, or None. In scope."""
    rows = FraudAlarm.objects.filter(link=link_id, step=Step.PAUSE, ended_at=None)
    return rows.select_related("rule").first()


# --- rules --------------------------------------------------------------------------------------


def _by_rules(visit: Visit, now: datetime) -> Verdict:
    rules = rules_in_force()
    proof = _use_proof(visit, now)
    broken = [*_broken_by_tries(rules, visit, now), *_broken_by_declines(rules, visit, now)]
    broken += _broken_by_amount(rules, visit, now)
    for one in broken:
        if one.rule.step != Step.SECURE:
            raise_alarm(rule=one.rule, link_id=_link_id(visit), reason=one.words, now=now)
    by_step = {step: [one for one in broken if one.rule.step == step] for step in Step}
    if by_step[Step.BLOCK]:
        return _stopped(visit, Outcome.REFUSED, by_step[Step.BLOCK], now)
    checks = by_step[Step.CHALLENGE]
    if checks and proof is None:
        return _stopped(visit, Outcome.CHALLENGED, checks, now)
    return _passed(visit, proof, broken)


def _stopped(
    visit: Visit, outcome: FraudDecision.Outcome, broken: list[_Broken], now: datetime
) -> Verdict:
    worst = max(broken, key=lambda one: one.counted / max(1, one.rule.most))
    left = max(1, int((worst.ends_at - now).total_seconds()) + 1)
    patience = int(puzzles.PATIENCE.total_seconds())
    return Verdict(
        visit=visit,
        outcome=outcome,
        reason=worst.words,
        rule=worst.rule,
        counted=worst.counted,
        excess=worst.counted // max(1, worst.rule.most),
        retry_after=min(left, patience) if outcome == Outcome.CHALLENGED else left,
    )


def _passed(visit: Visit, proof: puzzles.Proof | None, broken: list[_Broken]) -> Verdict:
    """Let through; the bank confirms who pays where cards were declined before."""
    suspicious = [one for one in broken if one.rule.counts != Counts.TRIES]
    first = suspicious[0] if suspicious else None
    how = "passed the check" if proof and proof.is_solved else "waited instead of the check"
    words = [first.words] if first else []
    words += [how] if proof else []
    return Verdict(
        visit=visit,
        outcome=Outcome.SECURED if first else Outcome.ALLOWED,
        reason="; ".join(words) or "No rule was broken",
        rule=first.rule if first else None,
        counted=first.counted if first else 0,
        passed_check=proof is not None,
    )


def rule_marks(
    rules: Iterable[FraudRule], keys: dict[str, str], now: datetime
) -> dict[str, tuple[FraudRule, datetime]]:
    """Return the mark of each rule's window for what it counts by, with rule and window's end.

    `keys` are the marks of an address, a link and so on, by `By`; empty ones count nothing.
    """
    found = {}
    for rule in rules:
        key = keys.get(rule.by, "")
        if key:
            ends_at = moment_of(rule.window_at(now)[1])
            found[mark(rule.pk, rule.counts, key)] = (rule, ends_at)
    return found


def keys_of(
    *, subject_id: UUID, address: str = "", email: str = "", checkout_id: UUID | None = None
) -> dict[str, str]:
    """Return what rules may count by; `address` and `email` are their marks."""
    return {
        By.ADDRESS: address,
        By.EMAIL: email,
        By.LINK: str(subject_id),
        By.TENANT: str(current().tenant_id),
        By.CHECKOUT: str(checkout_id or ""),
    }


def _keys(visit: Visit) -> dict[str, str]:
    return keys_of(
        subject_id=visit.subject_id,
        address=address_mark(visit.address),
        email=email_mark(visit.email),
    )


def _broken_by_tries(rules: list[FraudRule], visit: Visit, now: datetime) -> list[_Broken]:
    """Count this try. Who is over a limit of their own uses nothing up of what all share."""
    tries = [rule for rule in rules if rule.counts == Counts.TRIES]
    own = [rule for rule in tries if rule.by in (By.ADDRESS, By.EMAIL)]
    broken = _count(own, _keys(visit), now)
    if broken:
        return broken
    return _count([rule for rule in tries if rule not in own], _keys(visit), now)


def _count(rules: list[FraudRule], keys: dict[str, str], now: datetime) -> list[_Broken]:
    marks = rule_marks(rules, keys, now)
    counts = count_up({text: ends_at for text, (_, ends_at) in marks.items()})
    return [
        _Broken(rule, counts[text], ends_at)
        for text, (rule, ends_at) in marks.items()
        if counts[text] > rule.most
    ]


def _broken_by_declines(rules: list[FraudRule], visit: Visit, now: datetime) -> list[_Broken]:
    """Look at what was declined before; `payments.operations.card_tries` counts it."""
    steps = (Step.SECURE, Step.CHALLENGE, Step.BLOCK)
    looked_at = [r for r in rules if r.counts in (Counts.DECLINES, Counts.CARDS)]
    looked_at = [rule for rule in looked_at if rule.step in steps]
    marks = rule_marks(looked_at, _keys(visit), now)
    counts = counts_of({text: ends_at for text, (_, ends_at) in marks.items()})
    return [
        _Broken(rule, counts[text], ends_at)
        for text, (rule, ends_at) in marks.items()
        if counts.get(text, 0) >= max(1, rule.most)
    ]


def _broken_by_amount(rules: list[FraudRule], visit: Visit, now: datetime) -> list[_Broken]:
    smallest = [rule for rule in rules if rule.counts == Counts.AMOUNT_BELOW]
    amount = _amount_of(visit) if smallest else None
    return [
        _Broken(rule, amount.minor, now + timedelta(hours=1))
        for rule in smallest
        if amount is not None and rule.currency == amount.currency and amount.minor < rule.most
    ]


def _amount_of(visit: Visit) -> Money | None:
    """Return what the visitor wants to pay: as the form says, else what a fixed link asks for.

    Where the visitor chooses, a link's own amount is a proposal and says nothing of theirs.
    """
    if visit.amount is not None:
        return visit.amount
    if visit.kind != Entry.Kind.PAYMENT_LINK:
        return None
    fixed = PaymentLink.objects.filter(pricing=PaymentLink.Pricing.FIXED)
    link = fixed.filter(pk=visit.subject_id).first()
    return link.amount if link is not None else None


def _link_id(visit: Visit) -> UUID | None:
    return visit.subject_id if visit.kind == Entry.Kind.PAYMENT_LINK else None


def _use_proof(visit: Visit, now: datetime) -> puzzles.Proof | None:
    """Return the form's proof, if it proves something and is used for the first time."""
    proof = puzzles.read_proof(
        text=visit.puzzle, solution=visit.solution, subject_id=visit.subject_id, now=now
    )
    if proof is None:
        return None
    if count_up({proof.mark: proof.ends_at})[proof.mark] > 1:
        return None
    return proof if proof.is_solved or _may_be_patient(visit, now) else None


def _may_be_patient(visit: Visit, now: datetime) -> bool:
    seconds = int(PATIENT_WINDOW.total_seconds())
    ends_at = moment_of((int(now.timestamp()) // seconds + 1) * seconds)
    of_subject = mark("patient", visit.subject_id)
    of_address = mark("patient", visit.subject_id, address_mark(visit.address))
    counts = count_up({of_subject: ends_at, of_address: ends_at})
    return counts[of_address] <= PATIENT_OF_ADDRESS and counts[of_subject] <= PATIENT_OF_SUBJECT
