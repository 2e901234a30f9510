"""A seller makes a link, a customer pays it, and everybody sees the same: paid, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from core.models import User
from core.tenancy import scope
from payments.models import StripeEvent
from tests.journeys.browsing import Window
from tests.journeys.people import ASKS_3DS, DECLINED, Buyer, Seller, eventually, heading, session_id

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

PAID = "Thank you, this is paid"
NewWindow = Callable[..., Window]


@pytest.fixture
def new_window(seller: Seller, new_context: Callable[..., BrowserContext]) -> Iterator[NewWindow]:
    """Open windows of separate browsers; none of our pages may make a console complain."""
    opened: list[Window] = []

    def open_window(**options: Any) -> Window:
        opened.append(Window(new_context(**options), seller.stack.url))
        return opened[-1]

    yield open_window
    assert [window.complaints for window in opened] == [[]] * len(opened)


@pytest.fixture
def window(new_window: NewWindow) -> Window:
    """The customer's browser."""
    return new_window()


def outcomes(seller: Seller) -> list[str]:
    """What came of the signed events that say that a session was completed."""
    with scope(seller.tenant.pk):
        told = StripeEvent.objects.filter(type="checkout.session.completed")
        return list(told.filter(processed_at__isnull=False).values_list("outcome", flat=True))


@pytest.mark.browser
def test_link_is_paid_and_everybody_sees_it(
    seller: Seller, window: Window, new_window: NewWindow, admin: User
) -> None:
    link = seller.link(description="Deposit for the tasting room", reference="R-7")
    window.open(link["url"])
    window.is_accessible()
    window.press("Continue to payment")
    window.fill_card()

    window.press("Pay")

    window.shows(PAID)
    window.is_accessible()
    [payment] = seller.paid(link)
    assert (payment["amount"]["minor"], payment["amount"]["currency"]) == (12500, "EUR")
    assert (payment["last4"], payment["payer"]["email"]) == ("4242", "buyer@example.com")
    assert seller.status(link) == "paid"
    assert eventually(lambda: outcomes(seller), "an answer to the event") == ["succeeded"]

    window.open(link["url"])

    window.shows("This is paid")
    window.is_accessible()

    desk = new_window()
    desk.open(f"{seller.stack.url}/admin/payments/payment/{payment['id']}/change/")
    desk.page.get_by_label("E-mail").fill(admin.email)
    desk.page.get_by_label("Password").fill("correct horse")
    desk.press("Log in")

    expect(desk.page.get_by_role("main")).to_contain_text("€125.00")
    expect(desk.page.get_by_role("main")).to_contain_text("Success")


@pytest.mark.browser
def test_declined_card_can_be_tried_again_with_another(seller: Seller, window: Window) -> None:
    link = seller.link()
    window.buy(link["url"], DECLINED)
    expect(window.page.get_by_role("alert")).to_contain_text("declined")
    eventually(lambda: [one["status"] for one in seller.payments(link)] == ["failure"], "a failure")

    window.fill_card()
    window.press("Pay")

    window.ends_with(PAID)
    assert len(seller.paid(link)) == 1
    assert len(seller.sessions()) == 1


@pytest.mark.browser
def test_customer_who_left_after_a_decline_reads_why(seller: Seller, window: Window) -> None:
    link = seller.link()
    window.buy(link["url"], DECLINED)
    eventually(lambda: seller.payments(link), "the failure")

    window.open(link["url"])

    window.is_accessible()
    expect(window.page.get_by_role("status")).to_contain_text("Your last try did not go through.")
    window.press("Continue to payment")
    window.fill_card()
    window.press("Pay")
    window.ends_with(PAID)
    assert len(seller.paid(link)) == 1


@pytest.mark.browser
def test_bank_that_asks_for_3d_secure_is_answered(seller: Seller, window: Window) -> None:
    link = seller.link()
    window.buy(link["url"], ASKS_3DS)

    window.press("Fail")
    expect(window.page.get_by_role("alert")).to_be_visible()
    window.fill_card(ASKS_3DS)
    window.press("Pay")
    window.press("Complete")

    window.ends_with(PAID)
    assert len(seller.paid(link)) == 1


