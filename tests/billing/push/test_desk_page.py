"""The push desk as staff see it, without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Push, PushDesk
from billing.queries.push_desk import push_progress
from core.tenancy import scope

URL = "/billing/push/"


@pytest.fixture
def page(world, admin):
    client = Client()
    client.force_login(admin)
    return client


def test_desk_shows_what_waits_and_for_how_long(world, page, settings):
    settings.STRIPE_RATE_GLOBAL = settings.STRIPE_RATE_PER_ENDPOINT = 25
    for _ in range(3):
        world.invoice()

    answer = page.get(URL)

    assert answer.status_code == 200
    assert answer.context["progress"].waiting == 3
    assert "less than a minute" in answer.text
    assert "Nothing needs you" in answer.text


def test_difference_is_shown_with_both_sides(world, page):
    invoice = world.invoice()
    with scope(world.tenant.pk):
        Push.objects.update(
            state="mismatch", next_at=None, stripe_id="in_1",
            differences=[["<b>Line</b>", "1000", "1001"]],
        )  # fmt: skip

    text = page.get(URL).text

    assert "<td>&lt;b&gt;Line&lt;/b&gt;</td>" in text
    assert 'data-label="Ours"><div>1000</div>' in text
    assert 'data-label="Stripe\N{RIGHT SINGLE QUOTATION MARK}s"><div>1001</div>' in text
    assert invoice.number in text
    assert "Delete the draft, send anew" in text


def test_silence_is_told_with_what_waits(world, page):
    world.invoice()
    with scope(world.tenant.pk):
        PushDesk.objects.update(down_since="2026-11-01T10:00:00Z")

    text = page.get(URL).text

    assert "Stripe has given no answer since" in text
    assert "Nothing is lost: 1 invoice waits and will go out by itself" in text


def test_pause_and_resume_by_form(world, page):
    world.invoice()

    page.post(f"{URL}pause/", {"reason": "Prices are being checked"})
    paused = page.get(URL).text
    page.post(f"{URL}resume/")

    assert "“Prices are being checked”" in paused
    with scope(world.tenant.pk):
        assert PushDesk.objects.get().paused_at is None


@pytest.mark.parametrize("reason", ["", "x" * 301, "\x00"])
def test_pause_without_a_plain_reason_changes_nothing(world, page, reason):
    world.invoice()

    answer = page.post(f"{URL}pause/", {"reason": reason})

    assert answer.status_code == 302
    with scope(world.tenant.pk):
        assert PushDesk.objects.get().paused_at is None


def test_retry_brings_a_stopped_push_back(world, page):
    invoice = world.invoice()
    with scope(world.tenant.pk):
        Push.objects.update(state="blocked", next_at=None)

    page.post(f"{URL}{world.push(invoice).pk}/retry/")

    assert world.push(invoice).state == "queued"


def test_foreign_push_is_not_there(world, other_admin):
    invoice = world.invoice()
    client = Client()
    client.force_login(other_admin)

    answer = client.post(f"{URL}{world.push(invoice).pk}/retry/")

    assert answer.status_code == 404
    assert invoice.number not in client.get(URL).text


def test_counselor_looks_and_changes_nothing(world, counselor):
    world.invoice()
    client = Client()
    client.force_login(counselor)

    shown, asked = client.get(URL), client.post(f"{URL}pause/", {"reason": "Why not"})

    assert (shown.status_code, asked.status_code) == (200, 403)


def test_list_takes_as_many_queries_for_thirty(world, page):
    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            assert page.get(f"{URL}?state=queued").status_code == 200
        return len(found)

    world.invoice()
    page.get(URL)
    one = count()
    for _ in range(29):
        world.invoice()

    assert count() == one


def test_rest_is_reckoned_by_the_rate_of_the_last_minute(world):
    """Stripe is slower than it allows: twelve in twenty-four seconds."""
    for _ in range(12):
        world.invoice()
    now = world.clock()
    with scope(world.tenant.pk):
        Push.objects.update(state="done", next_at=None, done_at=now - timedelta(seconds=24))
    for _ in range(3):
        world.invoice()

    with scope(world.tenant.pk):
        found = push_progress(now)

    assert (found.rate, found.seconds_left) == (0.5, 6)


def test_rest_is_reckoned_by_what_stripe_allows_before_anything_is_done(world, settings):
    settings.STRIPE_RATE_GLOBAL = settings.STRIPE_RATE_PER_ENDPOINT = 3
    settings.STRIPE_BULK_SHARE = 1.0
    for _ in range(5):
        world.invoice()

    with scope(world.tenant.pk):
        found = push_progress(world.clock())

    assert (found.rate, found.seconds_left) == (0.0, 5)
