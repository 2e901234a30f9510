"""The pipeline: columns, counts, fees, deadlines, and moves that are made or refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.tenancy import scope
from crm.models import Application, ApplicationStage, Lead, LeadStage
from tests.crm.pages.conftest import Company, words

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def columns(response: HttpResponse) -> dict[str, str]:
    """What each column says."""
    found = re.findall(r'(?s)data-column="(\w+)".*?>(.*?)</section>', response.content.decode())
    return {key: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for key, text in found}


def test_leads_stand_in_their_stages_with_counts_and_fees(company: Company, pages: Client) -> None:
    first, second = company.lead("Ann"), company.lead("Bob", stage="contacted")
    company.application(first, fee_minor=5000, currency="EUR")
    company.application(first, fee_minor=2500, currency="EUR")
    company.application(second, fee_minor=900, currency="USD")

    found = columns(pages.get("/pipeline/"))

    assert list(found) == ["new", "contacted", "advising", "converted", "disqualified"]
    assert found["new"].startswith("New 1 €75.00 · 2 days each Ann")
    assert found["contacted"].startswith("Contacted 1 $9.00 · 7 days each Bob")
    assert found["advising"] == "Advising 0 No fees · 14 days each Nobody stands here."


def test_applications_have_a_pipeline_of_their_own(company: Company, pages: Client) -> None:
    lead = company.lead()
    company.application(lead, programme="Brewing", fee_minor=5000, currency="EUR")
    company.application(lead, programme="Malting", stage="in_review")

    found = columns(pages.get("/pipeline/applications/"))

    assert list(found)[:2] == ["draft", "submitted"]
    assert "Eva Smit Brewing" in found["draft"]
    assert "€50.00" in found["draft"]
    assert "Eva Smit Malting" in found["in_review"]


@pytest.mark.parametrize("url", ["/pipeline/", "/pipeline/applications/"])
def test_missed_deadlines_are_marked_and_come_first(
    url: str, company: Company, pages: Client
) -> None:
    model = Lead if url == "/pipeline/" else Application
    for name, days in [("Fresh", 0), ("Late", 20), ("Later", 30)]:
        application = company.application(company.lead(name))
        with scope(company.tenant.pk):
            pk = application.lead_id if model is Lead else application.pk
            since = timezone.now() - timedelta(days=days, minutes=1)
            model.objects.filter(pk=pk).update(stage_since=since)

    first = next(iter(columns(pages.get(url)).values()))

    assert "2 past the deadline" in first
    assert first.index("Later") < first.index("Late Cem") < first.index("Fresh")
    assert first.count("Deadline missed") == 2


def test_counselor_sees_part_and_admin_all_or_one_persons(
    company: Company, pages: Client, admins_pages: Client, foreign: Company
) -> None:
    company.lead("Own")
    company.lead("Hidden", owner_id=company.colleague.pk)
    company.lead("Team", owner_id=company.colleague.pk, team_ids=[company.team.pk])
    foreign.lead("Foreign")

    def seen(client: Client, query: str = "") -> set[str]:
        told = columns(client.get(f"/pipeline/{query}"))["new"]
        return {name for name in ("Own", "Hidden", "Team", "Foreign") if name in told}

    assert seen(pages) == {"Own", "Team"}
    assert seen(admins_pages) == {"Own", "Hidden", "Team"}
    assert seen(admins_pages, f"?owner={company.colleague.pk}") == {"Hidden", "Team"}
    assert seen(admins_pages, f"?team={company.team.pk}") == {"Team"}
    assert admins_pages.get("/pipeline/?team=x").status_code == 400


@pytest.mark.parametrize("url", ["/pipeline/", "/pipeline/applications/"])
def test_board_costs_the_same_for_many_rows_and_shows_the_first(
    url: str, company: Company, pages: Client
) -> None:
    company.application(company.lead("First"), fee_minor=100, currency="EUR")
    pages.get(url)
    with CaptureQueriesContext(connection) as for_one:
        pages.get(url)
    for n in range(30):
        company.application(company.lead(f"Lead {n:02}"), fee_minor=100, currency="EUR")

    with CaptureQueriesContext(connection) as for_many:
        page = pages.get(url)

    assert len(for_many) == len(for_one)
    assert page.content.decode().count("data-card") == 20
    assert "11 more" in words(page)


def move_url(row: Lead | Application) -> str:
    name = "lead_move" if isinstance(row, Lead) else "application_move"
    return reverse(name, args=[row.pk])


def test_move_is_made_on_a_page_without_javascript(company: Company, pages: Client) -> None:
    lead = company.lead()

    form = pages.get(move_url(lead), {"back": "/pipeline/?team="})
    answer = pages.post(move_url(lead), {"stage": "contacted", "back": "/pipeline/"}, follow=True)

    assert 'value="/pipeline/?team="' in form.content.decode()
    assert answer.redirect_chain[-1][0] == "/pipeline/"
    assert "Moved. Eva Smit: Contacted." in words(answer)
    assert company.reload(lead).stage == "contacted"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_move_that_needs_a_note_asks_for_it(
    headers: dict[str, str], company: Company, pages: Client
) -> None:
    lead = company.lead()

    without = pages.post(move_url(lead), {"stage": "disqualified"}, headers=headers)
    stays = company.reload(lead).stage
    pages.post(move_url(lead), {"stage": "disqualified", "note": "Wrong age"}, headers=headers)

    assert without.status_code == (409 if headers else 400)
    assert "Disqualified needs a note that says why." in words(without)
    assert stays == "new"
    assert company.reload(lead).stage == "disqualified"


def test_move_on_the_board_answers_with_the_board_as_it_is(
    company: Company, admins_pages: Client
) -> None:
    lead = company.lead("Ann")
    company.lead("Bob", owner_id=company.colleague.pk)
    back = f"/pipeline/?owner={company.counselor.pk}"

    answer = admins_pages.post(move_url(lead), {"stage": "advising", "back": back}, headers=HTMX)

    assert answer.status_code == 200
    assert "Ann" in columns(answer)["advising"]
    assert "Bob" not in words(answer)
    assert 'data-told="Ann: Advising."' in answer.content.decode()


def test_refused_move_puts_the_card_back_and_says_why(company: Company, pages: Client) -> None:
    application = company.application(programme="Brewing", stage="payment_received")

    answer = pages.post(
        move_url(application),
        {"stage": "draft", "back": "/pipeline/applications/"},
        headers=HTMX,
    )

    assert answer.status_code == 409
    assert "Brewing" in columns(answer)["payment_received"]
    assert (
        "Eva Smit, Brewing stays where it was. What stands on Payment received does not go back"
        " to Draft." in words(answer)
    )


@pytest.mark.parametrize("stage", ["", "nowhere", "a\x00b", "x" * 5000])
def test_unknown_stage_is_refused(stage: str, company: Company, pages: Client) -> None:
    lead = company.lead()

    assert pages.post(move_url(lead), {"stage": stage}).status_code == 400
    assert pages.post(move_url(lead), {"stage": stage}, headers=HTMX).status_code == 409
    assert company.reload(lead).stage == "new"


def test_rows_out_of_sight_cannot_be_moved(
    company: Company, foreign: Company, sams_pages: Client
) -> None:
    rows = [company.lead(), company.application(), foreign.lead(), foreign.application()]

    answers = [sams_pages.post(move_url(row), {"stage": "contacted"}).status_code for row in rows]

    assert answers == [404] * 4
    assert company.reload(rows[0]).stage == "new"


def test_stages_are_the_companys_own(company: Company, pages: Client) -> None:
    with scope(company.tenant.pk):
        LeadStage.objects.filter(key="new").update(name="Fresh <b>", position=99)
        ApplicationStage.objects.filter(key="withdrawn").delete()

    found = columns(pages.get("/pipeline/"))

    assert list(found)[-1] == "new"
    assert found["new"].startswith("Fresh &lt;b&gt;")
    assert "withdrawn" not in columns(pages.get("/pipeline/applications/"))
