"""Pages of the portal: right figures, for whoever has the address and nobody else."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Alert, Notice, PushDesk
from billing.operations.portal import portal_url, roll_portal_address
from billing.queries.statement import statement_of
from core.models import Tenant
from core.money import Money
from core.tenancy import scope
from tests.billing.portal.world import World, make_world
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
SUBPAGES = ["", "usage/", "usage/cpu-acme/", "usage/cpu-acme/events/", "invoices/", "alerts/"]


@pytest.fixture
def portal(world: World) -> str:
    """The path of the organization's portal."""
    with scope(world.tenant.pk):
        return portal_url(world.organization).removeprefix("http://testserver")


def test_first_page_shows_what_the_compile_states(world: World, portal: str, phone: Client) -> None:
    world.use("cpu", date(2026, 11, 3), "12000", app="web", region="ams")
    world.use("cpu", date(2026, 11, 4), "8000", app="db", region="ams")
    world.tax("21")
    with scope(world.tenant.pk):
        total = Money(statement_of(world.organization, now=world.now).total_minor, "EUR")

    page = words(phone.get(portal))

    shown = total.display()
    assert f"So far this period {shown} 1 to 30 Nov 2026 · day 18 of 30" in page
    products = "Compute €73.50 Support €29.00 Storage €5.00 Tax €22.58"
    assert f"By product Product So far {products} Total {shown}" in page
    apps = "web €44.10 db €29.40 Recurring fees €29.00 Minimums €5.00 Tax €22.58"
    assert f"By app App So far {apps} Total {shown}" in page
    assert "3 Nov 2026 €44.10" in page
    assert "4 Nov 2026 €29.40 3 Nov" in page


def test_forecast_goes_on_as_the_last_week_went(world: World, portal: str, phone: Client) -> None:
    for day in range(11, 18):
        world.use("cpu", date(2026, 11, day), "700", app="web", region="ams")

    page = words(phone.get(portal))

    # 4,900 s so far and 700 s on each of 13 days make 14,000 s.
    cpu = 5000 + 3000 * Decimal("0.25") + 100
    assert f"Expected at the end about €{(cpu + 2900 + 500) / 100:.2f}" in page
    assert "the daily average of the last 7 whole days for each day that is left" in page


def test_forecast_without_a_whole_day_is_what_was_used(
    world: World, portal: str, phone: Client
) -> None:
    world.change(billing_starts_on=date(2026, 11, 18))
    world.use("cpu", date(2026, 11, 18), "2000", app="web")

    page = words(phone.get(portal))

    assert "No whole day of this period has passed yet" in page


def test_changes_are_told_against_the_invoice_before(
    world: World, portal: str, phone: Client
) -> None:
    lines = [
        world.line("recurring", 2900, date(2026, 10, 1), product="Support"),
        world.line("usage", 900, date(2026, 10, 1), product="Database"),
        world.line("minimum", 1000, date(2026, 10, 1), product="Storage"),
    ]
    world.invoice(date(2026, 10, 5), lines)

    page = words(phone.get(portal))

    assert (
        "What changes against 1 to 31 Oct 2026 Database is gone; it was €9.00. "
        "Storage: €5.00 less, 50 %." in page
    )


def test_open_invoices_show_state_due_date_and_where_to_pay(
    world: World, portal: str, phone: Client
) -> None:
    address = "https://invoice.stripe.com/i/x"
    world.invoice(date(2026, 9, 5), state="past_due", number="TAP-1", hosted_url=address)
    world.invoice(date(2026, 10, 5), state="unsent", number="TAP-2")

    answer = phone.get(portal)

    assert "Invoices to be paid €25.00 TAP-1 · €12.50 due 15 Oct 2026 · Past due" in words(answer)
    assert "TAP-2 · €12.50 due 15 Nov 2026 · Ready soon" in words(answer)
    assert answer.content.decode().count(f'href="{address}"') == 1


