"""The owners are told by e-mail what cannot wait: once each, with what to do and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from core.models import Letter, Tenant, User
from core.operations.alarms import Alarm, tell_owners
from core.operations.letters import send_letter
from core.tenancy import scope
from payments.models import Dispute, FraudAlarm, FraudRule, Payment, PaymentLink
from payments.operations.alarms import raise_alarm
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
DISPUTED = "4000000000000259"
WORDS = Alarm(
    title="It burns", happened="Fire.", money="None is lost.", todo="Put it out.", path="/fire/"
)


def letters(tenant: Tenant) -> list[Letter]:
    with scope(tenant.pk):
        return list(Letter.objects.filter(kind="alarm").order_by("created_at", "id"))


def paid(customer: Customer, new_link: NewLink, now: datetime, **how: str) -> Payment:
    checkout = customer.open(new_link())
    customer.pay(checkout, name="Eva Smit", email="eva@example.com", **how)
    customer.hear(now - timedelta(minutes=5))
    payment: Payment = customer.payment(checkout)
    return payment


def tell(tenant: Tenant, once: str = "fire") -> int:
    with scope(tenant.pk):
        return tell_owners(WORDS, subject_id=tenant.pk, once=once, now=timezone.now())


def test_each_active_admin_is_told_once_and_nobody_else(
    tenant: Tenant, admin: User, counselor: User, other_tenant: Tenant
) -> None:
    gone = User.objects.create_user("gone@amber.example", tenant=tenant, role="admin")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.create_user("boss@bitter.example", tenant=other_tenant, role="admin")

    first, again, other = tell(tenant), tell(tenant), tell(tenant, once="flood")

    assert (first, again, other) == (1, 0, 1)
    assert [letter.to for letter in letters(tenant)] == [admin.email, admin.email]
    assert letters(other_tenant) == []


def test_letter_says_what_happened_what_of_the_money_what_to_do_and_where(
    tenant: Tenant, admin: User
) -> None:
    tell(tenant)
    [letter] = letters(tenant)

    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=timezone.now())

    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([admin.email], f"{tenant.name}: It burns")
    assert sent.body == (
        "What happened\nFire.\n\nWhat it means for the money\nNone is lost.\n\n"
        "What to do\nPut it out.\n\n"
        f"Open it: {settings.PUBLIC_URL}/fire/\n\n"
        f"You get this as an admin of {tenant.name}. You can turn these e-mails off in the"
        f" settings: {settings.PUBLIC_URL}/settings/\n"
    )


def test_company_that_turned_them_off_is_not_written_to(tenant: Tenant, admin: User) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sends_alarms=False)

    written = tell(tenant)

    assert (written, letters(tenant)) == (0, [])


def test_dispute_is_told_once_with_its_last_day_and_without_the_payer(
    customer: Customer, new_link: NewLink, admin: User, now: datetime
) -> None:
    payment = paid(customer, new_link, now, card=DISPUTED)
    customer.hear(now - timedelta(minutes=5))

    [letter] = letters(customer.tenant)

    with scope(customer.tenant.pk):
        dispute = Dispute.objects.get()
    assert dispute.answer_by is not None
    last = f"{dispute.answer_by.astimezone(customer.tenant.zone):%d %B %Y}"
    assert letter.title == "Amber Ales: A dispute about €125.00"
    assert f"Give evidence before {last}" in letter.text
    assert settings.PUBLIC_URL + reverse("payment", args=[payment.pk]) in letter.text
    assert ("Eva" in letter.text, "eva@example" in letter.text) == (False, False)


def test_early_warning_is_told_once(
    customer: Customer, new_link: NewLink, admin: User, now: datetime
) -> None:
    payment = paid(customer, new_link, now)
    path = f"charges/{payment.stripe_charge_id}/early_fraud_warning"
    customer.sandbox.control("POST", path, fraud_type="card_never_received")

    customer.hear(now - timedelta(minutes=5))
    customer.hear(now - timedelta(minutes=5))

    [letter] = letters(customer.tenant)
    assert letter.title == "Amber Ales: Early fraud warning about €125.00"
    assert "may be fraud (card never received)" in letter.text


def test_paused_link_is_told_once_an_alarm_and_anew_for_the_next(
    tenant: Tenant, new_link: NewLink, admin: User, now: datetime
) -> None:
    link = new_link(title="Deposit")
    with scope(tenant.pk):
        rule = FraudRule.objects.create(
            tenant=tenant, name="Too many declines", counts="declines", by="link", most=1,
            step="pause",
        )  # fmt: skip
        raise_alarm(rule=rule, link_id=link.pk, reason="5 declined cards.", now=now)
        raise_alarm(rule=rule, link_id=link.pk, reason="6 declined cards.", now=now)
        before = Letter.objects.count()
        FraudAlarm.objects.update(ended_at=now)
        raise_alarm(rule=rule, link_id=link.pk, reason="7 declined cards.", now=now)

    told = letters(tenant)
    assert (before, len(told)) == (1, 2)
    assert {one.title for one in told} == {"Amber Ales: A link is paused: Too many declines"}
    words = "Somebody seems to try cards on the link “Deposit”."
    assert sorted(one.text.splitlines()[1] for one in told) == [
        f"{words} 5 declined cards.", f"{words} 7 declined cards.",
    ]  # fmt: skip
