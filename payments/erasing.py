"""Payments' part of erasing a customer: the payer goes, the money stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Q

from core.models import Letter
from core.operations.blotting import Texts
from core.operations.erasure import Erased, Part, Subject, register
from payments.backoffice.redact import without_payer
from payments.marks import every_mark
from payments.models import (
    CardTry,
    Checkout,
    Dispute,
    DisputeAnswer,
    FraudDecision,
    LinkRecipient,
    LinkVersion,
    Payment,
    PaymentLink,
    StripeEvent,
)

_BATCH = 500


def find(name: str) -> Iterable[str]:
    """Yield the e-mail of the payment that an id leads to, and the payments of an e-mail."""
    if "@" in name:
        return [str(payment.pk) for payment in _paid_by(name)]
    by_stripe = Q(stripe_payment_intent_id=name) | Q(stripe_charge_id=name)
    rows = Payment.objects.filter(by_stripe | Q(checkout__stripe_session_id=name) | _by_id(name))
    return [str(row.payer["email"]) for row in rows if row.payer.get("email")]


def _by_id(name: str) -> Q:
    try:
        return Q(pk=UUID(name))
    except ValueError:
        return Q(pk__in=[])


def _paid_by(email: str) -> list[Payment]:
    """Return the payments of an e-mail: it lies encrypted, so that all are looked through."""
    rows = Payment.objects.only("payer").order_by().iterator(chunk_size=_BATCH)
    return [row for row in rows if str(row.payer.get("email", "")).casefold() == email]


def words(subject: Subject) -> Iterable[str]:
    """Yield the names that the person paid under, or was expected as."""
    for email in subject.emails:
        for payment in _paid_by(email):
            yield str(payment.payer.get("name") or "")
    for link in PaymentLink.objects.exclude(prefill=None).order_by().iterator(chunk_size=_BATCH):
        if link.customer_email.casefold() in subject.emails:
            yield link.customer_name


def erase(subject: Subject) -> Iterator[Erased]:
    """Take the payer out of payments, events, evidence and decisions."""
    found = [payment for email in subject.emails for payment in _paid_by(email)]
    ids = {payment.pk for payment in found} | {_id for one in subject.ids if (_id := _uuid(one))}
    payments = Payment.objects.filter(pk__in=ids).select_related("checkout")
    checkouts = {payment.checkout_id for payment in payments} | _tried_by(subject)
    stripe_ids = _stripe_ids(list(payments), checkouts)
    yield Erased("payments", sum(_clear(payment) for payment in payments))
    yield Erased("Stripe events", _blot_events(stripe_ids, subject.emails))
    answers = DisputeAnswer.objects.filter(dispute__payment__in=ids).exclude(state="asked")
    emptied = [one for one in answers if one.evidence]
    DisputeAnswer.objects.filter(pk__in=[one.pk for one in emptied]).update(evidence={})
    yield Erased("evidence of disputes", len(emptied))
    seen = [row for row in FraudDecision.objects.filter(checkout__in=checkouts) if row.address]
    FraudDecision.objects.filter(pk__in=[row.pk for row in seen]).update(address="")
    yield Erased("addresses of tries", len(seen))
    tries = CardTry.objects.filter(checkout__in=checkouts).exclude(card_mark="", email_mark="")
    yield Erased("cards that were tried", tries.update(card="", card_mark="", email_mark=""))
    yield Erased("answers on pay pages", _forget_answers(checkouts, subject.emails))
    yield Erased("customers of links", _forget_prefilled(subject.emails))
    yield Erased("recipients of links", _forget_recipients(subject.emails))
    yield Erased("letters", _empty_letters(subject.emails))
    if ids:
        note = "Stripe keeps its own copy: ask for it at Stripe, Dashboard, Privacy, Redaction"
        yield Erased("at Stripe", 0, f"{note} ({', '.join(sorted(stripe_ids)[:10])})")


def _forget_answers(checkouts: set[UUID], emails: frozenset[str]) -> int:
    """Take out what was answered and who was expected; items and consent belong to the money."""
    changed = 0
    for row in Checkout.objects.exclude(details=None).order_by().iterator(chunk_size=_BATCH):
        is_expected = str(row.expected_payer.get("email") or "").casefold() in emails
        if (row.pk in checkouts or is_expected) and (row.answers or row.expected_payer):
            row.answers, row.expected_payer = [], {}
            row.save(update_fields=["details"])
            changed += 1
    return changed


def _forget_prefilled(emails: frozenset[str]) -> int:
    """Take the expected customer out of links, and out of what they said before."""
    changed = 0
    for link in PaymentLink.objects.exclude(prefill=None).order_by().iterator(chunk_size=_BATCH):
        if link.customer_email.casefold() in emails:
            link.customer_name = link.customer_email = ""
            link.save(update_fields=["prefill"])
            changed += 1
    for version in LinkVersion.objects.order_by().iterator(chunk_size=_BATCH):
        if str(version.terms.get("customer_email") or "").casefold() in emails:
            version.terms = {**version.terms, "customer_name": "", "customer_email": ""}
            version.save(update_fields=["terms"])
            changed += 1
    return changed


def _forget_recipients(emails: frozenset[str]) -> int:
    """Take the address out of a link's recipients; nobody is written to any more."""
    hashes = [LinkRecipient.hash_email(email) for email in emails]
    found = list(LinkRecipient.objects.filter(email_hash__in=hashes))
    for row in found:
        row.email, row.email_hash, row.days_after, row.days_before = "", row.pk.hex, [], []
        row.save(update_fields=["email", "email_hash", "days_after", "days_before"])
    return len(found)


