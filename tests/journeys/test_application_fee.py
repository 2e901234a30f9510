"""A counselor asks for the application fee, the applicant pays it, and everybody sees it: once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from core.demo_story import Stage
from core.models import User
from core.tenancy import scope
from crm.demo_fee import tell_fee
from crm.models import Application, PaymentRequest, TimelineEntry
from crm.operations.applications import add_application
from crm.operations.fees import ask_for_fee
from crm.operations.leads import create_lead
from crm.operations.timeline import Actor
from payments.models import Checkout
from tests.journeys.browsing import Window
from tests.journeys.people import Buyer, Seller, at_once, eventually
from tests.journeys.test_stripe_faults import FAULTS, PATIENCE_SECONDS, disturb

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

PAID = "Thank you, the application fee is paid"
APPLICANTS = 20


@pytest.fixture
def new_window(seller: Seller, new_context: Callable[..., BrowserContext]) -> Iterator[Any]:
    """Open windows of separate browsers; none of our pages may make a console complain."""
    opened: list[Window] = []

    def open_window(**options: Any) -> Window:
        opened.append(Window(new_context(**options), seller.stack.url))
        return opened[-1]

    yield open_window
    assert [window.complaints for window in opened] == [[]] * len(opened)


def applies(seller: Seller, counselor: User, *, fee_minor: int = 5000) -> Application:
    """Make a lead of the counselor's with an application whose fee nobody asked for yet."""
    by, now = Actor(user=counselor), timezone.now()
    with scope(seller.tenant.pk):
        lead = create_lead(by=by, now=now, owner_id=counselor.pk, name="Eva de Smit")
        return add_application(
            lead_id=lead.pk, by=by, now=now, programme="Brewing course", fee_minor=fee_minor
        )


def asked(seller: Seller, counselor: User, **fields: Any) -> Application:
    """Ask for the fee of a new application."""
    application = applies(seller, counselor, **fields)
    with scope(seller.tenant.pk):
        return ask_for_fee(
            application_id=application.pk, by=Actor(user=counselor), now=timezone.now()
        )


def stage(seller: Seller, application: Application) -> str:
    with scope(seller.tenant.pk):
        return Application.objects.get(pk=application.pk).stage


def requests_of(seller: Seller) -> list[PaymentRequest]:
    with scope(seller.tenant.pk):
        return list(PaymentRequest.objects.order_by("created_at"))


def log_in(window: Window, user: User, path: str) -> None:
    window.open(f"{window.site}{path}")
    window.page.get_by_label("E-mail").fill(user.email)
    window.page.get_by_label("Password").fill("correct horse")
    window.press("Log in")


@pytest.mark.browser
def test_fee_is_asked_for_paid_and_told(
    seller: Seller, new_window: Callable[..., Window], counselor: User
) -> None:
    application = applies(seller, counselor)
    desk, phone = new_window(), new_window(viewport={"width": 390, "height": 844}, is_mobile=True)
    log_in(desk, counselor, f"/leads/{application.lead_id}/")
    desk.press("Ask for the fee")
    field = desk.page.get_by_label("Address at which the fee is paid")
    address = field.input_value()
    desk.is_accessible()

    phone.open(address)
    phone.is_accessible()
    phone.press("Pay application fee")
    phone.fill_card()
    phone.press("Pay")

    phone.ends_with(PAID)
    phone.is_accessible()
    assert stage(seller, application) == "payment_received"
    desk.page.reload()
    expect(desk.page.get_by_role("main")).to_contain_text("Payment received")
    expect(desk.page.get_by_role("main")).to_contain_text("€50.00 by Card · Visa ···· 4242.")
    with scope(seller.tenant.pk):
        told = TimelineEntry.objects.filter(application=application).order_by("happened_at")
        kinds = list(told.values_list("kind", flat=True))
    assert kinds == ["application_added", "fee_asked", "fee_paid", "moved"]
    [session] = seller.sessions()
    [request] = requests_of(seller)
    assert session["metadata"]["payment_request_id"] == str(request.pk)
    assert (request.state, request.stripe_session_id) == ("paid", session["id"])


@pytest.mark.browser
def test_fee_is_paid_without_scripts(
    seller: Seller, new_window: Callable[..., Window], counselor: User
) -> None:
    application = asked(seller, counselor)
    window = new_window(java_script_enabled=False, color_scheme="dark")
    window.open(application.fee_url)
    window.press("Pay application fee")
    window.fill_card()

    window.press("Pay")

    window.ends_with(PAID)
    assert [one.state for one in requests_of(seller)] == ["paid"]


