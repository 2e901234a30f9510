"""Keep each card that was tried at Stripe, with Radar's outcome, and act on declines.

A fraudster needs one payment page to try thousands of cards: Stripe's page takes one after the
other. So declines are counted as they come, and a page that saw too many is closed there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from core.jobs import enqueue
from core.models import User
from core.tenancy import scope
from payments.gateway.tries import TryFacts, try_facts
from payments.marks import mark
from payments.models import (
    By,
    CardTry,
    Checkout,
    FraudDecision,
    FraudRule,
    ListedParty,
)
from payments.operations.alarms import raise_alarm
from payments.operations.counting import count_up, is_first
from payments.operations.fraud_rules import rules_in_force
from payments.operations.passage import email_mark, keys_of, listed_party, rule_marks

log = structlog.get_logger(__name__)

Counts, Step, Outcome = FraudRule.Counts, FraudRule.Step, FraudDecision.Outcome
# One address uses up no more than so many of the declines that a link or a company may have:
# a single fraudster must not bring the check upon everybody.
MOST_OF_ONE: Final = 3
SHARED = (By.LINK, By.TENANT)
# So many cards of a page count for each rule; whoever goes on after that has said who they are.
ENOUGH: Final = 10


def note_charge(*, tenant_id: UUID, charge: dict[str, Any], now: datetime) -> CardTry | None:
    """Keep what a charge says of its card, and count it if it was declined. Repeating is safe.

    `charge` is the object of a verified event: a charge that succeeded or failed does not change
    in what is read here. Returns None when it belongs to no checkout here.
    """
    facts = try_facts(charge)
    with scope(tenant_id):
        checkout = _checkout_of(facts)
        if checkout is None:
            return None
        card_try, is_new = _keep(checkout, facts)
        if not is_new:
            return card_try
        was_stopped = _is_stopped(checkout)
        _act_on_lists(card_try, checkout, facts, now)
        if not facts.is_paid and not was_stopped:
            _act_on_decline(card_try, checkout, now)
    return card_try


def _is_stopped(checkout: Checkout) -> bool:
    """Return whether its page is being closed, and enough was counted of it.

    Thousands of declines may follow: they say nothing new of who opened it, and what the next
    page must be told waits behind them.
    """
    if CardTry.objects.filter(checkout=checkout)[: ENOUGH + 1].count() <= ENOUGH:
        return False
    return FraudDecision.objects.filter(checkout=checkout, outcome=Outcome.CLOSED).exists()


def _checkout_of(facts: TryFacts) -> Checkout | None:
    try:
        ours = UUID(facts.checkout_id)
    except ValueError:
        return None
    return Checkout.objects.select_related("link").filter(pk=ours).first()


def _keep(checkout: Checkout, facts: TryFacts) -> tuple[CardTry, bool]:
    return CardTry.objects.get_or_create(
        tenant_id=checkout.tenant_id,
        stripe_charge_id=facts.charge_id,
        defaults={
            "checkout": checkout,
            "is_paid": facts.is_paid,
            "method": facts.method[:40],
            "card": facts.fingerprint,
            "card_mark": mark(By.CARD, facts.fingerprint) if facts.fingerprint else "",
            "email_mark": email_mark(facts.email),
            "country": facts.country[:2],
            "decline_code": facts.decline_code[:64],
            "risk_level": facts.risk_level[:20],
            "risk_score": facts.risk_score,
            "outcome_type": facts.outcome_type[:30],
            "outcome_reason": facts.outcome_reason[:80],
            "seller_message": facts.seller_message[:500],
            "is_secured": facts.is_secured,
            "made_at": facts.made_at,
        },
    )


# --- lists and Radar ----------------------------------------------------------------------------


def _act_on_lists(card_try: CardTry, checkout: Checkout, facts: TryFacts, now: datetime) -> None:
    """Close the page of a blocked party; what it has paid waits for a person."""
    listed = listed_party(email=facts.email, card=facts.fingerprint, country=facts.country)
    if listed is not None and listed.kind == ListedParty.Kind.BLOCK:
        reason = f"On the list: {listed.get_kind_display().lower()} this {listed.by}"
        _decide(checkout, Outcome.CLOSED, reason, None, 0)
        if facts.is_paid:
            CardTry.objects.filter(pk=card_try.pk).update(suspicion=reason)
        else:
            close_page(checkout)
    elif facts.is_paid and facts.risk_level in {"elevated", "highest"} and listed is None:
        reason = f"Stripe Radar: {facts.risk_level} risk. {facts.seller_message}"[:300]
        CardTry.objects.filter(pk=card_try.pk).update(suspicion=reason)


def close_page(checkout: Checkout) -> None:
    """Have Stripe's page of a checkout closed by a worker. In scope."""
    enqueue("payments.close_checkout", checkout_id=checkout.pk)


# --- declines -----------------------------------------------------------------------------------