def test_ended_period_without_an_invoice_is_told(world: World, portal: str, phone: Client) -> None:
    world.invoice(date(2026, 8, 5), state="paid")
    world.invoice(date(2026, 9, 5), state="paid")

    page = words(phone.get(portal))

    assert "1 to 31 Oct 2026 has ended and is being invoiced: €34.00 as of now." in page


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("carry", "Cards cannot be charged less than €0.50. Nothing is due now; the amount comes"),
        ("waive", "Amounts below €0.50 cannot be charged. You do not owe it"),
    ],
)
def test_small_amounts_are_explained(
    world: World, portal: str, phone: Client, rule: str, said: str
) -> None:
    world.change(below_minimum=rule)
    world.item(-3370, date(2026, 11, 2), "Credit")

    page = words(phone.get(portal))

    assert "So far this period €0.00" in page
    assert said in page


def test_stripe_down_is_told_with_its_time(world: World, portal: str, phone: Client) -> None:
    with scope(world.tenant.pk):
        PushDesk.objects.create(tenant=world.tenant, down_since=world.now - timedelta(hours=2))

    page = words(phone.get(portal))

    assert "Stripe has not answered since 18 Nov 2026, 11:00 CET (Amsterdam time)." in page
    assert "What you owe is counted here and is right." in page


def test_notices_are_on_top_until_they_end(world: World, portal: str, phone: Client) -> None:
    with scope(world.tenant.pk):
        for once, ended in (("a", None), ("b", world.now)):
            Notice.objects.create(
                tenant=world.tenant, organization=world.organization, kind="x", once=once,
                title=f"Title {once}", text="Words", ended_at=ended,
            )  # fmt: skip

    page = words(phone.get(portal))

    assert "Title a" in page
    assert "Title b" not in page


@pytest.mark.parametrize("sub", SUBPAGES)
def test_pages_are_kept_from_caches_searches_and_other_sites(
    world: World, portal: str, phone: Client, sub: str
) -> None:
    answer = phone.get(portal + sub)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.cookies == {}


@pytest.mark.parametrize("sub", [*SUBPAGES, "upcoming.pdf", "upcoming.csv"])
@pytest.mark.parametrize("token", ["x" * 32, "%00", "é", "x" * 500])
def test_unknown_address_leads_nowhere(world: World, phone: Client, sub: str, token: str) -> None:
    answer = phone.get(f"/portal/{token}/{sub}")

    assert (answer.status_code, heading(answer)) == (404, "This address leads nowhere")


def test_rolled_address_leads_nowhere_and_the_new_one_does(
    world: World, portal: str, phone: Client
) -> None:
    with scope(world.tenant.pk):
        again = portal_url(world.organization)
        rolled = roll_portal_address(organization_id=world.organization.pk)
        new = portal_url(rolled)

    assert again.endswith(portal)
    assert phone.get(portal).status_code == 404
    assert phone.get(new.removeprefix("http://testserver")).status_code == 200


def test_address_of_a_company_that_is_switched_off_leads_nowhere(
    world: World, portal: str, phone: Client
) -> None:
    Tenant.objects.filter(pk=world.tenant.pk).update(is_active=False)

    assert phone.get(portal).status_code == 404


def test_nothing_of_other_organizations_is_found(
    world: World, other_world: World, portal: str, phone: Client
) -> None:
    sibling = make_world(world.tenant, "sibling")
    foreign = [
        sibling.invoice(date(2026, 10, 5), number="SIB-1"),
        other_world.invoice(date(2026, 10, 5), number="OTH-1"),
    ]
    with scope(world.tenant.pk):
        alert = Alert.objects.create(
            tenant=world.tenant, organization=sibling.organization, kind="amount", amount_minor=1
        )

    for invoice in foreign:
        for name in (invoice.number, invoice.pk):
            assert phone.get(f"{portal}invoices/{name}/").status_code == 404
            assert phone.get(f"{portal}invoices/{name}.pdf").status_code == 404
    assert phone.post(f"{portal}alerts/{alert.pk}/end/").status_code == 404
    sibling.use("cpu", date(2026, 11, 3), "77", app="secret")
    assert "secret" not in words(phone.get(f"{portal}usage/cpu-sibling/"))