@pytest.mark.browser
def test_double_click_and_two_tabs_open_one_session(
    seller: Seller, new_window: Callable[..., Window], counselor: User
) -> None:
    application = asked(seller, counselor)
    first, second = new_window(), new_window()
    for window in (first, second):
        window.open(application.fee_url)

    first.page.get_by_role("button", name="Pay application fee").dblclick()
    second.press("Pay application fee")

    for window in (first, second):
        window.page.wait_for_url("**/c/pay/**")
    assert first.page.url == second.page.url
    assert len(seller.sessions()) == 1
    assert [one.state for one in requests_of(seller)] == ["pending"]


def test_twenty_clicks_of_twenty_people_open_one_session(seller: Seller, counselor: User) -> None:
    application = asked(seller, counselor)

    answers = at_once(lambda buyer: buyer.click(application.fee_url), [Buyer() for _ in range(20)])

    ways = {one.headers.get("Location") for one in answers if one.status_code == 303}
    assert {one.status_code for one in answers} <= {303, 503}
    assert len(ways) == len(seller.sessions()) == len(requests_of(seller)) == 1


def test_killed_worker_loses_no_fee(seller: Seller, counselor: User) -> None:
    application = asked(seller, counselor)
    page = Buyer().start(application.fee_url)
    seller.stack.kill_worker()

    Buyer().pay(page)
    before = [one.state for one in requests_of(seller)]
    seller.stack.worker.start()
    seller.stack.wait_ready()

    eventually(lambda: stage(seller, application) == "payment_received", "the stage", seconds=60)
    assert before == ["pending"]
    assert [one.state for one in requests_of(seller)] == ["paid"]


def pay_in_spite(application: Application) -> None:
    """Press the button until Stripe's page opens, as the page asks one to, and pay there."""
    buyer = Buyer()
    opened = eventually(
        lambda: buyer.click(application.fee_url).headers.get("Location"),
        "Stripe's page",
        seconds=PATIENCE_SECONDS,
    )
    assert buyer.pay(opened)


def test_no_fee_is_lost_or_doubled_while_stripe_fails(seller: Seller, counselor: User) -> None:
    applications = [
        asked(seller, counselor, fee_minor=1000 + number) for number in range(APPLICANTS)
    ]
    disturb(seller)

    at_once(pay_in_spite, applications)
    eventually(
        lambda: {stage(seller, one) for one in applications} == {"payment_received"},
        "all fees",
        seconds=PATIENCE_SECONDS,
    )

    struck = [call["fault"] for call in seller.sandbox.control("GET", "requests")["requests"]]
    assert {fault["kind"] for fault in FAULTS} <= set(struck)
    seller.sandbox.control("DELETE", "faults")
    seller.stack.wait_quiet()
    wanted = Counter(one.fee_minor for one in applications)
    sessions = seller.sessions()
    assert Counter(one["amount_total"] for one in sessions) == wanted
    assert {one["payment_status"] for one in sessions} == {"paid"}
    kept = requests_of(seller)
    assert Counter(one.amount_minor for one in kept) == wanted
    assert {one.state for one in kept} == {"paid"}
    assert {one.stripe_session_id for one in kept} == {one["id"] for one in sessions}
    assert {one.checkout_id for one in kept} == {one.pk for one in seller.rows(Checkout)}
    with scope(seller.tenant.pk):
        told = TimelineEntry.objects.filter(kind="fee_paid").values_list("application", flat=True)
        assert Counter(told) == Counter(one.pk for one in applications)


def test_demo_tells_of_a_fee_paid_one_refused_and_one_open(
    seller: Seller, counselor: User, admin: User
) -> None:
    told: list[str] = []
    stage_ = Stage(say=told.append, now=timezone.now())
    stage_.tenant, stage_.admin = seller.tenant, admin
    names = ("paid", "failed", "left_open")
    wanted = {name: applies(seller, counselor).pk for name in names}

    for _ in range(2):
        tell_fee(stage_, **wanted)

    states = {one.application_id: one.state for one in requests_of(seller)}
    assert [states[wanted[name]] for name in names] == ["paid", "failed", "pending"]
    assert len(seller.sessions()) == 3
