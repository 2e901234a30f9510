"""What operators are told of a payment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import Checkout, PaymentLink, StripeEvent
from payments.operations.decisions import keep_payment
from payments.operations.refunds import push_refund, request_refund
from tests.payments.conftest import DECLINED, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def explain(*words: str) -> str:
    out = StringIO()
    call_command("explain_payment", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def paid(customer: Customer, new_link: NewLink, now: datetime) -> Checkout:
    """A try of a link that was paid."""
    checkout = customer.open(new_link())
    customer.pay(checkout, email="Eva@Example.com", name="Eva Smit")
    customer.hear(now - timedelta(minutes=5))
    found: Checkout = customer.reload(checkout)
    return found


def test_paid_link_is_told_in_order_without_its_payer(customer: Customer, paid: Checkout) -> None:
    payment = customer.payment(paid)

    text = explain(str(payment.pk))

    story = [
        f"The link {paid.link_id} was made",
        "A customer began to pay €125.00",
        f"Stripe's session is {paid.stripe_session_id}",
        f"({payment.stripe_payment_intent_id}): €125.00 came by card visa 4242",
        "It was expected, and counts for what was to be paid.",
        "The customer paid €125.00. Of it the company has €125.00.",
        "-> There is nothing to do.",
    ]
    places = [text.find(words) for words in story]
    assert (-1 in places, places) == (False, sorted(places)), text
    assert text.startswith("Amber Ales (amber): €125.00 for link 'Deposit'")
    assert ("Eva" in text, "example.com" in text) == (False, False)


def test_every_name_of_a_payment_leads_to_it(
    customer: Customer, paid: Checkout, now: datetime
) -> None:
    payment = customer.payment(paid)
    with scope(customer.tenant.pk):
        refund = request_refund(
            payment_id=payment.pk, amount_minor=2500, reason="", by=None, now=now
        )
    push_refund(tenant_id=customer.tenant.pk, refund_id=refund.pk, now=now)
    refund = customer.reload(refund)
    with scope(customer.tenant.pk):
        event = StripeEvent.objects.filter(object_id=paid.stripe_session_id).first()
        url = PaymentLink.objects.get(pk=paid.link_id).url
    names = [
        payment.pk, paid.pk, paid.link_id, refund.pk, paid.stripe_session_id,
        payment.stripe_payment_intent_id, payment.stripe_charge_id, refund.stripe_refund_id,
        event.stripe_event_id, url, "eva@example.COM",
    ]  # fmt: skip

    told = {explain(str(name)) for name in names}

    assert len(told) == 1
    [text] = told
    assert f"A refund of €25.00 was asked for ({refund.pk}, {refund.stripe_refund_id})" in text
    assert "Of it the company has €100.00.\n€25.00 went back." in text


def test_dispute_is_told_by_its_events_and_found_by_its_id(
    customer: Customer, paid: Checkout, now: datetime
) -> None:
    charge = customer.payment(paid).stripe_charge_id
    dispute = customer.sandbox.control("POST", f"charges/{charge}/dispute")["id"]
    customer.hear(now - timedelta(minutes=5))

    text = explain(dispute)

    assert "(charge.dispute.created) came and was acted on" in text
    assert text == explain(str(paid.pk))


def test_declined_try_says_that_no_money_moved(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=DECLINED)
    customer.hear(now - timedelta(minutes=5))

    text = explain(str(checkout.pk))

    assert "was declined: Your card was declined." in text
    assert "No money has moved yet; the customer may still pay by this try." in text


def test_late_money_asks_for_a_decision_and_tells_it(
    customer: Customer, new_link: NewLink, now: datetime, admin: User
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout)
    with scope(customer.tenant.pk):
        PaymentLink.objects.update(deactivated_at=now - timedelta(hours=1))
    customer.hear(now - timedelta(minutes=5))

    before = explain(str(checkout.pk))
    with scope(customer.tenant.pk):
        keep_payment(payment_id=customer.payment(checkout).pk, by=admin, now=now)
    after = explain(str(checkout.pk))

    assert "-> An admin keeps this money or sends it back" in before
    assert "It was decided by Ada Admin that the money is kept." in after
    assert "-> There is nothing to do." in after


def test_several_tries_are_listed(customer: Customer, new_link: NewLink) -> None:
    link = new_link(max_payments=3)
    tries = [customer.open(link, visitor=name) for name in ("a", "b")]

    lines = explain(str(link.pk)).splitlines()

    assert lines[0] == "2 tries to pay are meant; give the id of one:"
    assert [line.split()[0] for line in lines[1:]] == [str(one.pk) for one in reversed(tries)]


def test_link_that_nobody_tried_is_told(new_link: NewLink) -> None:
    text = explain(str(new_link().pk))

    assert "No money has moved: nobody has begun to pay." in text


def test_another_company_is_looked_at_only_when_none_is_named(
    customer: Customer, paid: Checkout, other_tenant: Tenant
) -> None:
    with scope(customer.tenant.pk):
        url = PaymentLink.objects.get(pk=paid.link_id).url

    assert explain(str(paid.pk)).startswith("Amber Ales")
    for name in (str(paid.pk), str(paid.stripe_session_id), "eva@example.com", url):
        with pytest.raises(CommandError, match="bitter has no payment"):
            explain(name, "--tenant", "bitter")


@pytest.mark.parametrize(
    "name",
    ["pi_unknown", "6f1c7a52-64b3-4d0e-8a57-3f0f3f1c2b11", "no@where.example", "a\0b", "é", " "],
)
def test_unknown_name_is_told(tenant: Tenant, name: str) -> None:
    with pytest.raises(CommandError, match="No company has a payment"):
        explain(name)
