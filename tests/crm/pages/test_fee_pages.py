"""What staff can do about an application fee, and what they see of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.backoffice.worklists import waiting_work
from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Application
from crm.queries.fees import fee_standings
from crm.templatetags.fees import fee_mailto
from tests.crm.fee_world import Applicant
from tests.payments.pages.conftest import log_in, words

__all__ = ["log_in"]

pytestmark = pytest.mark.django_db
LogIn = Callable[[User], Client]


def expired(applicant: Applicant) -> Application:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.stripe("POST", f"checkout/sessions/{checkout.stripe_session_id}/expire")
    applicant.hear()
    return application


def lead_page(application: Application) -> str:
    return reverse("lead", args=[application.lead_id])


def fee_count(user: User, tenant: Tenant) -> int:
    with scope(tenant.pk, user_id=user.pk, role=user.role):
        work = waiting_work(user=user, now=timezone.now())
    return next(one.count for one in work if one.worklist.name == "application_fees_unpaid")


def test_counselor_asks_for_the_fee_and_gets_its_address(
    applicant: Applicant, counselor: User, log_in: LogIn
) -> None:
    application = applicant.applies(is_asked=False)
    desk = log_in(counselor)
    before = words(desk.get(lead_page(application)))

    answer = desk.post(reverse("fee_ask", args=[application.pk]))
    desk.post(reverse("fee_ask", args=[application.pk]))

    asked = applicant.reload(application)
    assert "Not asked for yet" in before
    assert answer["Location"] == f"{lead_page(application)}#application-{application.pk}"
    page = desk.get(lead_page(application))
    assert asked.fee_url in page.content.decode()
    assert "Asked for, not paid yet" in words(page)
    assert applicant.kinds(application) == ["fee_asked"]


def test_application_without_fee_is_told_to_set_one(
    applicant: Applicant, counselor: User, log_in: LogIn
) -> None:
    application = applicant.applies(is_asked=False, fee_minor=None, currency="")
    desk = log_in(counselor)

    for name in ("fee_ask", "fee_renew"):
        desk.post(reverse(name, args=[application.pk]))

    said = words(desk.get(lead_page(application)))
    assert "This application has no fee: set one first, then ask for it." in said
    assert "The fee was not asked for yet" in said


def test_replaced_address_is_shown(applicant: Applicant, counselor: User, log_in: LogIn) -> None:
    application = applicant.applies()
    desk = log_in(counselor)

    desk.post(reverse("fee_renew", args=[application.pk]))

    page = desk.get(lead_page(application)).content.decode()
    assert application.fee_token not in page
    assert applicant.reload(application).fee_token in page


def test_mail_is_prepared_as_plain_text(applicant: Applicant) -> None:
    application = applicant.applies(programme="Malt & Hops 'intro'")
    with scope(applicant.tenant.pk):
        [fee] = fee_standings([application])

    mail = urlsplit(fee_mailto(fee, applicant.tenant))

    text = parse_qs(mail.query)
    assert (mail.scheme, mail.path) == ("mailto", "eva@example.com")
    assert text["subject"] == ["Application fee: Amber Ales"]
    [body] = text["body"]
    assert body.startswith("Hello Eva,\r\n\r\nthe application fee for Malt & Hops 'intro' is €50")
    assert f"\r\n{application.fee_url}\r\n" in body


def test_unpaid_fee_stands_on_the_list_until_it_was_looked_after(
    applicant: Applicant, counselor: User, admin: User, log_in: LogIn
) -> None:
    application = expired(applicant)
    [request] = applicant.requests(application)
    desk = log_in(counselor)
    listed = words(desk.get(reverse("fees_unpaid")))
    counts = [fee_count(user, applicant.tenant) for user in (counselor, admin)]

    answers = [
        desk.post(reverse("fee_attend", args=[request.pk]), {"back": reverse("fees_unpaid")})
        for _ in range(2)
    ]

    assert ("Eva de Smit" in listed, counts) == (True, [1, 1])
    assert [one["Location"] for one in answers] == [reverse("fees_unpaid")] * 2
    assert "No fee waits for anybody" in words(desk.get(reverse("fees_unpaid")))
    assert [fee_count(user, applicant.tenant) for user in (counselor, admin)] == [0, 0]
    assert applicant.kinds(application) == ["fee_asked", "fee_failed", "note"]


def test_open_fee_cannot_be_attended(applicant: Applicant, admin: User, log_in: LogIn) -> None:
    application = applicant.applies()
    applicant.opens(application)
    [request] = applicant.requests(application)
    desk = log_in(admin)

    desk.post(reverse("fee_attend", args=[request.pk]))

    assert applicant.requests(application)[0].attended_at is None
    assert "there is no failure to look after" in words(desk.get(lead_page(application)))


def test_stranger_and_other_company_find_nothing(
    applicant: Applicant, other_admin: User, log_in: LogIn
) -> None:
    application = expired(applicant)
    [request] = applicant.requests(application)
    stranger = User.objects.create_user(
        "sam@amber.example", "correct horse", tenant=applicant.tenant, role="counselor"
    )

    for user in (stranger, other_admin):
        desk = log_in(user)
        for name, pk in (
            ("fee_ask", application.pk),
            ("fee_renew", application.pk),
            ("fee_attend", request.pk),
        ):
            assert desk.post(reverse(name, args=[pk])).status_code == 404
        assert "Eva" not in words(desk.get(reverse("fees_unpaid")))

    assert applicant.reload(application).fee_token == application.fee_token


def test_list_costs_the_same_for_one_and_for_thirty(
    applicant: Applicant, admin: User, log_in: LogIn, django_assert_num_queries: Any
) -> None:
    desk, counts = log_in(admin), []
    for many in (1, 29):
        for _ in range(many):
            application = applicant.applies()
            applicant.claims(application)
            with scope(applicant.tenant.pk):
                application.payment_requests.update(state="expired", reason="Ended")
        desk.get(reverse("fees_unpaid"))
        with django_assert_num_queries(1000, exact=False) as asked:
            page = desk.get(reverse("fees_unpaid"))
        counts.append(len(asked))

    assert page.content.decode().count("Looked after: fee of") == 30
    assert counts[0] == counts[1]


def test_visitor_without_login_is_led_to_it(applicant: Applicant) -> None:
    application = applicant.applies()

    answers = [
        Client().post(reverse("fee_ask", args=[application.pk])),
        Client().get(reverse("fees_unpaid")),
    ]

    assert [one.status_code for one in answers] == [302, 302]


def test_admin_finds_the_payment_of_a_fee(
    applicant: Applicant, admin: User, counselor: User, log_in: LogIn
) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    applicant.hear()
    payment = reverse("payment", args=[applicant.payment(checkout).pk])
    desk = log_in(admin)

    page = desk.get(lead_page(application)).content.decode()

    assert f'href="{payment}"' in page
    assert (
        f'href="{payment}">The payment'
        not in log_in(counselor).get(lead_page(application)).content.decode()
    )
    assert "Application fee · Brewing course" in words(desk.get(payment))
    assert "Application fee · Brewing course" in words(desk.get(reverse("payments")))
