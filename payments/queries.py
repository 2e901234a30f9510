"""Reads of payments that pages, the admin and the API share. All of them run in scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum

from core.currencies import CURRENCIES
from core.models import Letter, Tenant
from core.models.by_hand import ByHand, fetch_one
from core.money import AmountInvalid, Money
from core.periods import start_of_day
from payments.models import (
    Checkout,
    LinkTemplate,
    LinkVersion,
    Payment,
    PaymentLink,
    Receipt,
    Refund,
    StripeEvent,
)

# An event that could not be processed so often waits for a person; before, it is just late.
STUCK_AFTER_ATTEMPTS = 5
MOST_LETTERS = 100
EXPIRES_SOON = timedelta(days=3)
EXPIRING = "expiring"

NEEDS_DECISION = Q(state=Payment.State.SUCCEEDED, decision="") & ~Q(
    standing=Payment.Standing.EXPECTED
)


# --- the public page ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A link as its public page shows it: what can be paid, and how far this visitor has come.

    `is_on_its_way`: the one payment the link takes is a bank debit that has not settled.
    `is_full`: every place is taken, and none of them by a checkout this visitor could use; the
    first may come back `free_at`, if that is known. `unclaimed_minor`: what this visitor could
    pay of a link that is paid in parts.
    """

    link: PaymentLink
    has_account: bool
    is_on_its_way: bool = False
    is_full: bool = False
    unclaimed_minor: int = 0
    free_at: datetime | None = None
    last_try: Checkout | None = None


def counter_of(
    link_id: UUID, *, tenant: Tenant, visitor_hash: str, now: datetime
) -> Counter | None:
    """Return what the public page of a link shows to a visitor at `now`; None if it is gone.

    `tenant` is the one in scope; `visitor_hash` is empty for a browser that was never here.
    """
    link, has_account = _link_and_account(link_id)
    if link is None:
        return None
    link = _as_paid(link, now)
    link.tenant = tenant
    is_full = link.is_full
    own = _usable_tries(link, visitor_hash, now) if is_full or link.is_in_parts else []
    return Counter(
        link=link,
        has_account=has_account,
        is_on_its_way=is_full
        and link.max_payments == 1
        and link.checkouts.filter(state=Checkout.State.PROCESSING).exists(),
        is_full=is_full and not own,
        unclaimed_minor=link.unclaimed_minor + sum(checkout.amount_minor for checkout in own),
        free_at=_first_end(link, now) if is_full else None,
        last_try=_tries_of(visitor_hash, link.checkouts.all()).first() if visitor_hash else None,
    )


def _as_paid(link: PaymentLink, now: datetime) -> PaymentLink:
    """Return a link that is done as it was paid: later edits are nothing to its payer."""
    is_done = link.terms_version > 1 and link.status_at(now) in PaymentLink.DONE
    paid = link.payments.filter(state=Payment.State.SUCCEEDED) if is_done else None
    last = paid and paid.select_related("checkout__link_version").order_by("-paid_at").first()
    return _as_it_was(link, last.checkout.link_version) if last else link


def _link_and_account(link_id: UUID) -> tuple[PaymentLink | None, bool]:
    """Return a link, and whether there is an account that its money could go to.

    By hand, since this page is looked at more than any other.
    """
    found = fetch_one(
        f"SELECT {_LINK.columns('link')}, EXISTS (SELECT FROM payments_stripeaccount)"  # noqa: S608 - ours
        " FROM payments_paymentlink link WHERE link.id = %s",
        [link_id],
    )
    return (_LINK.row(found), bool(_LINK.rest(found)[0])) if found else (None, False)


_LINK = ByHand(PaymentLink)


def _usable_tries(link: PaymentLink, visitor_hash: str, now: datetime) -> list[Checkout]:
    """Return the open checkouts this visitor may use; a link for one has one for all."""
    tries = _open_tries(link)
    own = tries if link.max_payments == 1 else _tries_of(visitor_hash, tries)
    return [checkout for checkout in own if checkout.can_be_used_at(now)]


