"""Every page of the portal and its like for staff in a real browser: accessible, phone to desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from billing.models import Notice, PushDesk
from billing.operations.portal import portal_url
from core.models import User
from core.tenancy import scope
from tests.billing.portal.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SUBPAGES = [
    "", "usage/", "usage/cpu-acme/", "usage/cpu-acme/events/", "invoices/", "invoices/TAP-2/",
    "alerts/", "invoices/none/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Let the clock go on from noon of 18 November 2026: a frozen one hangs the server."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def portal(world: World, live_server: LiveServer, settings: Settings) -> str:
    """The address of a portal with something on every page."""
    settings.PUBLIC_URL = live_server.url
    for day in range(1, 18):
        world.use("cpu", date(2026, 11, day), "7000.5", 2, app="a" * 60, region="ams")
    world.item(-1500, date(2026, 11, 10), "Goodwill " + "x" * 90)
    world.invoice(date(2026, 9, 5), state="past_due", number="TAP-1", hosted_url="https://x.test/")
    line = world.line("late", 700, date(2026, 9, 1), source_id=world.prices["cpu"].pk, quantity=5)
    world.invoice(date(2026, 10, 5), [line], number="TAP-2", hosted_url="https://x.test/")
    with scope(world.tenant.pk):
        PushDesk.objects.create(tenant=world.tenant, down_since=NOW - timedelta(hours=1))
        Notice.objects.create(
            tenant=world.tenant, organization=world.organization, kind="x", once="x",
            title="Your card was declined.", text="Open the invoice and pay it.",
        )  # fmt: skip
        return portal_url(world.organization)


def check(page: Page, url: str) -> None:
    """Find nothing wrong with a page on a phone and on a desk, with all that folds unfolded."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(url)
        for folded in page.locator("main details").all():
            folded.locator("summary").first.click()
        found: list[Any] = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], url
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{url} scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_portal(portal: str, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)

    for sub in SUBPAGES:
        check(page, portal + sub)


def test_staff_pages(
    portal: str, world: World, admin: User, live_server: LiveServer, page: Page
) -> None:
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    for path in ("", f"{world.organization.pk}/"):
        check(page, f"{live_server.url}/billing/organizations/{path}")


def test_portal_works_by_keyboard_and_without_scripts(portal: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(portal)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Why? CPU time").focus()
    page.keyboard.press("Enter")

    assert page.get_by_text("Added up over these days:").is_visible()
    page.goto(f"{portal}alerts/")
    page.get_by_label("Limit in EUR").fill("250")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change the limit").wait_for()
    assert page.get_by_text("€250.00").first.is_visible()
    context.close()
