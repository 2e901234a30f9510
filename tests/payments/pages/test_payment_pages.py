"""Staff look at payments, send money back and decide about money nobody expected."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import Checkout, Payment, PaymentLink, Refund, StripeAccount, StripeEvent
from payments.operations.checkouts import end_without_money
from payments.operations.refunds import push_refund
from payments.queries import failed_refunds
from tests.payments.conftest import GOOD, POOR, Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
LogIn = Callable[[User], Client]


@pytest.fixture
def paid(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """An expected payment of 125.00 EUR."""
    checkout = customer.open(new_link(reference="2026-0412"))
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")
    customer.hear(now)
    return customer.payment(checkout)


@pytest.fixture
def surplus(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """A payment for a link that had been paid already."""
    link = new_link()
    first = customer.open(link)
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=first.pk, state=Checkout.State.EXPIRED, now=timezone.now())
    customer.pay(customer.open(link))
    customer.hear(now)
    customer.pay(first)
    customer.hear(now)
    return customer.payment(first)


def refunds(tenant: Tenant) -> list[Refund]:
    with scope(tenant.pk):
        return list(Refund.objects.order_by("created_at"))


def new_payment(account: StripeAccount, **fields: object) -> Payment:
    """A row as the worker leaves it, for tests of lists."""
    with scope(account.tenant_id):
        checkout = Checkout.objects.create(
            tenant_id=account.tenant_id,
            kind="link",
            subject_id=account.pk,
            account=account,
            title="Deposit",
            amount_minor=12500,
            currency="EUR",
            state=Checkout.State.FAILED,
            session_expires_at=timezone.now(),
        )
        values = {
            "amount_minor": 12500,
            "currency": "EUR",
            "state": Payment.State.FAILED,
            "method": "card",
            **fields,
        }
        return Payment.objects.create(tenant_id=account.tenant_id, checkout=checkout, **values)


def test_payment_page_shows_who_paid_what_and_how(
    paid: Payment, counselor: User, log_in: LogIn
) -> None:
    response = log_in(counselor).get(reverse("payment", args=[paid.pk]))

    text = words(response)
    assert heading(response) == "€125.00"
    assert "Eva Smit eva@example.com" in text
    assert "Visa ···· 4242" in text
    assert "€125.00 can still be sent back" in text
    assert reverse("payment_refund", args=[paid.pk]) not in response.content.decode()


def test_whole_refund_is_shown_before_it_is_sent(
    paid: Payment, admin: User, log_in: LogIn, tenant: Tenant
) -> None:
    client, path = log_in(admin), reverse("payment_refund", args=[paid.pk])
    form = {"part": "all", "left": "12500", "reason": "Rained off"}

    review = client.post(path, form)
    none_yet = refunds(tenant)
    done = client.post(path, {**form, "confirmed": "1"}, follow=True)

    assert (review.status_code, heading(review)) == (200, "Send €125.00 back?")
    assert "This cannot be undone" in words(review)
    assert none_yet == []
    (refund,) = refunds(tenant)
    assert (refund.amount_minor, refund.reason, refund.state) == (12500, "Rained off", "requested")
    assert refund.requested_by_id == admin.pk
    assert "€125.00 is on its way back to the customer." in words(done)


def test_second_press_sends_nothing(
    paid: Payment, admin: User, log_in: LogIn, tenant: Tenant
) -> None:
    client, path = log_in(admin), reverse("payment_refund", args=[paid.pk])
    form = {"part": "part", "amount": "25.00", "left": "12500", "confirmed": "1"}

    client.post(path, form)
    again = client.post(path, form, follow=True)

    assert [refund.amount_minor for refund in refunds(tenant)] == [2500]
    assert "Nothing was sent: a refund of this payment was asked for" in words(again)


def test_two_presses_at_once_send_one_refund(
    paid: Payment, admin: User, log_in: LogIn, tenant: Tenant
) -> None:
    clients, path = [log_in(admin) for _ in range(4)], reverse("payment_refund", args=[paid.pk])
    form = {"part": "part", "amount": "25.00", "left": "12500", "confirmed": "1"}

    def press(client: Client) -> HttpResponse:
        try:
            return client.post(path, form)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(press, clients))

    assert [refund.amount_minor for refund in refunds(tenant)] == [2500]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("125.01", "Only €125.00 is left of this payment."),
        ("0", "The amount must be above zero."),
        ("-5", "The amount must be above zero."),
        ("ten", "is not an amount"),
        ("", "Say how much goes back."),
    ],
)
def test_amount_that_cannot_go_back_is_told_at_its_field(
    paid: Payment, admin: User, log_in: LogIn, amount: str, said: str
) -> None:
    form = {"part": "part", "amount": amount, "left": "12500", "confirmed": "1"}

    response = log_in(admin).post(reverse("payment_refund", args=[paid.pk]), form)

    assert response.status_code == 400
    assert said in response.context["form"].errors["amount"][0]
    with scope(paid.tenant_id):
        assert Refund.objects.count() == 0


def test_failed_payment_cannot_be_refunded(
    account: StripeAccount, admin: User, log_in: LogIn
) -> None:
    payment = new_payment(account)

    response = log_in(admin).get(reverse("payment_refund", args=[payment.pk]), follow=True)

    assert "Nothing is left of this payment that could be sent back." in words(response)


@pytest.mark.parametrize("name", ["payment_refund", "payment_keep", "payment_return"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_counselor_moves_no_money(
    surplus: Payment, counselor: User, log_in: LogIn, name: str, method: str
) -> None:
    form = {"part": "all", "left": "12500", "confirmed": "1"}

    response = getattr(log_in(counselor), method)(reverse(name, args=[surplus.pk]), form)

    assert response.status_code == 403
    with scope(surplus.tenant_id):
        assert Refund.objects.count() == 0
        assert Payment.objects.get(pk=surplus.pk).decision == ""


def test_counselor_sees_what_waits_without_buttons(
    surplus: Payment, counselor: User, log_in: LogIn
) -> None:
    response = log_in(counselor).get(reverse("payments_worklist"))

    assert "Surplus: it was paid already" in words(response)
    assert "Only admins decide here." in words(response)
    assert reverse("payment_keep", args=[surplus.pk]) not in response.content.decode()


def test_surplus_payment_is_kept_after_a_page_that_asks(
    surplus: Payment, admin: User, log_in: LogIn, customer: Customer
) -> None:
    client, path = log_in(admin), reverse("payment_keep", args=[surplus.pk])

    asked = client.get(path)
    undecided = customer.reload(surplus).decision
    client.post(path)
    again = client.post(path, follow=True)

    assert heading(asked) == "Keep €125.00?"
    assert undecided == ""
    kept = customer.reload(surplus)
    assert (kept.decision, kept.decided_by_id) == ("kept", admin.pk)
    assert "There is nothing left to decide" in words(again)
    assert "All money that came was expected" in words(client.get(reverse("payments_worklist")))


def test_surplus_payment_is_sent_back_whole(
    surplus: Payment, admin: User, log_in: LogIn, customer: Customer, tenant: Tenant
) -> None:
    response = log_in(admin).post(reverse("payment_return", args=[surplus.pk]), follow=True)

    assert customer.reload(surplus).decision == "refunded"
    assert [refund.amount_minor for refund in refunds(tenant)] == [12500]
    assert "The money is on its way back to the customer." in words(response)


def test_money_that_goes_back_already_is_not_decided_a_second_time(
    surplus: Payment, admin: User, log_in: LogIn, customer: Customer, tenant: Tenant
) -> None:
    client = log_in(admin)
    form = {"part": "all", "left": "12500", "confirmed": "1"}
    client.post(reverse("payment_refund", args=[surplus.pk]), form)

    response = client.post(reverse("payment_return", args=[surplus.pk]), follow=True)

    assert "all of it is on its way back already" in words(response)
    assert customer.reload(surplus).decision == ""
    assert [refund.amount_minor for refund in refunds(tenant)] == [12500]


def test_failed_refund_waits_until_it_is_asked_for_again(
    customer: Customer,
    new_link: NewLink,
    now: datetime,
    admin: User,
    log_in: LogIn,
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card="4000000000005126")
    customer.hear(now)
    payment = customer.payment(checkout)
    client, path = log_in(admin), reverse("payment_refund", args=[payment.pk])
    form = {"part": "all", "left": "12500", "confirmed": "1"}
    client.post(path, form)
    (refund,) = refunds(customer.tenant)
    with scope(customer.tenant.pk):
        Refund.objects.filter(pk=refund.pk).update(state="failed", last_error="Account closed")

    waiting = client.get(reverse("payments_worklist"))
    client.post(path, form)

    assert "Account closed" in words(waiting)
    with scope(customer.tenant.pk):
        assert list(failed_refunds()) == []


def test_failed_refund_is_settled_otherwise_by_admins(
    surplus: Payment, admin: User, counselor: User, log_in: LogIn, tenant: Tenant
) -> None:
    with scope(tenant.pk):
        refund = Refund.objects.create(
            tenant=tenant, payment=surplus, amount_minor=100, currency="EUR", state="failed"
        )
    path, client = reverse("refund_settle", args=[refund.pk]), log_in(admin)

    refused = log_in(counselor).post(path, {"note": "in cash"})
    asked = client.get(path)
    empty = client.post(path, {"note": " "})
    done = client.post(path, {"note": "by bank transfer"}, follow=True)
    again = client.post(path, {"note": "twice"}, follow=True)

    assert (refused.status_code, asked.status_code, empty.status_code) == (403, 200, 400)
    assert "has left the worklist" in words(done)
    assert "by bank transfer" in words(done)
    assert "Somebody has settled this refund already. Nothing was changed." in words(again)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "9999-12-31", "2026-02-30"])
def test_impossible_day_is_told(
    account: StripeAccount, admin: User, log_in: LogIn, day: str
) -> None:
    client = log_in(admin)

    answers = [client.get(reverse("payments"), {name: day}) for name in ("first_day", "last_day")]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_stuck_event_is_processed_again_on_demand(
    account: StripeAccount, admin: User, counselor: User, log_in: LogIn
) -> None:
    now = timezone.now()
    with scope(account.tenant_id):
        event = StripeEvent.objects.create(
            tenant_id=account.tenant_id,
            account=account,
            stripe_event_id="evt_1",
            type="charge.refunded",
            payload={},
            stripe_created_at=now,
            attempts=7,
            next_at=now + timedelta(hours=1),
            last_error="Stripe gave no certain answer (500).",
        )
    path = reverse("event_process_again", args=[event.pk])
    client = log_in(admin)

    refused = log_in(counselor).post(path)
    waiting = client.get(reverse("payments_worklist"))
    done = client.post(path, follow=True)

    assert refused.status_code == 403
    assert "Stripe gave no certain answer (500)." in words(waiting)
    assert "It is being processed again" in words(done)
    with scope(account.tenant_id):
        assert StripeEvent.objects.get(pk=event.pk).next_at <= timezone.now()


def test_list_of_payments_narrows_by_its_address(
    customer: Customer, new_link: NewLink, now: datetime, admin: User, log_in: LogIn
) -> None:
    customer.pay(customer.open(new_link(title="Tour")), card=GOOD)
    customer.pay(customer.open(new_link(title="Keg", currency="USD")), card=POOR)
    customer.pay(customer.open(new_link(title="Party")), account="succeeds")
    customer.hear(now)
    client = log_in(admin)

    def titles(**query: str) -> list[str]:
        page = client.get(reverse("payments"), query).context["page"]
        return sorted(payment.checkout.title for payment in page)

    assert titles() == ["Keg", "Party", "Tour"]
    assert titles(state="succeeded") == ["Tour"]
    assert titles(state="failed") == ["Keg"]
    assert titles(state="pending") == ["Party"]
    assert titles(currency="USD") == ["Keg"]
    assert titles(method="sepa_debit") == ["Party"]
    assert titles(standing="surplus") == []


def test_days_are_those_of_the_companys_calendar(
    account: StripeAccount, admin: User, log_in: LogIn
) -> None:
    last_minute = datetime(2026, 3, 1, 22, 59, tzinfo=UTC)  # 23:59 in Amsterdam
    first_minute = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # midnight: the 2nd
    for when in (last_minute, first_minute):
        payment = new_payment(account)
        with scope(account.tenant_id):
            Payment.objects.filter(pk=payment.pk).update(created_at=when)
    client = log_in(admin)

    def times(**query: str) -> list[datetime]:
        return [p.created_at for p in client.get(reverse("payments"), query).context["page"]]

    assert times(first_day="2026-03-01", last_day="2026-03-01") == [last_minute]
    assert times(first_day="2026-03-02") == [first_minute]
    assert times(last_day="2026-03-02") == [first_minute, last_minute]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"first_day": "2026-02-30"}, "first_day"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "last_day"),
        ({"state": "lost"}, "state"),
    ],
)
def test_filter_that_cannot_be_read_is_told_at_its_field(
    admin: User, log_in: LogIn, query: dict[str, str], field: str
) -> None:
    response = log_in(admin).get(reverse("payments"), query)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]


@pytest.mark.parametrize("name", ["payments", "payments_worklist"])
def test_lists_cost_the_same_for_one_and_thirty_rows(
    account: StripeAccount, admin: User, log_in: LogIn, name: str
) -> None:
    client = log_in(admin)
    fields = {"state": "succeeded", "standing": "late", "paid_at": timezone.now()}

    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).status_code == 200
        return len(queries)

    new_payment(account, **fields)
    one = count_queries()
    for _ in range(29):
        new_payment(account, **fields)

    assert count_queries() == one


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("payment", "get"), ("payment_refund", "get"), ("payment_refund", "post"),
        ("payment_keep", "get"), ("payment_keep", "post"), ("payment_return", "post"),
    ],
)  # fmt: skip
def test_another_companys_payment_does_not_exist(
    surplus: Payment, other_admin: User, log_in: LogIn, name: str, method: str
) -> None:
    response = getattr(log_in(other_admin), method)(reverse(name, args=[surplus.pk]))

    assert response.status_code == 404


def test_pushed_refund_shows_on_the_customers_page(
    paid: Payment, admin: User, log_in: LogIn, customer: Customer, tenant: Tenant
) -> None:
    form = {"part": "part", "amount": "25.00", "left": "12500", "confirmed": "1"}
    log_in(admin).post(reverse("payment_refund", args=[paid.pk]), form)
    (refund,) = refunds(tenant)
    push_refund(tenant_id=tenant.pk, refund_id=refund.pk, now=timezone.now())
    with scope(tenant.pk):
        link = PaymentLink.objects.get()

    page = Client().get(
        reverse("pay_return", args=[link.token]),
        {"session": paid.checkout.stripe_session_id},
    )

    assert "€25.00 of it has been sent back to you." in words(page)