def _open_tries(link: PaymentLink) -> QuerySet[Checkout]:
    return link.checkouts.filter(state__in=[Checkout.State.CREATED, Checkout.State.OPEN])


def _tries_of(visitor_hash: str, tries: QuerySet[Checkout]) -> QuerySet[Checkout]:
    """Return a visitor's tries; checkouts made without one keep no hash and are nobody's."""
    return tries.filter(visitor_hash=visitor_hash) if visitor_hash else tries.none()


def _first_end(link: PaymentLink, now: datetime) -> datetime | None:
    ends = _open_tries(link).filter(session_expires_at__gt=now)
    first: datetime | None = ends.aggregate(first=Min("session_expires_at"))["first"]
    return first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one checkout, for the customer who comes back from Stripe's page.

    `link` says what it said when the checkout was made; None for other kinds of checkouts.
    """

    checkout: Checkout
    payment: Payment | None
    link: PaymentLink | None = None

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of money that came."""
        return Receipt.objects.filter(payment=self.payment).first() if self.payment else None


def outcome_of(link: PaymentLink, *, session_id: str) -> Outcome | None:
    """Return the outcome of a session of this link; None when it is of another link or unknown."""
    # Stripe's ids are plain; what else stands in the address is nothing that PostgreSQL could take.
    is_id = session_id.isascii() and session_id.isprintable() and session_id != ""
    tries = link.checkouts.select_related("link_version")
    checkout = tries.filter(stripe_session_id=session_id).first() if is_id else None
    if checkout is None:
        return None
    payment = Payment.objects.filter(checkout=checkout).first()
    return Outcome(checkout=checkout, payment=payment, link=_as_it_was(link, checkout.link_version))


def _as_it_was(link: PaymentLink, version: LinkVersion | None) -> PaymentLink:
    """Return a link as it said in one of its versions; there was only one before versions."""
    if version is None or version.number == link.terms_version:
        return link
    version.link = link
    return version.as_link()


# --- what was paid for one row ------------------------------------------------------------------


def checkouts_for(subjects: Iterable[tuple[str, UUID]]) -> QuerySet[Checkout]:
    """Return the checkouts of rows given by kind and id, newest first."""
    wanted = Q()
    by_kind: dict[str, list[UUID]] = {}
    for kind, pk in subjects:
        by_kind.setdefault(kind, []).append(pk)
    for kind, ids in by_kind.items():
        wanted |= Q(kind=kind, subject_id__in=ids)
    return Checkout.objects.filter(wanted) if by_kind else Checkout.objects.none()


def receipt_of(payment: Payment) -> tuple[Receipt | None, QuerySet[Letter]]:
    """Return a payment's receipt and the letters by which it was sent, newest first."""
    letters = Letter.objects.filter(kind="receipt", subject_id=payment.pk)
    return Receipt.objects.filter(payment=payment).first(), letters[:MOST_LETTERS]


def letters_of(link: PaymentLink) -> dict[str, Any]:
    """Return what was sent of a link, newest first, and to whom, for its page."""
    rows = Letter.objects.filter(kind__startswith="link_", subject_id=link.pk)
    recipients = link.recipients.all()[:MOST_LETTERS]
    return {
        "letters": rows.select_related("sent_by")[:MOST_LETTERS],
        "recipients": recipients,
    }


# --- lists -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFilter:
    """What the list of links is narrowed to; empty values narrow nothing.

    `status` is one of PaymentLink.Status, or EXPIRING.
    """

    status: str = ""
    currency: str = ""
    text: str = ""


