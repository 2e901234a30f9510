"""Checkout sessions: what a buyer's payment, and time, does to them.

Source of the states: Stripe docs, "How Checkout works", and the Checkout Session object.
"""

from sandbox import cards, paying
from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.events import record
from sandbox.resources import customers
from sandbox.spec.objects import build
from sandbox.timers import timer


def new_intent(books: Books, session: Json) -> Json:
    """Return the session's payment intent; it comes into being with the first attempt to pay."""
    if session["payment_intent"]:
        return books.get("payment_intent", session["payment_intent"])
    private = books.private(session["id"])
    data = private["payment_intent_data"]
    params = {
        "capture_method": "automatic_async",
        "customer": session["customer"],
        **data,
        "payment_method_options": session["payment_method_options"] or {},
        "payment_method_types": session["payment_method_types"],
    }
    return paying.new_intent(books, session["amount_total"], session["currency"], params)


def _with_customer(books: Books, session: Json, intent: Json, method: Json) -> Json:
    """Give the intent a new customer when the session always creates one. Returns the intent.

    A card that will be declined makes no customer, so that retries do not pile them up.
    """
    behaviour = books.private(method["id"])["behaviour"]
    is_wanted = session["customer_creation"] == "always" and not intent["customer"]
    if not is_wanted or cards.decline_of(behaviour) is not None:
        return intent
    details = method["billing_details"]
    body = customers.blank(books.now)
    body |= {"email": details["email"], "name": details["name"]}
    books.add(body)
    record(books, "customer.created", body)
    return books.save({**intent, "customer": body["id"]})


def _buyer(method: Json, session: Json) -> Json:
    details = method["billing_details"]
    return build(
        "payment_pages_checkout_session_customer_details",
        address=details["address"],
        email=details["email"] or session["customer_email"],
        name=details["name"],
        tax_exempt="none",
        tax_ids=[],
    )


def pay(books: Books, session: Json, method: Json) -> tuple[Json, Json]:
    """Try to pay an open session with a payment method. Returns (session, payment intent).

    The intent's status tells how it went; the session completes when it is paid, processing or
    held for capture, and stays open after a decline or while 3-D Secure waits. Raises
    StripeError (400) for a session that is not open.
    """
    check_open(session)
    intent = new_intent(books, session)
    if intent["status"] == "requires_action":
        again = {**intent, "status": "requires_payment_method", "next_action": None}
        intent = books.save(again)
    if session["payment_intent"] is None:
        session = books.save({**session, "payment_intent": intent["id"]})
    intent = _with_customer(books, session, intent, method)
    intent = paying.confirm(books, intent, method, success_url(session))
    return after_attempt(books, session, intent, method)


def authenticate(books: Books, session: Json, intent: Json, *, passed: bool) -> tuple[Json, Json]:
    """Finish the session's 3-D Secure step. Returns (session, payment intent)."""
    check_open(session)
    method = books.get("payment_method", intent["payment_method"])
    after = paying.authenticate(books, intent, passed=passed)
    return after_attempt(books, session, after, method)


def after_attempt(books: Books, session: Json, intent: Json, method: Json) -> tuple[Json, Json]:
    """Complete the session if its intent got far enough. Returns (session, payment intent)."""
    if intent["status"] not in ("succeeded", "processing", "requires_capture"):
        return session, intent
    after = {
        **session,
        "customer": intent["customer"],
        "customer_details": _buyer(method, session),
        "payment_status": "paid" if intent["status"] == "succeeded" else "unpaid",
        "status": "complete",
        "url": None,
    }
    books.save(after)
    record(books, "checkout.session.completed", after)
    return after, intent


def check_open(session: Json) -> None:
    """Raise StripeError (400) for a session that is complete or expired."""
    if session["status"] != "open":
        message = f"This Checkout Session is {session['status']}; it can no longer be paid."
        raise StripeError(message)


def expire(books: Books, session: Json) -> Json:
    """Expire a session, cancel its intent and write the event.

    Raises StripeError (400) with Stripe's words when the session is not open.
    """
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
        raise StripeError(message)
    if session["payment_intent"]:
        intent = books.get("payment_intent", session["payment_intent"])
        if intent["status"] in paying.OPEN:
            paying.cancel(books, intent, "automatic")
    after = books.save({**session, "status": "expired", "url": None})
    record(books, "checkout.session.expired", after)
    return after


@timer("expire_session")
def expire_when_due(books: Books, session_id: str) -> None:
    """Expire a session whose time is up, unless it was completed or expired before."""
    session = books.get("checkout.session", session_id)
    if session["status"] == "open" and session["expires_at"] <= books.now:
        expire(books, session)


def success_url(session: Json) -> str | None:
    """Return where a buyer goes after paying, with the session's id filled in."""
    url = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"]) if url else None
