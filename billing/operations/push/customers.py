"""Make an organization known to Stripe as a customer, once, before its first invoice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.models import Organization, Push
from billing.operations.push.payload import customer_params
from billing.operations.push.queue import customer_push
from billing.operations.push.rows import KEY_LIFETIME, Clock, Turn, claim
from core.tenancy import scope
from payments.gateway import (
    BULK,
    CustomerFacts,
    Customers,
    LimitUsedUp,
    StripeRefused,
    StripeUnavailable,
)
from payments.models import StripeAccount

# Clocks differ, and a customer may be older than the row that asks for it.
LOOK_BACK = timedelta(days=1)


class CustomerNotReady(Exception):
    """There is no customer yet: another worker makes it, or a person must act first."""

    def __init__(self, words: str, *, seconds: float, needs_person: bool = False) -> None:
        super().__init__(words)
        self.seconds = seconds
        self.needs_person = needs_person


def ensure_customer(organization: Organization, account: StripeAccount, clock: Clock) -> str:
    """Return the customer's id at Stripe, making it first if need be. Outside any scope.

    Raises CustomerNotReady, StripeUnavailable.
    """
    with scope(organization.tenant_id):
        organization.refresh_from_db(fields=["stripe_customer_id", "payer", "name"])
        if organization.stripe_customer_id:
            return organization.stripe_customer_id
        row = customer_push(organization.pk, now=clock())
        turn = claim(row.pk, clock)
    if turn is None:
        if row.state in (Push.State.BLOCKED, Push.State.MISMATCH):
            raise CustomerNotReady(
                f"No customer at Stripe: {row.last_error}", seconds=900, needs_person=True
            )
        raise CustomerNotReady("The customer is being made at Stripe.", seconds=2)
    return make_customer(turn, account)


def make_customer(turn: Turn, account: StripeAccount) -> str:
    """Make the customer of a claimed push and keep its id. Outside any scope.

    Raises CustomerNotReady and StripeUnavailable, after the push was put off or blocked.
    """
    try:
        facts = _made(turn, Customers(account, patience=BULK))
    except LimitUsedUp as error:
        turn.wait(str(error), seconds=error.retry_after or 1)
        raise
    except StripeUnavailable as error:
        turn.postpone(str(error), seconds=error.retry_after)
        raise
    except StripeRefused as refusal:
        words = f"Stripe refuses the customer: {refusal}"
        if refusal.status in (401, 403):  # the account's key, not this customer
            turn.postpone(words, seconds=300)
            raise StripeUnavailable(words) from refusal
        turn.block(words)
        raise CustomerNotReady(words, seconds=900, needs_person=True) from refusal
    with scope(turn.tenant_id):
        turn.end(
            state=Push.State.DONE,
            step=Push.Step.DONE,
            stripe_id=facts.customer_id,
            done_at=turn.clock(),
            last_error="",
        )
        Organization.objects.filter(pk=turn.push.organization_id).update(
            stripe_customer_id=facts.customer_id
        )
        _go_on_with_invoices(turn)
    turn.push.organization.stripe_customer_id = facts.customer_id
    return facts.customer_id


def _go_on_with_invoices(turn: Turn) -> None:
    """Take up what waited for the customer. In scope."""
    waiting = Push.objects.filter(
        organization_id=turn.push.organization_id, state=Push.State.WAITING, leased_until=None
    )
    waiting.update(next_at=turn.clock())


def _made(turn: Turn, gateway: Customers) -> CustomerFacts:
    push = turn.push
    if push.key_used_at is None:
        turn.hold(key_used_at=turn.clock())
    elif turn.clock() - push.key_used_at > KEY_LIFETIME:
        return _found(turn, gateway) or _made_anew(turn, gateway)
    try:
        return _asked(turn, gateway)
    except StripeUnavailable as error:
        if not error.replayed:
            raise
    except StripeRefused as refusal:
        if not (refusal.replayed or refusal.code == "idempotency_error"):
            raise
    return _found(turn, gateway) or _made_anew(turn, gateway)


def _asked(turn: Turn, gateway: Customers) -> CustomerFacts:
    push = turn.push
    key = f"tap:cus:{push.organization_id}:{push.generation}"
    try:
        facts = gateway.create(customer_params(push.organization), key=key)
    except (StripeUnavailable, StripeRefused) as error:
        turn.note("failed", key=key, detail=str(error))
        raise
    turn.note("made", key=key, detail=facts.customer_id)
    return facts


def _made_anew(turn: Turn, gateway: Customers) -> CustomerFacts:
    turn.use_new_key()
    return _asked(turn, gateway)


def _found(turn: Turn, gateway: Customers) -> CustomerFacts | None:
    ours = {"taproom_organization": str(turn.push.organization_id)}
    found = gateway.find(ours, since=turn.push.created_at - LOOK_BACK)
    turn.note("found" if found else "not there", detail=found.customer_id if found else "")
    return found


def forget_customer(organization_id: UUID, customer_id: str, *, turn_now: Clock) -> bool:
    """Have a customer made anew who was deleted at Stripe; returns whether it was ours. In scope.

    Invoices that stand there stay as they are.
    """
    rows = Organization.objects.filter(pk=organization_id, stripe_customer_id=customer_id)
    if not rows.update(stripe_customer_id=None):
        return False
    push = customer_push(organization_id, now=turn_now())
    Push.objects.filter(pk=push.pk).update(
        state=Push.State.QUEUED,
        step=Push.Step.CUSTOMER,
        stripe_id=None,
        generation=push.generation + 1,
        key_used_at=None,
        next_at=turn_now(),
        leased_until=None,
        done_at=None,
        last_error="The customer was deleted at Stripe and is made anew.",
    )
    return True
