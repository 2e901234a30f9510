"""What payments know of a person: what they tried, paid, were given back, and disputed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import QuerySet
from django.urls import reverse

from core.backoffice.timelines import Happening, Person
from payments import queries
from payments.backoffice.stories import (
    story_of_checkout,
    story_of_dispute,
    story_of_money,
    story_of_refund,
    story_of_warning,
)
from payments.kinds import LINK
from payments.marks import email_form, every_mark
from payments.models import By, CardTry, Checkout, Dispute, EarlyWarning, Payment, Refund

PAYMENT = "payment"
MOST = 200


def payer_of(payment: Payment) -> Person:
    """Return who paid: by the e-mail given to Stripe, and by what it was paid for.

    A link is paid by many, so that it says nothing of one of them.
    """
    checkout = payment.checkout
    subjects = [(PAYMENT, payment.pk)]
    if checkout.kind != LINK.name:
        subjects.append((checkout.kind, checkout.subject_id))
    return Person.known_by((payment.payer or {}).get("email"), *subjects)


def story_of_person(person: Person) -> Iterable[Happening]:
    """Tell what a person tried, paid, was given back and disputed; seven queries."""
    checkouts = list(checkouts_of(person)[:MOST])
    for checkout in checkouts:
        yield _titled(story_of_checkout(checkout), checkout.title)
    payments = Payment.objects.filter(checkout__in=checkouts)
    for payment in payments.select_related("checkout", "decided_by"):
        for one in story_of_money(payment, link=_page_of(payment)):
            yield _titled(one, payment.checkout.title)
    refunds = Refund.objects.filter(payment__checkout__in=checkouts)
    for refund in refunds.select_related("requested_by", "payment"):
        yield story_of_refund(refund, link=_page_of(refund.payment))
    ids = [checkout.pk for checkout in checkouts]
    warnings = EarlyWarning.objects.filter(payment__checkout__in=ids)
    for warning in warnings.select_related("decided_by"):
        yield from story_of_warning(warning)
    disputes = Dispute.objects.filter(payment__checkout__in=ids)
    for dispute in disputes.prefetch_related("answers__asked_by"):
        yield from story_of_dispute(dispute)


def checkouts_of(person: Person) -> QuerySet[Checkout]:
    """Return what a person tried to pay, newest first: known by row, by payment and by e-mail."""
    marks = [one for email in person.emails for one in every_mark(By.EMAIL, email_form(email))]
    tries = CardTry.objects.filter(email_mark__in=marks).exclude(email_mark="").order_by("-made_at")
    known = [
        *tries.values_list("checkout", flat=True)[:MOST],
        *Payment.objects.filter(pk__in=person.ids(PAYMENT)).values_list("checkout", flat=True),
    ]
    return queries.checkouts_for(person.subjects) | Checkout.objects.filter(pk__in=known)


def _titled(one: Happening, title: str) -> Happening:
    return replace(one, detail=one.detail or title)


def _page_of(payment: Payment) -> str:
    return reverse("payment", args=[payment.pk])
