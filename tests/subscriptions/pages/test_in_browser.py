"""The pages of clubs in a real browser: accessible, no wider than a phone, quiet, alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from core.models import User
from core.tenancy import scope
from subscriptions.models import Club, ClubRun, Subscription
from subscriptions.operations.clubs import make_club
from subscriptions.operations.run_work import charge_next
from subscriptions.operations.skips import skip_month
from subscriptions.operations.status import change_status
from subscriptions.queries.months import month_after, month_at
from tests.payments.pages.test_in_browser import check
from tests.stripe import Sandbox
from tests.subscriptions.conftest import LONG_AGO
from tests.subscriptions.shops import drafted, started, work

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
PEOPLE = (
    "ann",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "customer-declined-1",
    "customer-expired-2",
)


@pytest.fixture
def staff_page(admin: User, live_server: LiveServer, page: Page) -> Page:
    """The browser of an admin."""
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


@pytest.fixture
def story(club: Club, join: Callable[..., Subscription], shop: Sandbox) -> list[str]:
    """A year of a club with a run in review; the addresses of its pages."""
    now = timezone.now()
    long_ago = now - timedelta(days=300)
    people = [join(name, now=long_ago) for name in PEOPLE]
    for number in range(24):
        member = join(f"customer-{number:03}", now=long_ago + timedelta(days=9 * number))
        with scope(club.tenant_id):
            if number % 3 == 0:
                when = long_ago + timedelta(days=9 * number + 20)
                change_status(reference=member.reference, status=3, by=None, now=when, interval=30)
            if number % 5 == 1:
                when = min(now, long_ago + timedelta(days=9 * number + 40))
                change_status(reference=member.reference, status=2, by=None, now=when)
    with scope(club.tenant_id):
        month = month_at(now, club)
        skip_month(
            reference=people[0].reference, month=month_after(month), reason="Travels", by=None,
            now=now,
        )  # fmt: skip
        make_club(number=2, name="Stouts of the Northern Isles", store_sku=8, now=LONG_AGO)
        make_club(number=3, name="Sour", store_sku=9, now=LONG_AGO, status=2)
    run = started(club, now)
    work(run, now)
    with scope(club.tenant_id):
        second = Club.objects.get(number=2)
    draft = drafted(second, month, now)
    member = f"/clubs/members/{people[0].pk}/"
    return [
        "/clubs/", "/clubs/1/", "/clubs/1/status/", "/clubs/2/run/", "/clubs/board/",
        "/clubs/worklist/", f"/clubs/1/run/{run.pk}/", f"/clubs/2/run/{draft.pk}/",
        *(f"{member}{page}" for page in ("", "pause/", "cancel/", "reactivate/", "move/")),
    ]  # fmt: skip


def test_every_page(
    story: list[str], staff_page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    for path in story:
        check(staff_page, complaints, live_server.url + path)


def test_progress_follows_by_itself(
    club: Club,
    members: list[Subscription],
    staff_page: Page,
    live_server: LiveServer,
    shop: Sandbox,
) -> None:
    now = timezone.now()
    run: ClubRun = drafted(club, month_at(now, club), now)
    staff_page.goto(f"{live_server.url}/clubs/1/run/{run.pk}/")

    staff_page.get_by_role("button", name="Start: charge 3 members").click()
    staff_page.get_by_text("0 of 3 had their turn").wait_for()
    charge_next(tenant_id=club.tenant_id, run_id=run.pk, now=now)
    staff_page.get_by_text("1 of 3 had their turn").wait_for()
    work(run, now)
    staff_page.get_by_text("3 of 3 had their turn").wait_for()

    assert staff_page.get_by_role("button", name="Stop").count() == 0


def test_pause_by_keyboard(
    club: Club, members: list[Subscription], staff_page: Page, live_server: LiveServer
) -> None:
    staff_page.goto(f"{live_server.url}/clubs/members/{members[0].pk}/pause/")

    staff_page.get_by_label("Active again on").focus()
    for _ in range(10):
        staff_page.keyboard.press("Tab")
        if staff_page.evaluate("() => document.activeElement.textContent") == "Look it over":
            break
    staff_page.keyboard.press("Enter")
    staff_page.get_by_role("heading", name="Pause until further notice?").wait_for()
    staff_page.get_by_text("none in sight").wait_for()
    staff_page.get_by_role("button", name="Pause the member").press("Enter")

    staff_page.get_by_text("The member pauses.").wait_for()