@pytest.mark.browser
@pytest.mark.parametrize(
    ("succeeds", "status", "last_heading"),
    [(True, "success", PAID), (False, "failure", "The payment did not go through")],
)
def test_bank_debit_waits_for_the_bank(
    seller: Seller, window: Window, succeeds: bool, status: str, last_heading: str
) -> None:
    link = seller.link()
    window.open(link["url"])
    window.press("Continue to payment")
    window.page.get_by_label("Email").fill("buyer@example.com")
    window.page.get_by_label("Bank debit").check()
    window.press("Pay")
    window.ends_with("Your payment is on its way")
    window.is_accessible()
    assert [one["status"] for one in seller.payments(link)] == ["pending"]
    assert Buyer().click(link["url"]).status_code == 200, "nobody may pay it meanwhile"

    [session] = seller.sessions()
    seller.sandbox.control("POST", f"checkout/sessions/{session['id']}/async", succeeds=succeeds)

    eventually(lambda: [one["status"] for one in seller.payments(link)] == [status], status)
    window.page.reload()
    window.shows(last_heading)
    window.is_accessible()


@pytest.mark.browser
def test_customer_who_cancels_comes_back_to_the_same_page(seller: Seller, window: Window) -> None:
    link = seller.link()
    window.open(link["url"])
    window.press("Continue to payment")
    before = window.page.url

    window.page.get_by_role("link", name="Cancel").click()

    window.shows("Deposit")
    assert window.page.url == link["url"]
    window.press("Continue to payment")
    assert window.page.url == before
    window.fill_card()
    window.press("Pay")
    window.ends_with(PAID)
    assert len(seller.sessions()) == 1


@pytest.mark.browser
@pytest.mark.parametrize(
    "browser_options",
    [
        {"java_script_enabled": False},
        {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
        {"color_scheme": "dark", "locale": "de-DE"},
    ],
    ids=["no scripts", "phone", "dark"],
)
def test_link_is_paid_in_any_browser(
    seller: Seller, new_window: NewWindow, browser_options: dict[str, Any]
) -> None:
    link = seller.link()
    window = new_window(**browser_options)
    window.open(link["url"])
    if "java_script_enabled" not in browser_options:
        window.is_accessible()
    window.press("Continue to payment")
    window.fill_card()

    window.press("Pay")

    window.ends_with(PAID)
    if "java_script_enabled" not in browser_options:
        window.is_accessible()
    assert len(seller.paid(link)) == 1


@pytest.mark.browser
def test_link_is_paid_by_keyboard(seller: Seller, window: Window) -> None:
    link = seller.link()
    keys = window.page.keyboard
    window.open(link["url"])
    window.tab_to("Continue to payment")

    keys.press("Enter")
    window.page.wait_for_url("**/c/pay/**")
    typed = {"email": "bo@example.com", "number": "4242424242424242", "expiry": "12/40"}
    for name, text in {**typed, "cvc": "123", "name": "Bo"}.items():
        window.tab_to(name)
        keys.type(text)
    keys.press("Enter")

    window.ends_with(PAID)
    assert len(seller.paid(link)) == 1


def test_webhook_alone_records_the_payment(seller: Seller, buyer: Buyer) -> None:
    link = seller.link()

    back = buyer.buy(link["url"])

    assert len(seller.paid(link)) == 1
    assert heading(buyer.look(back)) == PAID


def test_customer_who_returns_is_believed_by_stripe_where_no_webhook_comes(
    seller: Seller, buyer: Buyer
) -> None:
    link = seller.link()
    seller.sandbox.control("POST", "faults", kind="webhook_drop")

    back = buyer.buy(link["url"])

    eventually(lambda: heading(buyer.look(back)) == PAID, "the page that says so")
    assert len(seller.paid(link)) == 1
    with scope(seller.tenant.pk):
        assert StripeEvent.objects.count() == 0


def test_return_without_payment_pays_nothing(seller: Seller, buyer: Buyer) -> None:
    link = seller.link()
    session = session_id(buyer.start(link["url"]))

    answer = buyer.look(f"{link['url']}return/?session={session}")

    assert heading(answer) != PAID
    seller.stack.wait_quiet()
    assert (seller.payments(link), seller.status(link)) == ([], "active")
