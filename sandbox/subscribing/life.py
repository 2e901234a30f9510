"""What becomes of a subscription: it renews, leaves its trial, and ends."""

from sandbox.books import Books, Json
from sandbox.events import record, record_update
from sandbox.subscribing import billing, cycles
from sandbox.timers import timer

OVER = ("canceled", "incomplete_expired")


def recurring_of(subscription: Json) -> Json:
    """Return how often a subscription renews; all its items renew alike."""
    found: Json = subscription["items"]["data"][0]["price"]["recurring"]
    return found


def period_end(subscription: Json) -> int:
    """Return when the current period ends."""
    return int(subscription["items"]["data"][0]["current_period_end"])


def with_period(subscription: Json, start: int, end: int) -> Json:
    """Return a subscription with another current period; nothing is stored."""
    bounds = {"current_period_start": start, "current_period_end": end}
    data = [{**item, **bounds} for item in subscription["items"]["data"]]
    return {**subscription, "items": {**subscription["items"], "data": data}}


def plan(books: Books, subscription: Json) -> None:
    """Have the timers set for the next renewal and for the planned end."""
    books.later(period_end(subscription), "renew_subscription", subscription["id"])
    if subscription["cancel_at"] is not None:
        books.later(subscription["cancel_at"], "end_subscription", subscription["id"])


@timer("end_subscription")
def end_when_due(books: Books, subscription_id: str) -> None:
    """End a subscription at its planned moment, unless that has changed since."""
    subscription = books.find(subscription_id) or {}
    planned = subscription.get("cancel_at")
    if subscription.get("status") in OVER or planned is None or planned > books.now:
        return
    cancel(billing.at(books, planned), subscription, is_planned=True)


@timer("renew_subscription")
def renew_when_due(books: Books, subscription_id: str) -> None:
    """Begin the next period and bill it, unless the subscription has moved on or ends here."""
    subscription = books.find(subscription_id) or {}
    if subscription.get("status") in (None, "incomplete", *OVER):
        return
    end = period_end(subscription)
    if end > books.now:
        return
    books = billing.at(books, end)
    planned = subscription["cancel_at"]
    if subscription["cancel_at_period_end"] or (planned is not None and planned <= end):
        cancel(books, subscription, is_planned=True)
        return
    _renew(books, subscription, end)


def _renew(books: Books, subscription: Json, start: int) -> None:
    day = (subscription["billing_cycle_anchor_config"] or {}).get("day_of_month")
    recurring = recurring_of(subscription)
    end = cycles.next_boundary(subscription["billing_cycle_anchor"], recurring, start, day)
    after = with_period(subscription, start, end)
    if after["status"] == "trialing":
        after["status"] = "active"
    planned = after["cancel_at"]
    # A planned end within the period bills its part of it (API reference, cancel_at).
    is_short = planned is not None and planned < end
    lines = billing.period_lines(
        books,
        after,
        start,
        planned if is_short else end,
        whole=end - start if is_short else None,
    )
    invoice = billing.bill(books, after, lines, "subscription_cycle")
    after["latest_invoice"] = invoice["id"]
    record_update(books, "customer.subscription.updated", subscription, after)
    books.later(end, "renew_subscription", after["id"])


def cancel(books: Books, subscription: Json, *, is_planned: bool = False) -> Json:
    """End a subscription now: no further invoice comes, and drafts no longer advance."""
    after = {
        **subscription,
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or books.now,
        "ended_at": books.now,
        "cancellation_details": {
            **subscription["cancellation_details"],
            "reason": "cancellation_requested",
        },
    }
    books.save(after)
    if not is_planned:
        _stop_drafts(books, subscription["id"])
    record(books, "customer.subscription.deleted", after)
    return after


def _stop_drafts(books: Books, subscription_id: str) -> None:
    for draft in books.where("invoice", status="draft"):
        details = (draft["parent"] or {}).get("subscription_details") or {}
        if details.get("subscription") == subscription_id:
            stopped = {"auto_advance": False, "automatically_finalizes_at": None}
            record_update(books, "invoice.updated", draft, {**draft, **stopped})
