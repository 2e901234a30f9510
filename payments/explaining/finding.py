"""Find tries to pay by an id of ours or of Stripe's, a link, or a payer's e-mail. In scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Q, QuerySet

from core.models import Entry
from core.tenancy import current
from payments.models import Checkout, Payment, PaymentLink, StripeEvent

MOST = 50
_PAYER_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Match:
    """A link that nobody has tried to pay yet, or one try to pay."""

    link: PaymentLink | None
    checkout: Checkout | None


def find(text: str) -> list[Match]:
    """Return what a text names, newest first, 50 at most; nothing if it is unknown here.

    The text: an id of a payment, try, link or refund, or of what was to be paid; Stripe's id of a
    session, payment intent, charge, refund, event or dispute; the address of a link; an e-mail.
    """
    text = text.strip()
    if not text or "\0" in text or len(text) > 2000:
        return []
    if "/" in text:
        return _of_links(_link_at(text))
    if "@" in text:
        return [Match(found.link, found) for found in _paid_by(text.casefold())]
    try:
        return _of_our_id(UUID(text))
    except ValueError:
        return [Match(found.link, found) for found in _of_stripes_id(text)]


def _tries() -> QuerySet[Checkout]:
    return Checkout.objects.select_related("link", "account").order_by("-created_at", "-id")


def _of_our_id(pk: UUID) -> list[Match]:
    named = Q(pk=pk) | Q(subject_id=pk) | Q(payments=pk) | Q(payments__refunds=pk)
    tries = [Match(found.link, found) for found in _tries().filter(named).distinct()[:MOST]]
    return tries or _of_links(PaymentLink.objects.filter(pk=pk))


def _of_links(links: QuerySet[PaymentLink]) -> list[Match]:
    """Return all tries to pay some links, or a link itself that was never tried."""
    matches: list[Match] = []
    for link in links:
        tries = _tries().filter(link=link)[:MOST]
        matches += [Match(link, found) for found in tries] or [Match(link, None)]
    return matches[:MOST]


def _link_at(address: str) -> QuerySet[PaymentLink]:
    """Return the link at a public address, if it is one of the company in scope."""
    parts = [part for part in urlsplit(address).path.split("/") if part]
    token = parts[parts.index("pay") + 1] if "pay" in parts[:-1] else ""
    entry = Entry.find(Entry.Kind.PAYMENT_LINK, token) if token else None
    if entry is None or entry.tenant_id != current().tenant_id:
        return PaymentLink.objects.none()
    return PaymentLink.objects.filter(pk=entry.target_id)


def _of_stripes_id(text: str) -> list[Checkout]:
    if not text.isascii() or not text.isprintable():
        return []
    if text.startswith("evt_"):
        event = StripeEvent.objects.filter(stripe_event_id=text).first()
        return _of_things(things_of(event)) if event else []
    found = _of_things({text})
    if found:
        return found
    events = StripeEvent.objects.filter(object_id=text)[:MOST]  # a dispute, for example
    return _of_things(set().union(*map(things_of, events)) - {text})


def _of_things(names: set[str]) -> list[Checkout]:
    if not names:
        return []
    named = (
        Q(stripe_session_id__in=names)
        | Q(stripe_payment_intent_id__in=names)
        | Q(payments__stripe_charge_id__in=names)
        | Q(payments__refunds__stripe_refund_id__in=names)
    )
    return list(_tries().filter(named).distinct()[:MOST])


def things_of(event: StripeEvent) -> set[str]:
    """Return the ids of Stripe's that an event is about: the object, its intent, its charge."""
    payload = event.payload if isinstance(event.payload, dict) else {}
    thing = (payload.get("data") or {}).get("object") or {}
    near = (thing.get(name) for name in ("id", "payment_intent", "charge", "latest_charge"))
    return {name for name in near if isinstance(name, str) and name} | (
        {event.object_id} if event.object_id else set()
    )


def _paid_by(email: str) -> list[Checkout]:
    """Read all payers: their addresses lie encrypted, so that no index can find them."""
    return [
        payment.checkout
        for payment in _payments()
        if str((payment.payer or {}).get("email") or "").casefold() == email
    ][:MOST]


def _payments() -> Iterator[Payment]:
    rows = Payment.objects.select_related("checkout__link", "checkout__account")
    return rows.order_by("-created_at", "-id").iterator(chunk_size=_PAYER_CHUNK)