def links(chosen: LinkFilter, *, now: datetime) -> QuerySet[PaymentLink]:
    """Return links, newest first; `text` is looked for in title and reference."""
    rows: QuerySet[PaymentLink] = PaymentLink.objects.all()
    if chosen.status == EXPIRING:
        rows = links_expiring_soon(now)
    elif chosen.status:
        rows = PaymentLink.objects.with_status(chosen.status, now)
    if chosen.currency:
        rows = rows.filter(currency=chosen.currency)
    if chosen.text:
        rows = rows.filter(Q(title__icontains=chosen.text) | Q(reference__icontains=chosen.text))
    return rows.order_by("-created_at", "-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What the list of payments is narrowed to; days are the tenant's, both included."""

    state: str = ""
    standing: str = ""
    method: str = ""
    currency: str = ""
    first_day: date | None = None
    last_day: date | None = None


def payments(chosen: PaymentFilter, *, zone: ZoneInfo) -> QuerySet[Payment]:
    """Return payments with their checkout and link, newest first; days cut `created_at`."""
    exact = {
        "state": chosen.state,
        "standing": chosen.standing,
        "method": chosen.method,
        "currency": chosen.currency,
    }
    rows = Payment.objects.filter(**{name: value for name, value in exact.items() if value})
    if chosen.first_day:
        rows = rows.filter(created_at__gte=start_of_day(chosen.first_day, zone))
    if chosen.last_day:
        rows = rows.filter(created_at__lt=start_of_day(chosen.last_day + timedelta(days=1), zone))
    return rows.select_related("checkout", "link").order_by("-created_at", "-id")


def methods_seen() -> list[str]:
    """Return the payment methods that occur, for the choice in the list's filter."""
    rows = Payment.objects.exclude(method="").order_by("method").distinct()
    return list(rows.values_list("method", flat=True))


def currencies_of_links() -> list[str]:
    """Return the currencies that links are in."""
    rows = PaymentLink.objects.order_by("currency").distinct()
    return list(rows.values_list("currency", flat=True))


def currencies_of_payments() -> list[str]:
    """Return the currencies that payments came in."""
    rows = Payment.objects.order_by("currency").distinct()
    return list(rows.values_list("currency", flat=True))


# --- one row -----------------------------------------------------------------------------------


def payments_of(link: PaymentLink) -> QuerySet[Payment]:
    """Return the payments of a link, newest first."""
    rows = Payment.objects.filter(link=link).select_related("checkout__link_version")
    return rows.order_by("-created_at")


def payments_sheet(link: PaymentLink) -> tuple[list[str], list[list[object]]]:
    """Return a link's payments as a sheet: the names of its columns, and a row for each payment.

    Questions are columns by their key; one that was asked in an old version only has one too.
    """
    payments = list(payments_of(link))
    asked = {
        answer["key"]: answer["label"]
        for payment in reversed(payments)
        for answer in payment.checkout.answers
    }
    header = [
        "payment", "state", "standing", "amount", "currency", "paid_at", "name", "email",
        "link_version", "items", *asked.values(), "agreed_at", "agreed_to",
    ]  # fmt: skip
    return header, [_sheet_row(payment, list(asked)) for payment in payments]


def _sheet_row(payment: Payment, asked: list[str]) -> list[object]:
    checkout = payment.checkout
    answers = {answer["key"]: answer["value"] for answer in checkout.answers}
    consent = checkout.consent or {}
    return [
        payment.pk,
        payment.state,
        payment.standing,
        payment.amount.decimal(),
        payment.currency,
        payment.paid_at.isoformat() if payment.paid_at else "",
        payment.payer.get("name", ""),
        payment.payer.get("email", ""),
        checkout.link_version.number if checkout.link_version else "",
        "; ".join(f"{line['quantity']} x {line['name']}" for line in checkout.items),
        *(answers.get(key, "") for key in asked),
        consent.get("at", ""),
        consent.get("text", ""),
    ]


def has_payments(link: PaymentLink) -> bool:
    """Return whether somebody has paid the link or a payment is on its way."""
    return link.payments.exclude(state=Payment.State.FAILED).exists()


def versions_of(link: PaymentLink) -> QuerySet[LinkVersion]:
    """Return the versions of a link, newest first, with who made them."""
    return link.versions.select_related("made_by", "link")


def link_like(template: LinkTemplate) -> PaymentLink:
    """Return a link that is not stored and says what a template says."""
    link = PaymentLink(tenant_id=template.tenant_id, amount_minor=1, version=0)
    for name, value in template.terms.items():
        setattr(link, name, value)
    return link


def left_to_refund(payment: Payment) -> Money:
    """Return what is left of a payment after all refunds that have not failed."""
    if payment.state != Payment.State.SUCCEEDED:
        return Money.zero(payment.currency)
    rows = payment.refunds.exclude(state=Refund.State.FAILED)
    asked = int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)
    return payment.amount - Money(asked, payment.currency)


