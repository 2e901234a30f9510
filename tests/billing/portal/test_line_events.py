"""The events behind a line or of a meter, streamed: all, once, in order, a page at a time."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import InvoiceLine
from billing.operations.portal import portal_url
from billing.queries.usage_pages import EventFilter
from billing.queries.usage_rows import EventRow, stream_of_line, stream_of_meter
from core.models import Tenant
from core.tenancy import scope
from tests.billing.portal.world import World

THIRD, FOURTH = date(2026, 10, 3), date(2026, 10, 4)


@pytest.fixture
def line(world: World) -> InvoiceLine:
    """A line of two days, one of them with two buckets; and usage that is not of it."""
    world.use("cpu", FOURTH, "8", 4, app="web")
    world.use("cpu", THIRD, "30", 3, app="web")
    world.use("cpu", THIRD, "10", 5, app="api")
    world.use("cpu", date(2026, 11, 1), "99", 1, app="web")
    world.use("requests", THIRD, "1", 1, app="web")
    given = world.line("usage", 0, date(2026, 10, 1), source_id=world.prices["cpu"].pk, quantity=48)
    invoice = world.invoice(date(2026, 10, 5), [given], number="TAP-2")
    with scope(world.tenant.pk):
        return InvoiceLine.objects.get(invoice=invoice)


def pages(world: World, line: InvoiceLine, at_once: int) -> list[list[EventRow]]:
    found = stream_of_line(world.tenant.pk, world.organization, line, at_once=at_once)
    return list(found)


def keys(found: list[list[EventRow]]) -> list[str]:
    return [row.event.idempotency_key for page in found for row in page]


def test_events_come_day_by_day_and_each_once(world: World, line: InvoiceLine) -> None:
    rows = [row for page in pages(world, line, 100) for row in page]

    told = [(row.bucket.day, row.bucket.dimensions["app"], row.event.time) for row in rows]
    assert [(day, app) for day, app, _ in told[8:]] == [(FOURTH, "web")] * 4
    assert sorted(app for _, app, _ in told[:8]) == ["api"] * 5 + ["web"] * 3
    assert {day for day, _, _ in told[:8]} == {THIRD}
    assert len({row.event.idempotency_key for row in rows}) == 12
    for place in range(1, len(rows)):
        before, row = rows[place - 1], rows[place]
        assert before.event.bucket_id != row.event.bucket_id or before.event.time <= row.event.time


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 5, 8, 12])
def test_pages_hold_few_and_lose_none(world: World, line: InvoiceLine, at_once: int) -> None:
    found = pages(world, line, at_once)

    assert keys(found) == keys(pages(world, line, 100))
    assert max(len(page) for page in found) <= at_once


def test_page_costs_the_same_wherever_it_is(world: World, line: InvoiceLine) -> None:
    stream = stream_of_line(world.tenant.pk, world.organization, line, at_once=3)
    next(stream)
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            next(stream)
        costs.append(len(queries))

    assert costs[0] == costs[1]


def test_portal_streams_the_file(world: World, line: InvoiceLine, phone: Client) -> None:
    with scope(world.tenant.pk):
        portal = portal_url(world.organization).removeprefix("http://testserver")

    answer = phone.get(f"{portal}invoices/TAP-2/lines/{line.pk}/events.csv")

    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="events-TAP-2-1.csv"'
    assert len(answer.getvalue().decode("utf-8-sig").splitlines()) == 1 + 12


def test_foreign_company_streams_nothing(
    world: World, line: InvoiceLine, other_tenant: Tenant
) -> None:
    other: UUID = other_tenant.pk

    assert keys(list(stream_of_line(other, world.organization, line))) == []


def of_meter(world: World, tenant_id: UUID, at_once: int) -> list[list[EventRow]]:
    wanted = EventFilter(
        organization_id=world.organization.pk,
        meter_id=world.meters["cpu"].pk,
        since=THIRD,
        until=FOURTH,
        app="web",
    )
    return list(stream_of_meter(tenant_id, wanted, world.meters["cpu"], at_once=at_once))


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 8])
@pytest.mark.usefixtures("line")
def test_events_of_a_meter_come_page_by_page_oldest_first(world: World, at_once: int) -> None:
    found = of_meter(world, world.tenant.pk, at_once)

    times = [row.event.time for page in found for row in page]
    assert keys(found) == keys(of_meter(world, world.tenant.pk, 100))
    assert (len(times), times) == (7, sorted(times))
    assert max(len(page) for page in found) <= at_once


@pytest.mark.usefixtures("line")
def test_foreign_company_streams_nothing_of_a_meter(world: World, other_tenant: Tenant) -> None:
    assert keys(of_meter(world, other_tenant.pk, 100)) == []