def test_drafts_are_not_shown(world: World, portal: str, phone: Client) -> None:
    draft = world.invoice(date(2026, 10, 5), lifecycle="draft")

    assert phone.get(f"{portal}invoices/{draft.pk}/").status_code == 404
    assert "There are no invoices yet." in words(phone.get(f"{portal}invoices/"))


def test_meter_goes_down_to_the_events(world: World, portal: str, phone: Client) -> None:
    world.use("cpu", date(2026, 11, 3), "30", 3, app="web", region="ams")
    world.use("cpu", date(2026, 11, 4), "5", 1, app="db", region="ams")

    page = words(phone.get(f"{portal}usage/cpu-acme/"))
    listed = words(phone.get(f"{portal}usage/cpu-acme/events/?app=web"))
    lines = phone.get(f"{portal}usage/cpu-acme/events.csv?since=2026-11-03&last=2026-11-03")

    assert "3 Nov 2026 30\N{NO-BREAK SPACE}s 3".replace("\N{NO-BREAK SPACE}", " ") in page
    assert "By app App Quantity Events web 30 s 3 db 5 s 1" in page
    assert listed.count("10 s app: web region: ams") == 3
    assert lines.getvalue().decode().count(",cpu-acme,10,") == 3


@pytest.mark.parametrize(
    "query",
    ["since=x", "since=0001-01-01&last=9999-12-31", "since=2026-11-02&last=2026-11-01",
     "since=2020-01-01&last=2026-11-01", "page=-1&since=%00", "app=%00", "page=99999999999999"],
)  # fmt: skip
def test_odd_days_never_break_a_page(world: World, portal: str, phone: Client, query: str) -> None:
    for sub in ("usage/", "usage/cpu-acme/", "usage/cpu-acme/events/", "invoices/"):
        assert phone.get(f"{portal}{sub}?{query}").status_code in {200, 400}


def test_events_are_paged_to_the_last_and_back(world: World, portal: str, phone: Client) -> None:
    world.use("cpu", date(2026, 11, 3), "1", 70, app="web", region="ams")
    world.use("cpu", date(2026, 11, 4), "1", 60, app="web", region="ams")
    world.use("cpu", date(2026, 11, 4), "1", 3, app="db", region="ams")

    def page(url: str) -> tuple[list[str], dict[str, str]]:
        text = phone.get(url).content.decode()
        keys = re.findall(r'<code class="key-text">([^<]+)</code></td>', text)
        links = re.findall(r'rel="(prev|next)" href="([^"]+)"', text)
        return keys, {rel: url.split("?", maxsplit=1)[0] + html.unescape(to) for rel, to in links}

    first, onward = page(f"{portal}usage/cpu-acme/events/?app=web")
    second, between = page(onward["next"])
    third, last = page(between["next"])
    back, _ = page(last["prev"])
    home, _ = page(page(last["prev"])[1]["prev"])

    assert [len(keys) for keys in (first, second, third)] == [50, 50, 30]
    assert len({*first, *second, *third}) == 130
    assert (back, home) == (second, first)
    assert (sorted(onward), sorted(between), sorted(last)) == (["next"], ["next", "prev"], ["prev"])
    assert "app=web" in between["next"]