# --- search ------------------------------------------------------------------------------------


def find_links(text: str) -> QuerySet[PaymentLink]:
    """Return links whose title or reference holds the text, or whose amount it is."""
    found = Q(title__icontains=text) | Q(reference__icontains=text) | _has_amount(text)
    return PaymentLink.objects.filter(found).order_by("-created_at", "-id")


def _has_amount(text: str) -> Q:
    """Match an amount in major units, in whichever currency; nothing if the text is no number."""
    matching = Q(pk__in=[])
    for exponent in {currency.exponent for currency in CURRENCIES.values()}:
        codes = [code for code, unit in CURRENCIES.items() if unit.exponent == exponent]
        try:
            minor = Money.parse(text, codes[0]).minor
        except AmountInvalid:
            continue
        matching |= Q(amount_minor=minor, currency__in=codes)
    return matching


def find_payments(text: str) -> QuerySet[Payment]:
    """Return the payment of an id: ours, or Stripe's of its payment intent, charge or session.

    Payers cannot be searched: their names and addresses lie encrypted.
    """
    rows = Payment.objects.select_related("checkout").order_by("-created_at", "-id")
    try:
        return rows.filter(pk=UUID(text))
    except ValueError:
        pass
    return rows.filter(
        Q(stripe_payment_intent_id=text)
        | Q(stripe_charge_id=text)
        | Q(checkout__stripe_session_id=text)
    )


# --- worklists ---------------------------------------------------------------------------------


def payments_to_decide() -> QuerySet[Payment]:
    """Return late, surplus and mismatched payments nobody has decided about, oldest first."""
    rows = Payment.objects.filter(NEEDS_DECISION).select_related("checkout", "link")
    return rows.order_by("created_at", "id")


def failed_refunds() -> QuerySet[Refund]:
    """Return refunds that failed and were neither asked for again nor settled, oldest first."""
    again = Refund.objects.filter(
        payment=OuterRef("payment"), created_at__gt=OuterRef("created_at")
    ).exclude(state=Refund.State.FAILED)
    rows = Refund.objects.filter(~Exists(again), state=Refund.State.FAILED, settled_at=None)
    return rows.select_related("payment__checkout", "payment__link").order_by("created_at", "id")


def stuck_events() -> QuerySet[StripeEvent]:
    """Return events that have been tried in vain several times, oldest first."""
    rows = StripeEvent.objects.filter(
        processed_at=None, attempts__gte=STUCK_AFTER_ATTEMPTS, last_error__gt=""
    )
    return rows.defer("payload").order_by("created_at", "id")


def links_expiring_soon(now: datetime) -> QuerySet[PaymentLink]:
    """Return active links that end within EXPIRES_SOON and that nobody has paid."""
    rows = PaymentLink.objects.with_status(PaymentLink.Status.ACTIVE, now)
    return rows.filter(paid_count=0, expires_at__gt=now, expires_at__lte=now + EXPIRES_SOON)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistCounts:
    """How much waits in each part of the worklist."""

    to_decide: int
    failed_refunds: int
    stuck_events: int


def worklist_counts() -> WorklistCounts:
    """Count what waits for a person."""
    return WorklistCounts(
        to_decide=payments_to_decide().count(),
        failed_refunds=failed_refunds().count(),
        stuck_events=stuck_events().count(),
    )
