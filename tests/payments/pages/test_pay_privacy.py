"""The address of a public page is a secret, and its form leads to Stripe alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.tenancy import scope
from payments.models import Checkout, PaymentLink, StripeAccount

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


@pytest.mark.parametrize("name", ["pay", "pay_return"])
def test_page_is_kept_from_caches_searches_and_other_sites(
    new_link: NewLink, account: StripeAccount, phone: Client, name: str
) -> None:
    response = phone.get(reverse(name, args=[new_link().token]))

    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_form_may_lead_to_stripes_page_and_nowhere_else(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    response = phone.get(reverse("pay", args=[new_link().token]))

    directives = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": f"'self' https://checkout.stripe.com {settings.STRIPE_API_BASE}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "manifest-src": "'self'",
    }


def test_first_look_takes_three_statements_and_two_after_it_to_be_counted(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    address = reverse("pay", args=[new_link().token])

    with CaptureQueriesContext(connection) as queries:
        response = phone.get(address)

    statements = [q["sql"] for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT"))]
    assert response.status_code == 200
    assert len(statements[:-2]) == 3
    assert "INSERT INTO payments_linkviews" in statements[-1]


def test_looking_needs_no_cookie_and_takes_no_place(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link()

    for method in (phone.get, phone.head):
        phone.cookies.clear()
        assert method(reverse("pay", args=[link.token])).status_code == 200

    with scope(link.tenant_id):
        assert Checkout.objects.count() == 0
        assert PaymentLink.objects.get().slots_taken == 0


def test_cookie_goes_to_the_pages_of_this_link_alone(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    path = reverse("pay", args=[new_link().token])

    phone.get(path)

    cookie = phone.cookies["taproom_visitor"]
    assert cookie["path"] == path
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "sessionid" not in phone.cookies
    assert "csrftoken" not in phone.cookies


def test_page_that_cannot_be_paid_sets_no_cookie(new_link: NewLink, phone: Client) -> None:
    phone.get(reverse("pay", args=[new_link().token]))

    assert list(phone.cookies) == []


def test_qr_code_is_an_svg_of_the_whole_address(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    response = phone.get(reverse("pay_qr", args=[new_link().token]))

    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "private, max-age=86400"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response.content.startswith(b"<?xml")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(
    new_link: NewLink, account: StripeAccount, phone: Client, method: str
) -> None:
    path = reverse("pay", args=[new_link().token])

    assert getattr(phone, method)(path).status_code == 405
