"""The check in a real browser; and pages of safety: accessible, quiet, as narrow as a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import User
from core.tenancy import scope
from payments.models import Dispute, FraudRule, PaymentLink
from payments.operations.alarms import raise_alarm
from payments.operations.fraud_rules import list_party, make_default_rules
from tests.payments.conftest import Customer
from tests.payments.pages.test_in_browser import check

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NewLink = Callable[..., PaymentLink]


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console complains of."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda message: (
            heard.append(message.text)
            if message.type in {"error", "warning"} and "the server responded" not in message.text
            else None
        ),
    )
    return heard


def always_ask(customer: Customer) -> None:
    with scope(customer.tenant.pk):
        make_default_rules()
        FraudRule.objects.filter(counts="tries", by="address").update(most=0)


def test_browser_solves_the_check_and_goes_on_to_stripe(
    live_server: LiveServer, page: Page, customer: Customer, new_link: NewLink,
    complaints: list[str],
) -> None:  # fmt: skip
    always_ask(customer)
    link = new_link()

    page.goto(live_server.url + reverse("pay", args=[link.token]))
    page.get_by_role("button").click()

    expect(page).to_have_url(re.compile(r"/c/pay/cs_test_"), timeout=20_000)
    assert complaints == []


def test_visitor_without_scripts_reads_how_long_to_wait(
    live_server: LiveServer, customer: Customer, new_link: NewLink, phone: Client
) -> None:
    always_ask(customer)
    link = new_link()

    page = phone.post(reverse("pay", args=[link.token]))

    text = page.content.decode()
    assert page.status_code == 429
    assert re.search(r"Wait \d+ seconds?, then press the button again\.", text)
    assert 1 <= int(page["Retry-After"]) <= 30


def test_check_page_is_accessible_while_it_works(
    live_server: LiveServer, page: Page, customer: Customer, new_link: NewLink
) -> None:
    always_ask(customer)
    link = new_link()
    page.route("**/check.js", lambda route: route.abort())

    page.goto(live_server.url + reverse("pay", args=[link.token]))
    page.get_by_role("button").click()

    expect(page.locator("[data-check-words]")).to_be_visible()
    expect(page.locator("[data-check-working]")).to_be_hidden()
    assert Axe().run(page).response["violations"] == []


def test_pages_of_safety(
    live_server: LiveServer, page: Page, customer: Customer, new_link: NewLink, admin: User,
) -> None:  # fmt: skip
    link = new_link(max_payments=None, title="Tickets for the long summer night of the brewery")
    since: datetime = timezone.now() - timedelta(minutes=5)
    checkout = customer.open(link)
    customer.pay(checkout, card="4000000000000259", name="Eva Smit")
    customer.hear(since)
    with scope(customer.tenant.pk):
        make_default_rules()
        rule = FraudRule.objects.get(step="pause")
        raise_alarm(rule=rule, link_id=link.pk, reason="25 declined cards", now=timezone.now())
        list_party(kind="block", by="address", value="2001:db8::/32", note="", user=admin)
        dispute = Dispute.objects.get()
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([{**cookie, "url": live_server.url}])

    for name, args in (
        ("safety", []),
        ("dispute", [dispute.pk]),
        ("payment", [dispute.payment_id]),
        ("payments_worklist", []),
        ("link", [link.pk]),
    ):
        check(page, [], live_server.url + reverse(name, args=args))
