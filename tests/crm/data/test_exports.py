"""CSV of what a person sees: safe in a spreadsheet, narrowed, and logged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.csv_files import safe_cell
from core.models import User
from core.tenancy import scope
from crm.csv_files import read_sheet
from crm.models import Lead
from crm.operations.applications import add_application
from crm.operations.tasks import create_task
from crm.operations.timeline import Actor
from crm.queries.exports import MOST_ROWS

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
LogIn = Callable[[User], Client]
ME = Actor(words="test")
FILES = ("/leads/export.csv", "/applications/export.csv", "/tasks/export.csv")


def rows(answer: HttpResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def with_task(lead: Lead, now: datetime) -> None:
    with scope(lead.tenant_id):
        application = add_application(
            lead_id=lead.pk, programme="Brewing", fee_minor=7500, by=ME, now=now
        )
        create_task(
            application_id=application.pk,
            task_type="call",
            due_at=now + timedelta(days=3),
            note="=1+1",
            by=ME,
            now=now,
        )


def test_export_holds_what_the_person_sees(
    counselor: User, colleague: User, new_lead: NewLead, log_in: LogIn, now: datetime
) -> None:
    with_task(new_lead("Own Lead", owner_id=counselor.pk), now)
    with_task(new_lead("Hidden Lead", owner_id=colleague.pk), now)
    browser = log_in(counselor)

    leads, applications, tasks = (rows(browser.get(file)) for file in FILES)

    assert [row["Name"] for row in leads] == ["Own Lead"]
    assert [(row["Lead"], row["Fee"], row["Currency"]) for row in applications] == [
        ("Own Lead", "75.00", "EUR")
    ]
    assert [(row["Lead"], row["Type"], row["Note"]) for row in tasks] == [
        ("Own Lead", "Call", "'=1+1")
    ]


def test_export_is_narrowed_by_the_address(admin: User, new_lead: NewLead, log_in: LogIn) -> None:
    new_lead("Ann", stage="advising")
    new_lead("Bo")

    found = rows(log_in(admin).get("/leads/export.csv?stage=advising"))

    assert [(row["Name"], row["Stage"]) for row in found] == [("Ann", "Advising")]


@pytest.mark.parametrize(
    "query", ["owner=x", "stage=nowhere", "quiet=-1", "quiet=99999999999999999999", "team=%00"]
)
def test_filter_that_cannot_be_read_exports_nothing(
    admin: User, new_lead: NewLead, log_in: LogIn, query: str
) -> None:
    new_lead()

    answer = log_in(admin).get(f"/leads/export.csv?{query}")

    assert answer.status_code == 400
    assert "Nothing was exported" in answer.content.decode()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_are_no_formulas(sign: str) -> None:
    assert safe_cell(f"{sign}1") == f"'{sign}1"


def test_export_begins_with_the_mark_and_comes_back_by_import(
    admin: User, new_lead: NewLead, log_in: LogIn
) -> None:
    new_lead("=HYPERLINK()", phone="+31612345678", email="a@example.com")

    answer = log_in(admin).get("/leads/export.csv")

    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    [row] = rows(answer)
    assert (row["Name"], row["Phone"]) == ("'=HYPERLINK()", "'+31612345678")
    sheet = read_sheet(answer.content)
    values = sheet.values(sheet.lines[0])
    assert (values["name"], values["phone"]) == ("=HYPERLINK()", "+31612345678")


def test_export_is_logged(counselor: User, new_lead: NewLead, log_in: LogIn) -> None:
    new_lead(owner_id=counselor.pk)

    log_in(counselor).get("/leads/export.csv?stage=new&text=")

    [entry] = LogEntry.objects.all()
    assert (entry.user, entry.change_message) == (counselor, "Exported 1 leads (stage=new)")


@pytest.mark.parametrize("file", FILES)
def test_export_costs_the_same_for_many_rows(
    admin: User, new_lead: NewLead, log_in: LogIn, now: datetime, file: str
) -> None:
    browser, costs = log_in(admin), []
    for count in (1, 29):
        for _ in range(count):
            with_task(new_lead(owner_id=admin.pk), now)
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(file).status_code == 200
        costs.append(len(asked))

    assert costs[0] == costs[1]


@pytest.mark.parametrize("file", FILES)
def test_export_is_for_staff(db: None, file: str) -> None:
    assert Client().get(file).status_code == 302


def test_file_that_leaves_rows_out_says_so_in_its_name(counselor: User, log_in: LogIn) -> None:
    with scope(counselor.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_lead (tenant_id, owner_id, name)"
            " SELECT %s, %s, 'Lead' FROM generate_series(1, %s)",
            [counselor.tenant_id, counselor.pk, MOST_ROWS + 1],
        )

    cut = log_in(counselor).get("/leads/export.csv")
    with scope(counselor.tenant_id):
        Lead.objects.filter(pk=rows(cut)[0]["Id"]).update(stage="contacted")
    whole = log_in(counselor).get("/leads/export.csv?stage=new")

    assert (len(rows(cut)), len(rows(whole))) == (MOST_ROWS, MOST_ROWS)
    assert cut["Content-Disposition"].endswith(f'-first-{MOST_ROWS}.csv"')
    assert "first" not in whole["Content-Disposition"]
