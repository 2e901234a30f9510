"""The admin pages of payments store by the same operations and show no secrets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.backoffice.search import search
from core.backoffice.timelines import timeline_of
from core.backoffice.worklists import waiting_work
from core.models import Tenant, User
from core.tenancy import scope
from payments.backoffice.redact import without_payer
from payments.models import (
    Checkout,
    LinkVersion,
    Payment,
    PaymentLink,
    Refund,
    StripeAccount,
    StripeEvent,
)
from payments.operations.checkouts import end_without_money
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]

MODELS = ("paymentlink", "checkout", "payment", "refund", "stripeevent", "stripeaccount")


@pytest.fixture
def office(admin: User) -> Client:
    """An admin's browser."""
    return log_in(admin)


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def admin_url(model: str, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:payments_{model}_{page}", args=args)


@pytest.fixture
def surplus(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """A payment for a link that had been paid already."""
    link = new_link()
    first = customer.open(link)
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=first.pk, state=Checkout.State.EXPIRED, now=timezone.now())
    customer.pay(customer.open(link))
    customer.hear(now)
    customer.pay(first, name="Eva Smit", email="eva@example.com")
    customer.hear(now)
    return customer.payment(first)


def typed(**fields: str) -> dict[str, str]:
    return {"title": "Deposit", "amount": "125.00", "currency": "EUR", "limit": "one", **fields}


def test_every_list_and_page_opens(surplus: Payment, office: Client, tenant: Tenant) -> None:
    with scope(tenant.pk):
        Refund.objects.create(
            tenant=tenant, payment=surplus, amount_minor=100, currency="EUR", state="failed"
        )
    for model in MODELS:
        listed = office.get(admin_url(model))
        assert listed.status_code == 200, model
        first = listed.context["cl"].result_list[0]
        assert office.get(admin_url(model, "change", first.pk)).status_code == 200, model


@pytest.mark.parametrize("model", MODELS)
def test_another_companys_row_does_not_exist(
    surplus: Payment, other_admin: User, tenant: Tenant, model: str
) -> None:
    classes = {cls._meta.model_name: cls for cls in (
        PaymentLink, Checkout, Payment, Refund, StripeEvent, StripeAccount
    )}  # fmt: skip
    with scope(tenant.pk):
        Refund.objects.create(
            tenant=tenant, payment=surplus, amount_minor=100, currency="EUR", state="failed"
        )
        row = classes[model].objects.first()
    stranger = log_in(other_admin)

    page = stranger.get(admin_url(model, "change", row.pk))

    assert page.status_code == 302  # the admin's answer for a row that does not exist
    assert list(stranger.get(admin_url(model)).context["cl"].result_list) == []


@pytest.mark.parametrize(
    ("model", "status"),
    [("paymentlink", 200), ("payment", 200), ("stripeevent", 403), ("stripeaccount", 403)],
)
def test_counselor_sees_links_and_payments_but_not_the_tie_to_stripe(
    counselor: User, account: StripeAccount, model: str, status: int
) -> None:
    assert log_in(counselor).get(admin_url(model)).status_code == status


@pytest.mark.parametrize("model", ["checkout", "payment", "refund", "stripeevent"])
def test_money_is_read_only(office: Client, admin: User, model: str) -> None:
    assert office.get(admin_url(model, "add")).status_code == 403


def test_link_is_made_by_its_operation(office: Client, tenant: Tenant, admin: User) -> None:
    response = office.post(admin_url("paymentlink", "add"), typed(reference="A"))

    with scope(tenant.pk):
        link = PaymentLink.objects.get()
    assert response.status_code == 302
    assert (link.amount_minor, link.reference, link.created_by_id) == (12500, "A", admin.pk)
    assert Client().get(reverse("pay", args=[link.token])).status_code == 503  # no account yet


def test_what_the_operation_refuses_stands_at_its_field(office: Client, tenant: Tenant) -> None:
    form = typed(amount="0.10", redirect_url="https://evil.example/")

    response = office.post(admin_url("paymentlink", "add"), form)

    assert list(response.context["adminform"].form.errors) == ["amount", "redirect_url"]
    with scope(tenant.pk):
        assert PaymentLink.objects.count() == 0


def test_link_is_edited_by_its_operation(office: Client, new_link: NewLink, tenant: Tenant) -> None:
    link = new_link()
    url = admin_url("paymentlink", "change", link.pk)

    office.post(url, typed(amount="130.00", seen_version="1"))
    late = office.post(url, typed(amount="140.00", seen_version="1"))

    with scope(tenant.pk):
        edited = PaymentLink.objects.get()
    assert (edited.amount_minor, edited.version) == (13000, 2)
    assert "Nothing was changed. The link was edited meanwhile" in words(late)


def test_edit_of_a_paid_link_keeps_its_old_version(
    customer: Customer, new_link: NewLink, now: datetime, office: Client, admin: User
) -> None:
    link = new_link()
    customer.pay(customer.open(link))
    customer.hear(now)
    url = admin_url("paymentlink", "change", link.pk)

    edited = office.post(url, typed(amount="130.00", seen_version="1"))

    assert edited.status_code == 302
    with scope(customer.tenant.pk):
        versions = LinkVersion.objects.order_by("number").select_related("made_by")
        kept = [(one.amount.minor, one.changed, one.made_by) for one in versions]
    assert kept == [(12500, [], None), (13000, ["amount_minor"], admin)]


def test_chosen_links_are_switched_off(office: Client, new_link: NewLink, tenant: Tenant) -> None:
    first, second = new_link(), new_link()

    office.post(admin_url("paymentlink"), {"action": "switch_off", "_selected_action": [first.pk]})

    with scope(tenant.pk):
        assert PaymentLink.objects.get(pk=first.pk).deactivated_at is not None
        assert PaymentLink.objects.get(pk=second.pk).deactivated_at is None


@pytest.mark.parametrize(
    ("action", "decision", "sent"),
    [("keep", "kept", []), ("send_back", "refunded", [12500]), ("refund", "", [12500])],
)
def test_action_on_money_asks_first(
    surplus: Payment, office: Client, tenant: Tenant, *, action: str, decision: str, sent: list[int]
) -> None:
    form = {"action": action, "_selected_action": [surplus.pk]}

    asked = office.post(admin_url("payment"), form)
    with scope(tenant.pk):
        before = Payment.objects.get(pk=surplus.pk).decision, Refund.objects.count()
    office.post(admin_url("payment"), {**form, "confirmed": "1"})

    assert asked.status_code == 200
    assert "Yes, do it" in asked.content.decode()
    assert before == ("", 0)
    with scope(tenant.pk):
        assert Payment.objects.get(pk=surplus.pk).decision == decision
        assert [refund.amount_minor for refund in Refund.objects.all()] == sent


def test_refused_payment_is_named_and_the_others_go_on(
    surplus: Payment, office: Client, tenant: Tenant
) -> None:
    with scope(tenant.pk):
        expected = Payment.objects.exclude(pk=surplus.pk).get()
    form = {"action": "send_back", "_selected_action": [surplus.pk, expected.pk], "confirmed": "1"}

    response = office.post(admin_url("payment"), form, follow=True)

    assert "nothing was done. There is nothing left to decide" in words(response)
    with scope(tenant.pk):
        assert [refund.payment_id for refund in Refund.objects.all()] == [surplus.pk]


def test_counselor_is_offered_no_action_on_money(surplus: Payment, counselor: User) -> None:
    client = log_in(counselor)
    form = {"action": "refund", "_selected_action": [surplus.pk], "confirmed": "1"}

    page = client.get(admin_url("payment"))
    client.post(admin_url("payment"), form)

    assert 'value="refund"' not in page.content.decode()
    with scope(surplus.tenant_id):
        assert Refund.objects.count() == 0


def test_payload_is_shown_without_the_payer(surplus: Payment, office: Client) -> None:
    with scope(surplus.tenant_id):
        event = StripeEvent.objects.filter(
            type="checkout.session.completed",
            object_id=surplus.checkout.stripe_session_id,
        ).get()
        assert "eva@example.com" in str(event.payload)

    page = office.get(admin_url("stripeevent", "change", event.pk)).content.decode()

    assert "amount_total" in page
    assert "eva@example.com" not in page
    assert "Eva Smit" not in page


def test_blotting_out_leaves_the_rest_as_it_is() -> None:
    payload = {
        "amount": 1,
        "customer_details": {"email": "a@b.c"},
        "lines": [{"name": "Eva", "price": 2, "phone": None}],
        "email": "a@b.c",
    }

    assert without_payer(payload) == {
        "amount": 1,
        "customer_details": "(hidden)",
        "lines": [{"name": "(hidden)", "price": 2, "phone": None}],
        "email": "(hidden)",
    }


def test_secrets_of_the_account_are_never_shown(
    account: StripeAccount, office: Client, tenant: Tenant
) -> None:
    url = admin_url("stripeaccount", "change", account.pk)

    pages = [office.get(url), office.get(admin_url("stripeaccount"))]
    office.post(url, {"new_signing_secret": "whsec_new"})
    pages.append(office.get(url))

    with scope(tenant.pk):
        stored = StripeAccount.objects.get()
    assert stored.webhook_secrets == ["whsec_new", account.webhook_secrets[0]]
    assert stored.secret_key == account.secret_key
    for page in pages:
        body = page.content.decode()
        assert account.webhook_url in body
        for secret in (account.secret_key, account.webhook_secrets[0], "whsec_new"):
            assert secret not in body


def test_event_is_sent_to_be_processed_again(
    account: StripeAccount, office: Client, tenant: Tenant
) -> None:
    later = timezone.now() + timedelta(hours=1)
    with scope(tenant.pk):
        waiting, done = (
            StripeEvent.objects.create(
                tenant=tenant, account=account, stripe_event_id=f"evt_{number}", payload={},
                type="charge.refunded", stripe_created_at=later, next_at=later, attempts=3,
                processed_at=processed,
            )
            for number, processed in enumerate([None, later])
        )  # fmt: skip
    form = {"action": "again", "_selected_action": [waiting.pk, done.pk]}

    response = office.post(admin_url("stripeevent"), form, follow=True)

    with scope(tenant.pk):
        assert StripeEvent.objects.get(pk=waiting.pk).next_at < later
        assert StripeEvent.objects.get(pk=done.pk).next_at == later
    assert "This event has been acted on already." in words(response)


def test_connecting_stores_the_key_of_a_known_account(
    customer: Customer, office: Client, tenant: Tenant
) -> None:
    path = reverse("stripe_connect")
    with scope(tenant.pk):
        StripeAccount.objects.update(stripe_account_id="acct_before")

    live = office.post(path, {"secret_key": "sk_live_x"})
    publishable = office.post(path, {"secret_key": "pk_test_x"})
    done = office.post(path, {"secret_key": customer.account.secret_key})

    assert (live.status_code, publishable.status_code, done.status_code) == (400, 400, 302)
    assert "The key&#x27;s mode is not the one" in live.content.decode()
    assert "This is no secret key" in words(publishable)
    with scope(tenant.pk):
        stored = StripeAccount.objects.get()
    assert stored.stripe_account_id != "acct_before"
    assert len(stored.webhook_secrets) == 2


def test_only_admins_connect(counselor: User, account: StripeAccount) -> None:
    assert log_in(counselor).get(reverse("stripe_connect")).status_code == 403
    assert Client().get(reverse("stripe_connect")).status_code == 302


def test_worklists_count_what_waits(
    surplus: Payment, admin: User, counselor: User, new_link: NewLink, now: datetime
) -> None:
    new_link(expires_at=timezone.now() + timedelta(days=2))
    new_link(expires_at=timezone.now() + timedelta(days=4))

    with scope(surplus.tenant_id):
        for_admin = {w.worklist.name: w.count for w in waiting_work(user=admin, now=now)}
        for_counselor = {w.worklist.name for w in waiting_work(user=counselor, now=now)}

    ours = ("payments_to_decide", "failed_refunds", "stuck_events", "links_expiring")
    assert [for_admin[name] for name in ours] == [1, 0, 0, 1]
    assert for_counselor & set(ours) == {"links_expiring"}


@pytest.mark.parametrize("query", ["deposit", "2026-04", "125", "125.00"])
def test_link_is_found_by_title_reference_and_amount(
    new_link: NewLink, admin: User, tenant: Tenant, query: str
) -> None:
    link = new_link(reference="2026-0412")
    new_link(title="Other", amount_minor=12600)

    with scope(tenant.pk):
        found = [f.url for f in search(query=query, user=admin) if f.kind == "Payment link"]

    assert found == [reverse("link", args=[link.pk])]


def test_payment_is_found_by_its_ids(surplus: Payment, admin: User) -> None:
    ids = (
        str(surplus.pk),
        surplus.stripe_payment_intent_id or "",
        surplus.stripe_charge_id,
        surplus.checkout.stripe_session_id or "",
    )

    with scope(surplus.tenant_id):
        urls = [[f.url for f in search(query=one, user=admin)] for one in ids]

    assert urls == [[reverse("payment", args=[surplus.pk])]] * 4


def test_timeline_of_a_link_tells_all_that_happened(surplus: Payment, tenant: Tenant) -> None:
    with scope(tenant.pk):
        link = PaymentLink.objects.get()
        told = [happening.what for happening in timeline_of(link)]

    assert sorted(told) == [
        "A customer began to pay €125.00",
        "A customer began to pay €125.00",
        "Made",
        "€125.00 paid",
        "€125.00 paid (Surplus: it was paid already)",
    ]


def test_list_costs_the_same_for_one_and_thirty_links(office: Client, new_link: NewLink) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert office.get(admin_url("paymentlink")).status_code == 200
        return len(queries)

    new_link()
    one = count_queries()
    for _ in range(29):
        new_link()

    assert count_queries() == one


def test_failed_refunds_are_settled_with_a_note(
    surplus: Payment, office: Client, tenant: Tenant, admin: User
) -> None:
    with scope(tenant.pk):
        failed, asked = (
            Refund.objects.create(
                tenant=tenant, payment=surplus, amount_minor=100, currency="EUR", state=state
            )
            for state in ("failed", "pending")
        )
    form = {"action": "settle", "_selected_action": [str(failed.pk), str(asked.pk)]}

    question = office.post(admin_url("refund"), form)
    office.post(admin_url("refund"), {**form, "confirmed": "1", "note": ""})
    answer = office.post(
        admin_url("refund"), {**form, "confirmed": "1", "note": "in cash"}, follow=True
    )

    assert question.status_code == 200
    assert "This refund has not failed." in answer.content.decode()
    with scope(tenant.pk):
        kept = {row.pk: (row.settled_note, row.settled_by_id) for row in Refund.objects.all()}
    assert kept == {failed.pk: ("in cash", admin.pk), asked.pk: ("", None)}
