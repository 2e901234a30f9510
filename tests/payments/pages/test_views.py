"""Views of a link: people's looks are counted, each once, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from core.models import Tenant
from core.tenancy import scope
from payments.models import LinkViews, PaymentLink, StripeAccount
from payments.operations.links import deactivate_link
from payments.operations.views import count_view

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def views_of(link: PaymentLink) -> dict[date, int]:
    with scope(link.tenant_id):
        return dict(LinkViews.objects.filter(link=link).values_list("day", "views"))


def look(link: PaymentLink, **headers: str) -> int:
    client = Client()
    headers = {"User-Agent": PERSON, **headers}
    return client.get(reverse("pay", args=[link.token]), headers=headers).status_code


def test_each_look_counts_on_the_companys_day(
    new_link: NewLink, account: StripeAccount, tenant: Tenant, now: datetime
) -> None:
    link = new_link()

    for _ in range(3):
        look(link)

    assert views_of(link) == {now.astimezone(ZoneInfo("Europe/Amsterdam")).date(): 3}


def test_look_at_a_link_that_is_over_counts_too(
    new_link: NewLink, account: StripeAccount, now: datetime
) -> None:
    link = new_link()
    with scope(link.tenant_id):
        deactivate_link(link_id=link.pk, now=now)

    assert look(link) == 410
    assert list(views_of(link).values()) == [1]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
    ],
)
def test_programs_and_pages_fetched_ahead_do_not_count(
    new_link: NewLink, account: StripeAccount, headers: dict[str, str]
) -> None:
    link = new_link()

    assert look(link, **headers) == 200
    assert views_of(link) == {}


def test_head_and_other_pages_do_not_count(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link()

    phone.head(reverse("pay", args=[link.token]))
    phone.get(reverse("pay_qr", args=[link.token]))
    phone.get(reverse("pay_return", args=[link.token]))
    phone.get(reverse("pay", args=["x" * 32]))

    assert views_of(link) == {}


def test_page_is_there_though_the_view_cannot_be_counted(
    new_link: NewLink, account: StripeAccount, superuser_connection: psycopg.Connection
) -> None:
    link = new_link()
    superuser_connection.execute(
        "ALTER TABLE payments_linkviews ADD CONSTRAINT full_up CHECK (false) NOT VALID"
    )
    try:
        status = look(link)
    finally:
        superuser_connection.execute("ALTER TABLE payments_linkviews DROP CONSTRAINT full_up")

    assert status == 200
    assert views_of(link) == {}
    assert look(link) == 200
    assert list(views_of(link).values()) == [1]


def test_many_at_once_lose_no_view(new_link: NewLink, account: StripeAccount) -> None:
    links = [new_link(), new_link()]

    def many(number: int) -> int:
        try:
            return [look(links[(number + n) % 2]) for n in range(10)].count(200)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(many, range(8)))

    assert answered == 80
    assert [sum(views_of(link).values()) for link in links] == [40, 40]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Auckland", date(2026, 3, 2)),
        ("America/New_York", date(2026, 3, 1)),
        ("Asia/Kolkata", date(2026, 3, 2)),
    ],
)
def test_view_lies_in_the_day_of_the_companys_zone(new_link: NewLink, zone: str, day: date) -> None:
    link = new_link()
    at = datetime(2026, 3, 1, 18, 31, tzinfo=UTC)

    count_view(tenant_id=link.tenant_id, link_id=link.pk, zone=ZoneInfo(zone), now=at)

    assert views_of(link) == {day: 1}


def test_views_of_another_company_stay_hidden(
    new_link: NewLink, account: StripeAccount, other_tenant: Tenant
) -> None:
    look(new_link())

    with scope(other_tenant.pk):
        assert LinkViews.objects.count() == 0


def test_views_below_zero_are_refused(new_link: NewLink, tenant: Tenant) -> None:
    link = new_link()

    with (
        pytest.raises(Exception, match="link_views_not_negative"),
        scope(tenant.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO payments_linkviews (tenant_id, link_id, day, views)"
            " VALUES (%s, %s, '2026-01-01', -1)",
            [tenant.pk, link.pk],
        )


def test_second_row_of_a_day_is_refused(new_link: NewLink, tenant: Tenant) -> None:
    link = new_link()

    with pytest.raises(Exception, match="link_views_once_a_day"), scope(tenant.pk):
        for _ in range(2):
            LinkViews.objects.create(tenant=tenant, link=link, day=date(2026, 1, 1), views=1)
