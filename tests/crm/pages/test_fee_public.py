"""The page of an application fee: each state in its own words, and nothing paid by looking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from crm.models import Application
from crm.operations.applications import edit_application
from crm.operations.fees import renew_fee_address
from payments.models import Checkout, StripeAccount
from tests.crm.fee_world import POOR, Applicant
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone() -> Client:
    """The applicant's browser."""
    return Client()


def page(application: Application) -> str:
    return reverse("application_fee", args=[application.fee_token])


def come_back(phone: Client, application: Application, checkout: Checkout) -> Any:
    back = reverse("application_fee_return", args=[application.fee_token])
    return phone.get(back, {"session": checkout.stripe_session_id})


def test_page_says_who_asks_for_what_and_no_more(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    response = phone.get(page(application))

    text = words(response)
    assert (response.status_code, heading(response)) == (200, "Application fee")
    for said in ("Amber Ales", "Brewing course", "Eva", "€50.00", "Pay application fee"):
        assert said in text
    for kept in ("Smit", "eva@example.com", "Cem"):
        assert kept not in response.content.decode()


def test_button_leads_to_stripe_and_again_to_the_same_page(
    applicant: Applicant, phone: Client
) -> None:
    application = applicant.applies()

    answers = [phone.post(page(application).rstrip("/")), Client().post(page(application))]

    assert [one.status_code for one in answers] == [303, 303]
    [session] = applicant.sessions()
    assert {one["Location"] for one in answers} == {session["url"]}
    assert applicant.states(application) == ["pending"]


def test_looking_writes_nothing(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    phone.get(page(application))
    phone.head(page(application))

    assert applicant.requests(application) == []


def test_page_keeps_its_address_secret(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    response = phone.get(page(application))

    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    policy = dict(
        part.strip().split(" ", 1)
        for part in response["Content-Security-Policy"].split(";")
        if " " in part.strip()
    )
    assert policy["form-action"] == " ".join(["'self'", *settings.CHECKOUT_ORIGINS])
    assert "unsafe-inline" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("token", ["x", "a" * 32, "%00", "é" * 40, "-" * 300])
def test_unknown_address_is_the_page_that_says_so(phone: Client, db: None, token: str) -> None:
    for path in (f"/apply/fee/{token}/", f"/apply/fee/{token}/return/?session=%00"):
        response = phone.get(path)

        assert response.status_code == 404
        assert heading(response) == "There is no payment link at this address"


def test_renewed_address_and_switched_off_company_are_unknown(
    applicant: Applicant, phone: Client
) -> None:
    application = applicant.applies()
    with scope(applicant.tenant.pk):
        renew_fee_address(application_id=application.pk, by=applicant.by, now=timezone.now())

    old, new = phone.get(page(application)), phone.get(page(applicant.reload(application)))
    Tenant.objects.filter(pk=applicant.tenant.pk).update(is_active=False)
    off = phone.post(page(applicant.reload(application)))

    assert [one.status_code for one in (old, new, off)] == [404, 200, 404]


def test_token_of_a_payment_link_is_none_of_a_fee(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    assert phone.get(reverse("pay", args=[application.fee_token])).status_code == 404


def test_stripe_that_is_down_is_told_and_nothing_is_charged(
    applicant: Applicant, phone: Client
) -> None:
    application = applicant.applies()
    applicant.sandbox.control("POST", "faults", kind="error_before", path="/v1/checkout/*")

    response = phone.post(page(application))

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "Nothing was charged and your attempt is kept" in words(response)
    applicant.sandbox.control("DELETE", "faults")
    assert phone.post(page(application)).status_code == 303
    assert applicant.states(application) == ["pending"]


def test_stripe_that_refuses_is_told(applicant: Applicant, phone: Client, settings: Any) -> None:
    application = applicant.applies()
    settings.PUBLIC_URL = "not an address"

    response = phone.post(page(application))

    assert (response.status_code, heading(response)) == (409, "The fee cannot be paid here")
    [request] = applicant.requests(application)
    assert (request.state, request.reason != "") == ("failed", True)


def test_form_of_another_site_opens_nothing(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    response = phone.post(page(application), headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert "Another website sent you here." in words(response)
    assert applicant.requests(application) == []


def test_too_many_tries_are_told_to_wait(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()

    answers = [phone.post(page(application)) for _ in range(31)]

    assert [one.status_code for one in answers] == [303] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_company_without_stripe_cannot_take_it(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    with scope(applicant.tenant.pk):
        StripeAccount.objects.all().delete()

    for response in (phone.get(page(application)), phone.post(page(application))):
        assert response.status_code == 503
        assert heading(response) == "Amber Ales cannot take payments right now"


def test_redirect_never_marks_paid(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)

    response = come_back(phone, application, checkout)

    assert heading(response) == "We are confirming your payment"
    assert response["Refresh"].startswith("3;url=?session=cs_test_")
    assert applicant.states(application) == ["pending"]


def test_session_of_another_application_says_nothing(applicant: Applicant, phone: Client) -> None:
    application, other = applicant.applies(), applicant.applies()
    checkout = applicant.opens(other)
    applicant.pays(checkout)
    applicant.hear()

    response = come_back(phone, application, checkout)

    assert heading(response) == "Application fee"
    assert "Pay application fee" in words(response)


def test_paid_fee_shows_its_day_and_no_button(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    applicant.hear()

    for response in (
        phone.get(page(application)),
        phone.post(page(application)),
        come_back(phone, application, checkout),
    ):
        assert response.status_code == 200
        assert heading(response) == "Thank you, the application fee is paid"
        assert b"<form" not in response.content
        assert "Amsterdam" in words(response)


def test_declined_card_is_explained(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    applicant.pays(applicant.opens(application), card=POOR)
    applicant.hear()

    response = phone.get(page(application))

    assert "Your last try did not go through. There was not enough money" in words(response)
    assert phone.post(page(application)).status_code == 303


def test_bank_debit_is_being_paid_then_failed(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout, account="fails")
    applicant.hear()
    waiting = [phone.get(page(application)), phone.post(page(application))]

    applicant.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    applicant.hear()
    failed = come_back(phone, application, checkout)

    assert [heading(one) for one in waiting] == ["Your payment is on its way"] * 2
    assert "The payment did not go through." in words(failed)
    assert "Pay application fee" in words(failed)


def test_expired_page_can_be_started_again(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.stripe("POST", f"checkout/sessions/{checkout.stripe_session_id}/expire")
    applicant.hear()

    response = come_back(phone, application, checkout)

    assert "Your last attempt ended before it was paid." in words(response)
    assert phone.post(page(application)).status_code == 303
    assert applicant.states(application) == ["expired", "pending"]


def test_refunded_fee_says_so(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    intent = applicant.pays(checkout)["payment_intent"]["id"]
    applicant.hear()
    applicant.stripe("POST", "refunds", payment_intent=intent)
    applicant.hear()

    for response in (phone.get(page(application)), come_back(phone, application, checkout)):
        assert heading(response) == "The application fee was sent back to you"
    assert phone.post(page(application)).status_code == 200


def test_unexpected_money_is_safe(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    with scope(applicant.tenant.pk):
        edit_application(
            application_id=application.pk,
            changes={"fee_minor": 7000},
            by=applicant.by,
            now=timezone.now(),
        )
    applicant.pays(checkout)
    applicant.hear()

    for response in (phone.get(page(application)), come_back(phone, application, checkout)):
        assert heading(response) == "We have received your payment"
        assert "Your money is safe" in words(response)


@pytest.mark.parametrize(
    "changes", [{"fee_minor": None, "currency": ""}, {"stage": "withdrawn"}], ids=["none", "over"]
)
def test_fee_that_is_no_longer_asked_for_is_gone(
    applicant: Applicant, phone: Client, changes: dict[str, Any]
) -> None:
    application = applicant.applies()
    with scope(applicant.tenant.pk):
        Application.objects.filter(pk=application.pk).update(**changes)

    for response in (phone.get(page(application)), phone.post(page(application))):
        assert response.status_code == 410
        assert heading(response) == "There is no application fee to pay"


def test_name_and_programme_are_only_text(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies(programme="<script>alert(1)</script>")

    response = phone.get(page(application))

    assert b"<script>alert" not in response.content
    assert phone.post(page(application)).status_code == 303


def test_page_that_ran_out_here_leads_to_a_new_one(applicant: Applicant, phone: Client) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    with scope(applicant.tenant.pk):
        past = timezone.now() - timedelta(minutes=1)
        Checkout.objects.filter(pk=checkout.pk).update(session_expires_at=past)

    response = phone.post(page(application))

    assert response.status_code == 303
    assert len(applicant.sessions()) == 2


@pytest.mark.parametrize("session", ["\x00", "é" * 5000, "cs_test_x", "'; --", "[]"])
def test_odd_session_says_nothing(applicant: Applicant, phone: Client, session: str) -> None:
    application = applicant.applies()
    applicant.opens(application)
    back = reverse("application_fee_return", args=[application.fee_token])

    response = phone.get(back, {"session": session, "n": "9" * 50})

    assert (response.status_code, heading(response)) == (200, "Application fee")
