"""The page, its files and the API show the same figures under the same filter."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry, Tenant, User
from core.operations.tokens import issue_tokens
from core.tenancy import scope
from payments.models import PaymentLink
from tests.payments.analytics.conftest import Ledger
from tests.payments.pages.conftest import log_in, words  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
NewLedger = Callable[[Tenant], Ledger]
EURO = {"currency": "EUR", "state": "succeeded", "standing": "expected"}
TABLES = ["totals", "days", "hours", "methods", "sources", "declines", "links"]


@pytest.fixture
def desk(admin: User, log_in: Callable[[User], Client]) -> Client:  # noqa: F811
    """The browser of an admin."""
    return log_in(admin)


@pytest.fixture
def ask(admin: User) -> Callable[..., Any]:
    """Ask the API."""
    token = issue_tokens(user=admin).access

    def ask(**query: Any) -> Any:
        return Client().get(
            "/api/payments/analytics/", query, headers={"Authorization": f"Bearer {token}"}
        )

    return ask


def read(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_page_shows_what_came_in_the_last_thirty_days(
    desk: Client, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=12345, **EURO)
        ledger.payment(now - timedelta(days=40), amount_minor=100, **EURO)

    said = [words(desk.get(f"/analytics/{query}")) for query in ("", "?colour=red")]
    longer = words(desk.get("/analytics/?first_day="))

    assert all("EUR Received €123.45 Net €123.45 Success 1 Pending 0" in page for page in said)
    assert "EUR Received €124.45 Net €124.45 Success 2 Pending 0" in longer


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("", ["30 days"]),
        ("?colour=red", ["30 days"]),
        ("?first_day=&last_day=", ["All time"]),
        ("?first_day=2026-01-01", []),
    ],
)
def test_period_that_is_shown_is_marked(query: str, marked: list[str], desk: Client) -> None:
    spans = desk.get(f"/analytics/{query}").context["spans"]

    assert [name for name, _, is_this in spans if is_this] == marked


def test_page_without_payments_says_so(desk: Client) -> None:
    answer = desk.get("/analytics/")

    assert answer.status_code == 200
    assert "Nothing happened here." in words(answer)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"first_day": "0000-01-01"}, "first_day", "Enter a valid date."),
        ({"first_day": "1200-01-01"}, "first_day", "Give a day from 1990 on."),
        ({"last_day": "9999-12-31"}, "last_day", "Give a day before 2200."),
        (
            {"first_day": "2026-02-02", "last_day": "2026-02-01"},
            "last_day",
            "This is before the first day.",
        ),
        ({"least": "1e9"}, "least", "Give digits and a point, such as 12.50."),
        ({"most": "\u0663"}, "most", "Give digits and a point, such as 12.50."),
        ({"least": "5", "most": "4"}, "most", "This is less than the smallest amount."),
        ({"link": "x"}, "link", "There is no payment link with this id."),
        ({"link": str(uuid4())}, "link", "There is no payment link with this id."),
        ({"currency": "XXX"}, "currency", None),
        ({"method": "a\x00b"}, "method", None),
        ({"source": "nobody"}, "source", None),
    ],
)
def test_bad_filter_gets_a_message_at_its_field_and_the_page(
    desk: Client, query: dict[str, str], field: str, message: str | None
) -> None:
    answer = desk.get("/analytics/", query)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    if message:
        assert message in words(answer)
    assert "The filter cannot be read." in words(answer)
    assert desk.get("/analytics/totals.csv", query).status_code == 400


def test_link_of_another_company_is_as_unknown_as_any(
    desk: Client,
    ask: Callable[..., Any],
    other_tenant: Tenant,
    make_ledger: NewLedger,
) -> None:
    ledger = make_ledger(other_tenant)
    with scope(other_tenant.pk):
        foreign = str(ledger.link().pk)
    unknown = str(uuid4())

    pages = [words(desk.get("/analytics/", {"link": one})) for one in (foreign, unknown)]
    answers = [ask(link=one).json() for one in (foreign, unknown)]

    assert pages[0] == pages[1]
    assert answers[0]["errors"] == answers[1]["errors"]
    assert answers[0]["errors"][0]["parameter"] == "link"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_a_file_that_spreadsheets_may_read(
    name: str, desk: Client, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        link = ledger.link(title='=HYPERLINK("x")')
        ledger.payment(now, link, amount_minor=1050, method="card", card_brand="visa", **EURO)
        ledger.payment(now, state="failed", currency="JPY", amount_minor=7, decline_code="=1+1")
        ledger.views(link, now.date(), 4)

    rows = read(desk.get(f"/analytics/{name}.csv", {"first_day": ""}))

    assert rows
    assert [cell for row in rows for cell in row.values() if cell.startswith("=")] == []


def test_file_of_totals_gives_amounts_to_read_and_to_reckon_with(
    desk: Client, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=1050, **EURO)

    rows = read(desk.get("/analytics/totals.csv", {"currency": "EUR"}))

    assert rows[0] == {
        "Figure": "Received",
        "Currency": "EUR",
        "Count": "1",
        "Amount": "10.50",
        "Amount, minor units": "1050",
    }


def test_unknown_file_is_not_found(desk: Client, tenant: Tenant) -> None:
    assert desk.get("/analytics/secrets.csv").status_code == 404
    with scope(tenant.pk):
        assert AuditEntry.objects.filter(verb=AuditEntry.Verb.EXPORTED).count() == 0


def test_file_is_kept_in_the_audit_log(
    desk: Client, admin: User, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        ledger.payment(now, amount_minor=1050, **EURO)

    rows = read(desk.get("/analytics/days.csv", {"currency": "EUR", "first_day": ""}))

    with scope(tenant.pk):
        entry = AuditEntry.objects.get(verb=AuditEntry.Verb.EXPORTED)
    assert (entry.what, entry.user_id) == ("analytics: days", admin.pk)
    assert entry.detail == {"rows": len(rows), "narrowed_by": ["currency"]}


def test_api_answers_with_all_figures(
    ask: Callable[..., Any], tenant: Tenant, make_ledger: NewLedger
) -> None:
    ledger = make_ledger(tenant)
    # Past midnight in Amsterdam already.
    at = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    with scope(tenant.pk):
        link = ledger.link(title="Tour")
        payment = ledger.payment(
            at, link, amount_minor=1050, method="card", card_brand="visa", **EURO
        )
        ledger.refund(payment, "succeeded", 50)
        ledger.payment(
            at, state="failed", currency="JPY", amount_minor=7, kind="rent",
            decline_code="expired_card", method="", card_brand="",
        )  # fmt: skip
        ledger.views(link, at.date() + timedelta(days=1), 4)
    none = {"count": 0, "amount_minor": 0}

    answer = ask()

    found = answer.json()
    assert answer.status_code == 200
    assert [
        (t["currency"], t["received_minor"], t["net_minor"], t["refunds"]["refunded"])
        for t in found["totals"]
    ] == [("EUR", 1050, 1000, {"count": 1, "amount_minor": 50}), ("JPY", 0, 0, none)]
    assert found["by_day"][0] == {
        "day": "2026-03-04",
        "currency": "EUR",
        "success": {"count": 1, "amount_minor": 1050},
        "pending": none,
        "failure": none,
    }
    assert [(row["weekday"], row["hour"]) for row in found["by_hour"]] == [(3, 0), (3, 0)]
    assert [(row["method"], row["brand"]) for row in found["by_method"]] == [
        ("card", "visa"),
        ("unknown", ""),
    ]
    assert [row["source"] for row in found["by_source"]] == ["link", "rent"]
    assert found["declines"] == [
        {"code": "expired_card", "currency": "JPY", "count": 1, "amount_minor": 7}
    ]
    assert found["links"] == [
        {"link": str(link.pk), "title": "Tour", "views": 4, "checkouts": 1, "paid": 1}
    ]
    assert found["funnel"] == {"views": 4, "checkouts": 1, "paid": 1}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"first_day": "yesterday"}, "first_day"),
        ({"first_day": "0001-01-01"}, "first_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"first_day": "2026-02-02", "last_day": "2026-02-01"}, "last_day"),
        ({"min_amount_minor": "-1"}, "min_amount_minor"),
        ({"max_amount_minor": "9" * 30}, "max_amount_minor"),
        ({"min_amount_minor": "2", "max_amount_minor": "1"}, "max_amount_minor"),
        ({"currency": "E\x00R"}, "currency"),
        ({"currency": ["EUR", "USD"]}, "currency"),
        ({"method": "Card!"}, "method"),
        ({"source": "nobody"}, "source"),
        ({"link": "7"}, "link"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_api_points_at_the_parameter_that_is_wrong(
    ask: Callable[..., Any], query: dict[str, Any], parameter: str
) -> None:
    answer = ask(**query)

    assert answer.status_code == 400
    assert {error["parameter"] for error in answer.json()["errors"]} == {parameter}


def test_api_needs_its_scope(db: None) -> None:
    assert Client().get("/api/payments/analytics/").status_code == 401


def test_page_costs_the_same_for_many_links(
    desk: Client,
    tenant: Tenant,
    make_ledger: NewLedger,
    now: datetime,
    django_assert_num_queries: Any,
) -> None:
    ledger = make_ledger(tenant)

    def statements() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as found:
            assert desk.get("/analytics/").status_code == 200
        return len(found)

    with scope(tenant.pk):
        ledger.payment(now, ledger.link(), **EURO)
    one = statements()
    with scope(tenant.pk):
        for number in range(29):
            ledger.payment(now, ledger.link(title=f"Link {number}"), **EURO)

    assert statements() == one


def test_link_filter_names_the_link_and_leads_back(
    desk: Client, tenant: Tenant, make_ledger: NewLedger, now: datetime
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        link: PaymentLink = ledger.link(title="Tour")
        ledger.payment(now, link, amount_minor=100, **EURO)
        ledger.payment(now, amount_minor=900, **EURO)

    answer = desk.get("/analytics/", {"link": str(link.pk)})

    assert "Payments of the link Tour · Show all links" in words(answer)
    assert "Received €1.00" in words(answer)
    assert reverse("link", args=[link.pk]) in answer.content.decode()