@pytest.mark.parametrize(
    "query",
    ["older=x", "older=2026-11-03T10:00:00~k", "older=2026-11-03T10:00:00Z~", "newer=~",
     "older=9999-12-31T23:59:59Z~k", "newer=0001-01-01T00:00:00Z~k", "older=2026-11-03T00:00Z~%00",
     "older=2020-01-01T00:00:00Z~k", "older=2026-11-03T10:00:00Z~\u00fc&newer=", "page=7"],
)  # fmt: skip
def test_odd_place_among_events_leads_to_a_page(
    world: World, portal: str, phone: Client, query: str
) -> None:
    world.use("cpu", date(2026, 11, 3), "1", 2, app="web", region="ams")

    answer = phone.get(f"{portal}usage/cpu-acme/events/?{query}")

    assert answer.status_code == 200


def test_developer_sets_and_ends_alerts_and_the_limit(
    world: World, portal: str, phone: Client
) -> None:
    cpu = world.meters["cpu"].pk
    assert phone.post(f"{portal}alerts/", {"threshold": "50.00"}).status_code == 303
    assert phone.post(f"{portal}alerts/", {"threshold": "1000.5", "meter": cpu}).status_code == 303
    assert phone.post(f"{portal}alerts/limit/", {"amount": "200"}).status_code == 303

    page = words(phone.get(f"{portal}alerts/"))

    assert "Spend limit €200.00" in page
    assert "€50.00 owed" in page
    assert "1,000.5 s of CPU time" in page
    with scope(world.tenant.pk):
        alerts = list(Alert.objects.order_by("created_at"))
        assert {one.set_by for one in alerts} == {"customer"}
    for one in alerts:
        for _ in range(2):
            assert phone.post(f"{portal}alerts/{one.pk}/end/").status_code == 303
    assert "There is no limit." in words(phone.get(f"{portal}alerts/"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("alerts/", {"threshold": "many"}),
        ("alerts/", {"threshold": "-5"}),
        ("alerts/", {"threshold": "0"}),
        ("alerts/", {"threshold": "1e9"}),
        ("alerts/", {"threshold": "5", "meter": "x"}),
        ("alerts/", {"threshold": "9" * 40}),
        ("alerts/", {}),
        ("alerts/limit/", {"amount": "0"}),
        ("alerts/limit/", {"amount": "12.345"}),
        ("alerts/limit/", {"amount": ""}),
    ],
)
def test_bad_alerts_are_refused_in_words(
    world: World, portal: str, phone: Client, path: str, body: dict[str, str]
) -> None:
    answer = phone.post(portal + path, body)

    assert answer.status_code == 400
    assert 'class="error"' in answer.content.decode() or 'role="alert"' in answer.content.decode()
    with scope(world.tenant.pk):
        assert Alert.objects.count() == 0


def test_other_sites_cannot_set_a_limit(world: World, portal: str, phone: Client) -> None:
    answer = phone.post(
        f"{portal}alerts/limit/", {"amount": "1"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403
    with scope(world.tenant.pk):
        assert Alert.objects.count() == 0


def test_guessing_addresses_is_slowed_down(
    world: World, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.pages.portal.gate.PER_ADDRESS", "2/m")

    statuses = [phone.get(f"/portal/{'x' * 31}{n}/").status_code for n in range(4)]

    assert statuses == [404, 404, 429, 429]


@pytest.mark.parametrize("sub", ["", "invoices/", "usage/cpu-acme/events/"])
def test_pages_take_as_many_statements_for_thirty_rows_as_for_one(
    world: World, portal: str, phone: Client, sub: str
) -> None:
    world.change(billing_starts_on=date(2024, 1, 1))

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert phone.get(portal + sub).status_code == 200
        return len(queries)

    world.invoice(date(2026, 10, 5))
    world.use("cpu", date(2026, 11, 1), "5", 2, app="web", region="ams")
    count()
    before = count()
    for month in range(15):
        year, at = divmod(month, 12)
        world.invoice(date(2024 + year, at + 1, 5))
    for day in range(2, 18):
        world.use("cpu", date(2026, 11, day), "5", 2, app=f"app-{day}", region="ams")

    assert count() == before
    assert before <= 24
