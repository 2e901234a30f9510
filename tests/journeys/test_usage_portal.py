"""Stripe is gone, and a developer still sees what they owe, to the cent, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from billing.models import PushDesk
from billing.operations.portal import portal_url
from billing.queries.statement import statement_of
from core.models import Tenant
from core.money import Money
from core.periods import local_date
from core.tenancy import scope
from tests.billing.portal.world import World, make_world
from tests.journeys.office import NewWindow
from tests.stack import Stack
from tests.stripe import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("journey")]


@pytest.fixture
def silent(sandbox: Sandbox) -> Iterator[None]:
    """Let Stripe drop every connection, and come back afterwards."""
    sandbox.control("POST", "faults", kind="drop_before", path="/v1/*")
    yield
    sandbox.control("POST", "reset")


@pytest.fixture
def world(tenant: Tenant, stack: Stack, settings: Settings) -> World:
    """An organization that used something today and yesterday."""
    settings.PUBLIC_URL = stack.url
    now = timezone.now()
    made = make_world(tenant, billing_starts_on=(now - timedelta(days=40)).date())
    today = local_date(now, made.organization.zone)
    made.use("cpu", today, "12000", 3, app="web", region="ams")
    made.use("cpu", today, "400", 1, app="db", region="ams")
    return made


@pytest.mark.django_db
def test_portal_is_right_while_stripe_is_gone(
    world: World, silent: None, new_window: NewWindow
) -> None:
    now = timezone.now()
    with scope(world.tenant.pk):
        PushDesk.objects.create(tenant=world.tenant, down_since=now - timedelta(hours=2))
        address = portal_url(world.organization)
        owed = Money(statement_of(world.organization, now=now).total_minor, "EUR")
    phone = new_window(viewport={"width": 390, "height": 844}, java_script_enabled=False)

    phone.open(address)

    phone.shows("What you owe")
    expect(phone.page.locator(".owed .amount")).to_have_text(owed.display())
    expect(phone.page.get_by_text("Stripe has not answered since")).to_be_visible()
    phone.page.get_by_role("link", name="Usage", exact=True).click()
    phone.page.get_by_role("link", name="CPU time").click()
    phone.page.get_by_role("link", name="See the events").click()
    expect(phone.page.locator("tbody tr")).to_have_count(4)
    expect(phone.page.get_by_text("4,000\N{NO-BREAK SPACE}s")).to_have_count(3)