def _empty_letters(emails: frozenset[str]) -> int:
    """Empty letters to these addresses; one that waits is closed and never sent."""
    rows = Letter.objects.filter(envelope__isnull=False).order_by()
    found = [row.pk for row in rows.iterator(chunk_size=_BATCH) if row.to.casefold() in emails]
    letters = Letter.objects.filter(pk__in=found)
    letters.filter(state=Letter.State.WAITING).update(
        state=Letter.State.CLOSED, next_at=None, leased_until=None
    )
    return letters.update(envelope=None)


def _tried_by(subject: Subject) -> set[UUID]:
    """Return the checkouts on which these e-mails were typed, paid or not."""
    marks = [one for email in subject.emails for one in every_mark("email", email)]
    rows = CardTry.objects.filter(email_mark__in=marks)
    return set(rows.values_list("checkout_id", flat=True))


def _stripe_ids(payments: list[Payment], checkouts: set[UUID]) -> set[str]:
    tries = CardTry.objects.filter(checkout__in=checkouts)
    disputes = Dispute.objects.filter(payment__in=payments)
    found = {
        *(payment.stripe_payment_intent_id for payment in payments),
        *(payment.stripe_charge_id for payment in payments),
        *(payment.checkout.stripe_session_id for payment in payments),
        *tries.values_list("stripe_charge_id", flat=True),
        *tries.values_list("checkout__stripe_session_id", flat=True),
        *tries.values_list("checkout__stripe_payment_intent_id", flat=True),
        *disputes.values_list("stripe_dispute_id", flat=True),
    }
    return {one for one in found if one}


def _clear(payment: Payment) -> int:
    if not payment.payer:
        return 0
    payment.payer = {}
    payment.save(update_fields=["payer"])
    return 1


def _blot_events(stripe_ids: set[str], emails: frozenset[str]) -> int:
    """Blot the person out of events about these objects, and of any that name the e-mail."""
    changed = 0
    for event in StripeEvent.objects.order_by().iterator(chunk_size=_BATCH):
        is_theirs = event.object_id in stripe_ids or _names(event.payload, emails)
        blotted = without_payer(event.payload) if is_theirs else event.payload
        if blotted != event.payload:
            event.payload = blotted
            event.save(update_fields=["payload"])
            changed += 1
    return changed


def _names(value: object, emails: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return any(_names(inner, emails) for inner in value.values())
    if isinstance(value, list):
        return any(_names(inner, emails) for inner in value)
    return isinstance(value, str) and value.casefold() in emails


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


register(
    Part(
        name="payments",
        find=find,
        erase=erase,
        tables=(
            "payments.Payment", "payments.StripeEvent", "payments.DisputeAnswer",
            "payments.FraudDecision", "payments.CardTry", "payments.LinkRecipient", "core.Letter",
            "payments.Checkout", "payments.LinkVersion", "payments.PaymentLink",
        ),
        words=words,
        texts=(
            Texts("payments.Checkout", ("title",), "payments"),
            Texts("payments.DisputeAnswer", ("last_error",), "dispute__payment"),
            Texts("payments.FraudAlarm", ("reason",)),
            Texts("payments.LinkImport", ("file_name",)),
            Texts("payments.LinkTemplate", ("terms",)),
            Texts("payments.LinkVersion", ("terms",), "link__payments"),
            Texts("payments.Payment", ("decline_message",), "pk"),
            Texts("payments.PaymentLink", ("title", "description", "reference"), "payments"),
            Texts("payments.Refund", ("reason", "last_error", "settled_note"), "payment"),
        ),
    )
)  # fmt: skip
