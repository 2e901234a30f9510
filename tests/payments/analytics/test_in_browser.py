"""Analytics in a real browser: accessible, no wider than a phone, and fresh without a flicker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import Tenant, User
from core.tenancy import scope
from tests.payments.analytics.conftest import Ledger
from tests.payments.pages.conftest import log_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
NewLedger = Callable[[Tenant], Ledger]
EURO = {"currency": "EUR", "state": "succeeded", "standing": "expected"}


@pytest.fixture
def desk(
    page: Page,
    live_server: LiveServer,
    admin: User,
    log_in: Callable[[User], Client],  # noqa: F811
) -> Page:
    """A browser in which an admin is logged in."""
    session = log_in(admin).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(
    *,
    desk: Page,
    live_server: LiveServer,
    tenant: Tenant,
    make_ledger: NewLedger,
    now: datetime,
    scheme: Any,
) -> None:
    complaints: list[str] = []
    desk.on(
        "console",
        lambda said: (
            complaints.append(said.text) if "the server responded" not in said.text else None
        ),
    )
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        link = ledger.link(title="Supercalifragilistic" * 6)
        ledger.views(link, now.date(), 12)
        for _ in range(30):
            ledger.payment(now, link)
    desk.emulate_media(color_scheme=scheme)
    found = []
    for path in ("/analytics/", "/analytics/?least=x", "/analytics/?currency=ZMW", "/settings/",
                 "/settings/statistics/", "/analytics/?first_day=2020-01-01"):  # fmt: skip
        for width in (390, 1280):
            desk.set_viewport_size({"width": width, "height": 900})
            desk.goto(live_server.url + path)
            for fold in desk.locator("details.figures > summary").all():
                fold.click()
            wide = desk.evaluate("document.documentElement.scrollWidth")
            found += [(path, width, text) for text in complaints]
            found += [(path, width, one["id"]) for one in Axe().run(desk).response["violations"]]
            complaints.clear()  # axe tries things that our pages forbid
            found += [(path, width, wide)] if wide > width else []

    assert found == []


def hurry(page: Page) -> None:
    """Let the page think that its figures are old: it looks each second whether they are."""
    page.evaluate("document.getElementById('figures').dataset.refresh = '0'")


def test_figures_renew_themselves_and_keep_focus_and_folds(
    desk: Page, live_server: LiveServer, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=1000, **EURO)
    desk.goto(f"{live_server.url}/analytics/")
    desk.locator("#open-days").click()
    desk.locator("#file-days").focus()
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=234, **EURO)

    hurry(desk)

    expect(desk.locator("#figures")).to_contain_text("€12.34")
    expect(desk.locator("#file-days")).to_be_focused()
    expect(desk.locator("#table-days")).to_have_attribute("open", "")


def test_figures_that_did_not_change_are_left_alone(
    desk: Page, live_server: LiveServer, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=1000, **EURO)
    desk.goto(f"{live_server.url}/analytics/")
    desk.evaluate("document.querySelector('.money-cards').dataset.mine = 'yes'")

    with desk.expect_response("**/analytics/"):
        hurry(desk)
    desk.wait_for_load_state("networkidle")

    expect(desk.locator(".money-cards")).to_have_attribute("data-mine", "yes")


@pytest.mark.parametrize(
    ("doing", "is_asked"), [("nothing", True), ("typing", False), ("looking elsewhere", False)]
)
def test_figures_are_asked_for_while_somebody_looks_and_does_not_type(
    *,
    desk: Page,
    live_server: LiveServer,
    tenant: Tenant,
    make_ledger: NewLedger,
    now: datetime,
    doing: str,
    is_asked: bool,
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=1000, **EURO)
    if doing == "looking elsewhere":
        desk.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
    desk.clock.install()
    desk.goto(f"{live_server.url}/analytics/")
    if doing == "typing":
        desk.get_by_label("Amount from").fill("1")
    asked: list[str] = []
    desk.on("request", lambda sent: asked.append(sent.url) if "/analytics/" in sent.url else None)

    desk.clock.run_for(60_000)

    assert bool(asked) == is_asked
