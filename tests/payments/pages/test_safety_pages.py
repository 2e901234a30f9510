"""What the owner sees of fraud, disputes and warnings, and does about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry, Tenant, User
from core.tenancy import scope
from payments.models import (
    Dispute,
    EarlyWarning,
    FraudAlarm,
    FraudRule,
    ListedParty,
    Payment,
    PaymentLink,
)
from payments.operations.alarms import raise_alarm
from payments.operations.fraud_rules import rules_in_force
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
LogIn = Callable[[User], Client]


@pytest.fixture
def office(admin: User, log_in: LogIn) -> Client:
    return log_in(admin)


@pytest.fixture
def link(new_link: NewLink) -> PaymentLink:
    return new_link(max_payments=None)


def pause(tenant: Tenant, link: PaymentLink) -> FraudAlarm:
    with scope(tenant.pk):
        [rule] = [one for one in rules_in_force() if one.step == "pause"]
        raise_alarm(rule=rule, link_id=link.pk, reason="Cards are tried", now=timezone.now())
        return FraudAlarm.objects.get()


def paid(customer: Customer, link: PaymentLink, now: datetime, **how: str) -> Payment:
    checkout = customer.open(link)
    customer.pay(checkout, **how)
    customer.hear(now - timedelta(minutes=5))
    found: Payment = customer.payment(checkout)
    return found


def test_safety_page_shows_rules_lists_and_alarms(
    office: Client, tenant: Tenant, link: PaymentLink
) -> None:
    pause(tenant, link)

    page = office.get(reverse("safety"))

    assert page.status_code == 200
    assert heading(page) == "Fraud and safety"
    said = words(page)
    assert "Paused: stolen cards are being tried: Deposit" in said
    assert "Many tries from one address" in said
    assert "Nobody is listed." in said


def test_rule_is_changed_on_the_page(office: Client, tenant: Tenant) -> None:
    office.get(reverse("safety"))
    with scope(tenant.pk):
        rule = FraudRule.objects.get(counts="tries", by="address")
    url, name = reverse("fraud_rule", args=[rule.pk]), f"rule-{rule.pk}"

    done = office.post(url, {f"{name}-most": "7", f"{name}-minutes": "1.5"})
    wrong = office.post(url, {f"{name}-most": "-1", f"{name}-minutes": "\0"}, follow=True)

    with scope(tenant.pk):
        rule.refresh_from_db()
    assert done.status_code == 302
    assert (rule.most, rule.window_seconds, rule.is_on) == (7, 90, False)
    assert "was not changed" in words(wrong)


def test_party_is_listed_and_taken_off_on_the_page(office: Client, tenant: Tenant) -> None:
    form = {"kind": "block", "by": "address", "value": "192.0.2.0/24", "note": "Bots"}

    listed = office.post(reverse("fraud_list"), form)
    wrong = office.post(reverse("fraud_list"), {**form, "value": "nowhere"})
    with scope(tenant.pk):
        [party] = ListedParty.objects.all()
    office.post(reverse("fraud_unlist", args=[party.pk]))

    assert listed.status_code == 302
    assert (party.value, party.kind) == ("192.0.2.0/24", "block")
    assert wrong.status_code == 400
    assert "An address such as 192.0.2.7" in words(wrong)
    with scope(tenant.pk):
        assert not ListedParty.objects.exists()


def test_paused_link_says_so_and_is_opened_again(
    office: Client, customer: Customer, link: PaymentLink, phone: Client
) -> None:
    alarm = pause(customer.tenant, link)

    refused = phone.post(reverse("pay", args=[link.token]))
    page = office.get(reverse("link", args=[link.pk]))
    office.post(reverse("fraud_alarm_end", args=[alarm.pk]))
    opened = phone.post(reverse("pay", args=[link.token]))

    assert refused.status_code == 503
    assert "This link is paused for safety." in words(refused)
    assert "Open the link again" in words(page)
    assert opened.status_code == 303


def test_payment_page_shows_cards_and_decisions_and_keeps_who_saw_it(
    office: Client, customer: Customer, link: PaymentLink, phone: Client, admin: User
) -> None:
    now = timezone.now()
    phone.post(reverse("pay", args=[link.token]))
    with scope(customer.tenant.pk):
        checkout = link.checkouts.get()
    customer.pay(checkout)
    customer.hear(now - timedelta(minutes=5))

    page = office.get(reverse("payment", args=[customer.payment(checkout).pk]))

    said = words(page)
    assert "Let through : No rule was broken" in said or "Let through: No rule was broken" in said
    assert "normal" in said
    with scope(customer.tenant.pk):
        [entry] = AuditEntry.objects.all()
    assert (entry.verb, entry.who, entry.object_type) == ("saw", str(admin), "payments.Payment")


def test_warning_is_refunded_from_the_worklist(
    office: Client, customer: Customer, link: PaymentLink, now: datetime
) -> None:
    payment = paid(customer, link, now)
    path = f"charges/{payment.stripe_charge_id}/early_fraud_warning"
    customer.sandbox.control("POST", path, fraud_type="misc")
    customer.hear(now - timedelta(minutes=5))
    with scope(customer.tenant.pk):
        warning = EarlyWarning.objects.get()

    before = words(office.get(reverse("payments_worklist")))
    done = office.post(reverse("warning_refund", args=[warning.pk]), follow=True)
    again = office.post(reverse("warning_refund", args=[warning.pk]), follow=True)

    assert "Early fraud warning: misc" in before
    assert "The money is on its way back to the customer." in words(done)
    assert "Nothing was changed." in words(again)
    with scope(customer.tenant.pk):
        assert payment.refunds.count() == 1


def test_dispute_is_answered_on_its_page(
    office: Client, customer: Customer, link: PaymentLink, now: datetime
) -> None:
    paid(customer, link, now, card="4000000000000259")
    with scope(customer.tenant.pk):
        dispute = Dispute.objects.get()
    url = reverse("dispute", args=[dispute.pk])

    page = office.get(url)
    done = office.post(f"{url}submit/", {"explanation": "They got it."}, follow=True)
    again = office.post(f"{url}accept/", follow=True)

    assert "Answer it" in words(page)
    assert "The evidence is being sent." in words(done)
    assert "Nothing was changed." in words(again)
    with scope(customer.tenant.pk):
        [answer] = dispute.answers.all()
    assert answer.evidence["uncategorized_text"].startswith("OUR EXPLANATION\nThey got it.")


def test_counselors_and_other_companies_see_none_of_it(
    counselor: User, other_admin: User, log_in: LogIn, tenant: Tenant, link: PaymentLink
) -> None:
    alarm = pause(tenant, link)

    assert log_in(counselor).get(reverse("safety")).status_code == 403
    foreign: Any = log_in(other_admin)
    assert foreign.post(reverse("fraud_alarm_end", args=[alarm.pk])).status_code == 404
    assert "Cards are tried" not in words(foreign.get(reverse("safety")))


def test_safety_page_costs_the_same_for_many_rows(
    office: Client, tenant: Tenant, link: PaymentLink, django_assert_max_num_queries: Any
) -> None:
    pause(tenant, link)
    with scope(tenant.pk):
        for number in range(30):
            ListedParty.objects.create(
                tenant=tenant, kind="block", by="address", value=f"192.0.2.{number}",
                mark=f"{number}",
            )  # fmt: skip

    with django_assert_max_num_queries(22):
        assert office.get(reverse("safety")).status_code == 200
