"""Every page of payments in a real browser: accessible, no wider than a phone, quiet console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import Payment, PaymentLink, StripeAccount
from payments.operations.links import deactivate_link
from tests.payments.conftest import Customer
from tests.payments.offers import ITEMS, QUESTIONS
from tests.stripe import open_stripe_account

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
NewLink = Callable[..., PaymentLink]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console complains of; a page's own status code is no complaint."""
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


def check(page: Page, complaints: list[str], url: str) -> None:
    """Open a page on a phone and on a desk, and find nothing wrong with it."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(url)
        assert complaints == [], url
        found: list[Any] = Axe().run(page).response["violations"]
        complaints.clear()  # axe tries things that our pages forbid
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], url
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{url} scrolls sideways"


def test_public_pages_in_every_state(
    new_link: NewLink,
    account: StripeAccount,
    live_server: LiveServer,
    page: Page,
    complaints: list[str],
) -> None:
    now = timezone.now()
    links = [
        new_link(title="Supercalifragilistic" * 6, description="x" * 300, reference="2026-0412"),
        new_link(expires_at=now + timedelta(days=2)),
        new_link(starts_at=now + timedelta(days=2)),
        new_link(amount_minor=None, pricing="chosen", preset_amount_minor=2000),
        new_link(pricing="parts", amount_minor=30000, min_part_minor=10000),
        new_link(
            amount_minor=None,
            pricing="items",
            items=[{**ITEMS[0], "name": "Supercalifragilistic" * 5}, ITEMS[1]],
            custom_fields=QUESTIONS,
            terms_text="I agree",
            terms_url="https://example.com/terms",
        ),
        new_link(),
    ]
    with scope(account.tenant_id):
        deactivate_link(link_id=links[-1].pk, now=now)
        PaymentLink.objects.filter(pk=links[1].pk).update(expires_at=now)

    for token in [*(link.token for link in links), "x" * 32]:
        check(page, complaints, live_server.url + reverse("pay", args=[token]))


def test_staff_pages(
    *,
    customer: Customer,
    new_link: NewLink,
    now: datetime,
    admin: User,
    live_server: LiveServer,
    page: Page,
    complaints: list[str],
) -> None:
    link = new_link(title="Supercalifragilistic" * 6)
    checkout = customer.open(link)
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=now)
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")
    customer.hear(now)
    with scope(customer.tenant.pk):
        Payment.objects.update(standing="late", paid_at=now)
    payment = customer.payment(checkout)
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    paths = [
        *(reverse(name) for name in ("links", "link_new", "payments", "payments_worklist")),
        *(reverse(name) for name in ("link_import", "link_templates")),
        reverse("stripe_connect"),
        *(reverse(name, args=[link.pk]) for name in ("link", "link_edit", "link_poster")),
        *(
            reverse(name, args=[payment.pk])
            for name in ("payment", "payment_refund", "payment_keep", "payment_return")
        ),
    ]

    for path in paths:
        check(page, complaints, live_server.url + path)


def test_choice_is_made_by_keyboard_and_told_where_it_is_wrong(
    new_link: NewLink,
    account: StripeAccount,
    live_server: LiveServer,
    page: Page,
    complaints: list[str],
) -> None:
    link = new_link(
        amount_minor=None,
        pricing="items",
        items=ITEMS,
        custom_fields=QUESTIONS,
        terms_text="I agree",
    )
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(live_server.url + reverse("pay", args=[link.token]))
    page.evaluate("() => { document.forms[0].noValidate = true }")
    page.get_by_label("How many").focus()

    page.keyboard.press("Control+A")
    page.keyboard.type("11")
    for _ in range(5):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()

    assert page.get_by_label("How many").input_value() == "11"
    assert page.get_by_label("How many").get_attribute("aria-invalid") == "true"
    page.get_by_role("alert").get_by_role("link", name="T-shirt size").click()
    assert page.evaluate("() => document.activeElement.name") == "answer_t_shirt_size"
    found: list[Any] = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_list_narrows_while_typing_and_keeps_its_address(
    new_link: NewLink, admin: User, tenant: Tenant, live_server: LiveServer, page: Page
) -> None:
    open_stripe_account(tenant, name="Amber Ales")
    new_link(title="Tour")
    new_link(title="Keg", currency="USD")
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(live_server.url + reverse("links"))

    page.get_by_label("Currency").select_option("USD")
    page.get_by_text("1 link · Show all").wait_for()

    assert "currency=USD" in page.url
    assert page.get_by_role("link", name="Tour").count() == 0
    assert page.get_by_role("link", name="Keg").count() == 1


def test_total_follows_the_typed_number_as_the_server_would_say_it(
    new_link: NewLink,
    account: StripeAccount,
    live_server: LiveServer,
    page: Page,
    complaints: list[str],
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)
    url = live_server.url + reverse("pay", args=[link.token])
    page.goto(url)

    page.get_by_label("How many").fill("7")
    at_once = page.locator(".line-total").all_inner_texts()
    page.get_by_label("How many").fill("11")
    beyond = page.locator("#total").inner_text()

    assert page.get_by_role("button", name="Update total").count() == 0
    form = {"update": "total", "quantity_0": "7"}
    said = page.request.post(url, form=form).text()
    for total in at_once:
        assert total in said
    assert (at_once[0], at_once[-1], beyond) == ("€129.50", "€134.50", "\u2013")
    assert complaints == []


@pytest.mark.parametrize("name", ["payments", "links", "leads", "today", "pipeline"])
def test_filter_that_cannot_be_read_is_told_in_place_of_the_list(
    admin: User, tenant: Tenant, live_server: LiveServer, page: Page, name: str
) -> None:
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(live_server.url + reverse(name))
    field = page.locator("form.filters select").first
    field.evaluate("(box) => { box.options[0].value = 'nonsense'; box.selectedIndex = 0; }")

    field.dispatch_event("change")

    page.get_by_role("alert").get_by_text("The filter cannot be read.").wait_for()
    assert page.get_by_role("alert").get_by_role("listitem").count() == 1
