"""A Dutch browser on public pages: Dutch words, and a way to English that is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from core.languages import COOKIE
from core.models import Tenant, User
from core.tenancy import scope
from payments.models import PaymentLink, Receipt, StripeAccount
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
PHONE: Any = {"width": 390, "height": 844}


@pytest.fixture
def dutch(browser: Browser) -> Iterator[Page]:
    """A phone that asks for Dutch."""
    context = browser.new_context(locale="nl-NL", viewport=PHONE)
    yield context.new_page()
    context.close()


@pytest.mark.browser
def test_visitor_reads_dutch_and_picks_english_for_good(
    new_link: NewLink, account: StripeAccount, live_server: LiveServer, dutch: Page
) -> None:
    link = new_link(expires_at=datetime(2027, 5, 24, 17, tzinfo=UTC))
    address = live_server.url + reverse("pay", args=[link.token])

    dutch.goto(address)
    assert dutch.locator("html").get_attribute("lang") == "nl"
    assert dutch.get_by_role("button", name="Verder naar de betaling").is_visible()
    assert "€ 125,00" in dutch.locator(".amount").inner_text().replace("\xa0", " ")
    assert "24 mei 2027" in dutch.content()
    assert Axe().run(dutch).response["violations"] == []

    dutch.get_by_role("link", name="English").click()
    assert dutch.locator("html").get_attribute("lang") == "en"
    assert dutch.get_by_role("button", name="Continue to payment").is_visible()

    dutch.goto(address)
    assert dutch.locator("html").get_attribute("lang") == "en"
    assert [one["name"] for one in dutch.context.cookies() if one["name"] == COOKIE] == [COOKIE]


@pytest.mark.browser
def test_receipt_is_whole_on_a_dutch_phone(
    customer: Customer, new_link: NewLink, now: datetime, live_server: LiveServer, dutch: Page
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout)
    customer.hear(now)
    with scope(customer.tenant.pk):
        token = Receipt.objects.get().token

    dutch.goto(live_server.url + reverse("receipt", args=[token]))

    assert dutch.get_by_role("heading", level=1).inner_text().startswith("Ontvangstbewijs R-")
    assert Axe().run(dutch).response["violations"] == []
    assert dutch.evaluate("() => document.documentElement.scrollWidth") <= 390
    with dutch.expect_download() as waiting:
        dutch.get_by_role("link", name="Bewaar als PDF").click()
    assert waiting.value.suggested_filename.endswith(".pdf")


def test_stripes_page_is_asked_to_speak_the_visitors_language(
    new_link: NewLink, account: StripeAccount, phone: Client, tenant: Tenant, sandbox: Any
) -> None:
    asked = {}
    for language in ("nl-BE,en;q=0.5", "de", "en-GB"):
        link = new_link()
        phone.post(reverse("pay", args=[link.token]), headers={"Accept-Language": language})
        with scope(tenant.pk):
            asked[language] = link.checkouts.get().language

    assert asked == {"nl-BE,en;q=0.5": "nl", "de": "auto", "en-GB": "en"}


def test_every_state_is_told_in_dutch(new_link: NewLink, phone: Client, tenant: Tenant) -> None:
    link = new_link()

    closed = phone.get(reverse("pay", args=[link.token]), headers={"Accept-Language": "nl-NL"})
    unknown = phone.get(reverse("pay", args=["A" * 32]), headers={"Accept-Language": "nl-NL"})

    assert heading(closed) == f"{tenant.name} kan op dit moment geen betalingen aannemen"
    assert "Er is niets afgeschreven" in words(closed)
    assert heading(unknown) == "Op dit adres is geen betaallink"
    for answer in (closed, unknown):
        assert answer["Content-Language"] == "nl"
        assert "Accept-Language" in answer["Vary"]


def test_choice_by_link_keeps_the_rest_of_the_address(new_link: NewLink, phone: Client) -> None:
    link = new_link()

    page = phone.get(reverse("pay", args=[link.token]) + "?lang=nl&x=1%262")

    assert 'href="?x=1%262&amp;lang=en"' in page.content.decode()
    assert page.cookies[COOKIE].value == "nl"


def test_poster_is_printed_in_the_language_of_who_reads_it(
    new_link: NewLink, counselor: User, log_in: Callable[[User], Client]
) -> None:
    link = new_link()
    address = reverse("link_poster", args=[link.pk])
    staff = log_in(counselor)

    english = staff.get(address, headers={"Accept-Language": "nl"}).content.decode()
    dutch = staff.get(address, {"lang": "nl"}).content.decode()

    assert "Scan the code with your phone" in english
    assert '<article class="card poster" lang="nl">' in dutch
    assert "Scan de code met de camera van uw telefoon" in dutch
    assert "€\xa0125,00" in dutch
