"""Controls of single objects: pay, settle, dispute, roll, resend."""

import json

from sandbox import cards, checkout, events, ids, paying, webhooks
from sandbox.books import Books, Json
from sandbox.control.routes import Command, ControlError, control
from sandbox.pages.checkout import find_books
from sandbox.resources import payment_methods

NUMBER = (int, float)


def find(command: Command, kind: str) -> tuple[Books, Json]:
    """Return the object that a command names, and its account's books; ControlError (404)."""
    found = find_books(command.sandbox, kind, command.id)
    if found is None:
        raise ControlError(f"no such {kind}: {command.id}", 404)
    return found


def _method(books: Books, session: Json, given: Json) -> Json:
    """Return the payment method that a pay command describes."""
    email = given.get("email") or session["customer_email"] or "buyer@example.com"
    details = {"email": email, "name": given.get("name", "Sandbox Buyer")}
    if "account" in given:
        kinds = [kind for kind in session["payment_method_types"] if kind != "card"]
        if not kinds:
            raise ControlError("this session takes no bank debit")
        if given["account"] not in cards.BANK_ACCOUNTS:
            raise ControlError("account must be succeeds or fails")
        return payment_methods.new_debit(books, kinds[0], given["account"], details)
    if "card" not in session["payment_method_types"]:
        raise ControlError("this session takes no card")
    number = cards.digits(given.get("card", "4242424242424242"))
    year = payment_methods.next_year(books)
    return payment_methods.new_card(books, number, 12, year, details)


@control("POST", "/checkout/sessions/{id}/pay")
def pay_session(command: Command) -> Json:
    """Pay a session as a buyer would on its page. Returns the session and the payment intent.

    ``card`` is a number, ``account`` is ``succeeds`` or ``fails`` for a bank debit, and
    ``authenticate`` answers 3-D Secure; without it the session waits there. A decline is no
    error: the session stays open and the intent holds ``last_payment_error``. Raises StripeError
    (400) for a session that is not open.
    """
    given = command.read(card=str, account=str, email=str, name=str, authenticate=bool)
    with command.sandbox.store.transaction():
        books, session = find(command, "checkout.session")
        checkout.check_open(session)
        session, intent = checkout.pay(books, session, _method(books, session, given))
        if intent["status"] == "requires_action" and "authenticate" in given:
            passed = given["authenticate"]
            session, intent = checkout.authenticate(books, session, intent, passed=passed)
        return {"session": session, "payment_intent": intent}


@control("POST", "/checkout/sessions/{id}/async")
def settle_session(command: Command) -> Json:
    """Settle a session's bank debit now; ``succeeds`` overrules the account that was used."""
    given = command.read(succeeds=bool)
    with command.sandbox.store.transaction():
        books, session = find(command, "checkout.session")
        intent_id = session["payment_intent"]
        intent = paying.settle(books, intent_id, **given) if intent_id else None
        if intent is None:
            raise ControlError("this session has no bank debit that waits", 409)
        paying.announce(books, intent)
        session = books.get("checkout.session", session["id"])
        return {"session": session, "payment_intent": intent}


@control("POST", "/events/{id}/resend")
def resend_event(command: Command) -> Json:
    """Queue an event again for every endpoint that listens to it, or for ``endpoint`` alone."""
    given = command.read(endpoint=str)
    with command.sandbox.store.transaction():
        books, event = find(command, "event")
        targets = events.endpoints(books, event["type"])
        if "endpoint" in given:
            targets = [target for target in targets if target[1] == given["endpoint"]]
        for owner, endpoint in targets:
            events.enqueue(books, event, owner, endpoint)
    return {"queued": len(targets)}


@control("POST", "/webhook_endpoints/{id}/roll")
def roll_secret(command: Command) -> Json:
    """Give an endpoint a new signing secret; the old one also signs for ``keep_old_seconds``.

    The default is 24 hours of sandbox time. Returns the new secret.
    """
    keep = command.read(keep_old_seconds=NUMBER).get("keep_old_seconds", 24 * 3600)
    with command.sandbox.store.transaction():
        books, endpoint = find(command, "webhook_endpoint")
        private = books.private(endpoint["id"])
        until = command.sandbox.clock.now() + keep
        old = [{"secret": private["secret"], "until": until}, *private.get("old_secrets", ())]
        secret = ids.new("whsec")
        books.note(endpoint["id"], secret=secret, old_secrets=old)
    return {"id": endpoint["id"], "secret": secret, "old_secret_valid_until": until}


@control("POST", "/balance_transactions/{id}/alter")
def alter_movement(command: Command) -> Json:
    """Write another ``amount`` into an entry of the balance, with no event: Stripe never does it.

    For programs that compare the balance with their own books. Returns the entry.
    """
    given = command.read(amount=int)
    if "amount" not in given:
        raise ControlError("amount is missing")
    with command.sandbox.store.transaction():
        books, entry = find(command, "balance_transaction")
        amount = given["amount"]
        return books.save({**entry, "amount": amount, "net": amount - entry["fee"]})


@control("GET", "/deliveries")
def list_deliveries(command: Command) -> Json:
    """Return every webhook delivery with its attempts, oldest first."""
    rows = command.sandbox.store.rows("select * from deliveries order by id")
    names = ("id", "event", "event_type", "endpoint", "status", "due")
    return {
        "deliveries": [
            {**{name: row[name] for name in names}, "attempts": json.loads(row["attempts"])}
            for row in rows
        ]
    }


@control("POST", "/deliveries/release")
def release_deliveries(command: Command) -> Json:
    """Let held webhooks go, in the order they were made or, with ``reverse``, the other way."""
    given = command.read(reverse=bool)
    webhooks.route_new(command.sandbox)
    released = webhooks.release(command.sandbox, reverse=given.get("reverse", False))
    return {"released": released}