def _act_on_decline(card_try: CardTry, checkout: Checkout, now: datetime) -> None:
    passage = _passage_of(checkout)
    keys = _keys(card_try, checkout, passage)
    rules = _that_count(rules_in_force(), passage, keys, now)
    broken = [(rule, count) for rule, count in _count(rules, keys, card_try, now) if count]
    for rule, count in broken:
        _take_step(rule, count, checkout, now)
    if not any(rule.step == Step.CLOSE for rule, _ in broken):
        _close_unchecked(broken, checkout, passage)


def _passage_of(checkout: Checkout) -> FraudDecision | None:
    """Return how this checkout's visitor was let through last."""
    return FraudDecision.objects.filter(checkout=checkout).exclude(address_mark="").first()


def _keys(card_try: CardTry, checkout: Checkout, passage: FraudDecision | None) -> dict[str, str]:
    keys = keys_of(
        subject_id=passage.subject_id if passage else checkout.subject_id,
        address=passage.address_mark if passage else "",
        email=card_try.email_mark,
        checkout_id=checkout.pk,
    )
    return {**keys, By.CARD: card_try.card_mark}


def _that_count(
    rules: list[FraudRule],
    passage: FraudDecision | None,
    keys: dict[str, str],
    now: datetime,
) -> list[FraudRule]:
    """Return the rules that this decline counts for."""
    checked = passage is not None and passage.passed_check
    kinds = {Counts.DECLINES, Counts.CARDS} | ({Counts.DECLINES_AFTER_CHECK} if checked else set())
    found = [rule for rule in rules if rule.counts in kinds]
    if keys[By.ADDRESS] and not checked:
        found = [rule for rule in found if rule.by not in SHARED or _has_part(rule, keys, now)]
    return found


def _has_part(rule: FraudRule, keys: dict[str, str], now: datetime) -> bool:
    """Return whether this address may still use up a part of what a link or company may have."""
    marks = rule_marks([rule], keys, now)
    (_, ends_at) = next(iter(marks.values()))
    own = mark("part", rule.pk, keys[rule.by], keys[By.ADDRESS])
    return count_up({own: ends_at})[own] <= MOST_OF_ONE


def _count(
    rules: list[FraudRule], keys: dict[str, str], card_try: CardTry, now: datetime
) -> list[tuple[FraudRule, int]]:
    """Count the decline for each rule; returns each with its count, or 0 if it is kept."""
    marks = rule_marks(rules, keys, now)
    counted = {
        text: ends_at
        for text, (rule, ends_at) in marks.items()
        if rule.counts != Counts.CARDS or _is_new_card(text, card_try, ends_at)
    }
    counts = count_up(counted)
    return [
        (rule, counts[text] if text in counts and counts[text] >= max(1, rule.most) else 0)
        for text, (rule, _) in marks.items()
    ]


def _is_new_card(text: str, card_try: CardTry, ends_at: datetime) -> bool:
    if not card_try.card_mark:
        return False
    return is_first(mark(text, card_try.card_mark), ends_at=ends_at)


def _take_step(rule: FraudRule, count: int, checkout: Checkout, now: datetime) -> None:
    what = f"{count} {rule.get_counts_display().lower()} by {rule.get_by_display()}"
    reason = f"{rule.name}: {what}, {rule.most} pass"
    raise_alarm(rule=rule, link_id=checkout.link_id, reason=reason, now=now)
    if rule.step == Step.CLOSE and checkout.is_open:
        _decide(checkout, Outcome.CLOSED, reason, rule, count)
        close_page(checkout)
    elif rule.step == Step.PAUSE and checkout.link_id is not None:
        _decide(checkout, Outcome.PAUSED, reason, rule, count)
        close_page(checkout)


def _close_unchecked(
    broken: list[tuple[FraudRule, int]], checkout: Checkout, passage: FraudDecision | None
) -> None:
    """Close a page that was opened before the check was asked for, once a card is declined on it.

    Who pays with a card of their own meanwhile goes on.
    """
    asked = [(rule, count) for rule, count in broken if rule.step == Step.CHALLENGE]
    if not checkout.is_open:
        return
    if asked and not (passage is not None and passage.passed_check):
        rule, count = asked[0]
        _decide(checkout, Outcome.CLOSED, f"{rule.name}: opened before the check", rule, count)
        close_page(checkout)


def _decide(
    checkout: Checkout,
    outcome: FraudDecision.Outcome,
    reason: str,
    rule: FraudRule | None,
    counted: int,
) -> None:
    FraudDecision.objects.create(
        tenant_id=checkout.tenant_id,
        outcome=outcome,
        reason=reason[:300],
        rule=rule,
        counted=counted,
        kind=checkout.kind,
        subject_id=checkout.subject_id,
        link_id=checkout.link_id,
        checkout=checkout,
    )
    log.info("checkout_stopped", checkout_id=str(checkout.pk), outcome=outcome)


def clear_card_try(*, card_try_id: UUID, by: User | None, now: datetime) -> None:
    """Note that a person looked at a suspicious payment and lets it be. In scope; repeatable."""
    CardTry.objects.filter(pk=card_try_id, cleared_at=None).update(cleared_at=now, cleared_by=by)
