"""The list of leads, the page of one, and the forms that change it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.backoffice.search import search
from core.tenancy import scope
from crm.models import Application, Lead, PaymentRequest, Task
from crm.operations.timeline import Actor, add_note
from payments.models import Checkout, Payment, StripeAccount
from tests.crm.pages.conftest import Company, words

pytestmark = pytest.mark.django_db


def names(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/leads/{query}").content.decode()
    return re.findall(r"data-open href=[^>]*><strong>([^<]+)<", page)


def test_list_shows_what_the_database_shows(
    company: Company, pages: Client, admins_pages: Client, foreign: Company
) -> None:
    company.lead("Own")
    company.lead("Hidden", owner_id=company.colleague.pk)
    company.lead("Team", owner_id=company.colleague.pk, team_ids=[company.team.pk])
    foreign.lead("Foreign")

    assert names(pages) == ["Team", "Own"]
    assert names(admins_pages) == ["Team", "Hidden", "Own"]


def test_list_is_narrowed_by_its_address(company: Company, admins_pages: Client) -> None:
    company.lead("Ann Ash", email="ann@example.com", phone="06 1234 5678")
    company.lead("Bob Birch", stage="contacted", owner_id=company.admin.pk)
    quiet = company.lead("Cy Cedar", team_ids=[company.team.pk])
    with scope(company.tenant.pk):
        old = timezone.now() - timedelta(days=20)
        Lead.objects.filter(pk=quiet.pk).update(last_activity_at=old, stage_since=old)
    late = company.lead("Di Date")
    company.task(company.application(late), timezone.now() - timedelta(days=1))

    found = {
        query: names(admins_pages, query)
        for query in (
            "?text=ann",
            "?text=ANN@Example.com",
            "?text=%2B31612345678",
            "?stage=contacted",
            f"?owner={company.admin.pk}",
            f"?team={company.team.pk}",
            "?quiet=14",
            "?late=on",
            "?overdue=on",
            "?text=nobody",
        )
    }

    assert list(found.values()) == [
        ["Ann Ash"],
        ["Ann Ash"],
        ["Ann Ash"],
        ["Bob Birch"],
        ["Bob Birch"],
        ["Cy Cedar"],
        ["Cy Cedar"],
        ["Cy Cedar"],
        ["Di Date"],
        [],
    ]


@pytest.mark.parametrize("query", ["stage=x", "owner=1", "quiet=0", "quiet=x", "text=%00"])
def test_filter_that_cannot_be_read_is_told(query: str, company: Company, pages: Client) -> None:
    page = pages.get(f"/leads/?{query}")

    assert page.status_code == 400
    assert "The filter cannot be read." in words(page)


def test_list_goes_on_by_cursor_and_costs_the_same(company: Company, pages: Client) -> None:
    company.lead("First")
    pages.get("/leads/")
    with CaptureQueriesContext(connection) as for_one:
        pages.get("/leads/")
    for n in range(40):
        company.lead(f"Lead {n:02}")

    with CaptureQueriesContext(connection) as for_many:
        page = pages.get("/leads/")

    following = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
    assert following is not None
    shown = names(pages) + names(pages, following[1])
    assert len(for_many) == len(for_one)
    assert shown == [f"Lead {n:02}" for n in reversed(range(40))] + ["First"]


def test_lead_out_of_sight_is_not_there(
    company: Company, foreign: Company, sams_pages: Client
) -> None:
    hidden, elsewhere = company.application(), foreign.application()
    lead_pages = ("lead", "lead_edit", "lead_assign", "lead_move", "application_new")
    posts = ("lead_edit", "lead_assign", "lead_note", "lead_next_action", "application_new")

    answers = []
    for application in (hidden, elsewhere):
        lead_id = application.lead_id
        answers += [sams_pages.get(reverse(name, args=[lead_id])) for name in lead_pages]
        answers += [sams_pages.post(reverse(n, args=[lead_id]), {"name": "X"}) for n in posts]
        for name in ("application", "application_edit", "application_move"):
            answers.append(sams_pages.get(reverse(name, args=[application.pk])))
        answers.append(sams_pages.post(reverse("task_new", args=[application.pk]), {}))
    answers.append(sams_pages.get(reverse("lead", args=[uuid4()])))

    assert [answer.status_code for answer in answers] == [404] * 29
    assert "Eva" not in "".join(words(answer) for answer in answers)


def test_page_of_a_lead_tells_all_about_the_person(company: Company, pages: Client) -> None:
    lead = company.lead(
        email="eva@example.com",
        phone="06 1234 5678",
        team_ids=[company.team.pk],
        next_action="Send brochure",
        next_action_at=timezone.now() - timedelta(days=2),
    )
    application = company.application(lead, programme="Brewing", fee_minor=7500, currency="EUR")
    company.task(application, timezone.now() - timedelta(days=1, minutes=1), note="Ask for papers")
    with scope(company.tenant.pk):
        add_note(lead_id=lead.pk, text="Likes\nmalt", by=Actor(company.admin), now=timezone.now())

    told = words(pages.get(reverse("lead", args=[lead.pk])))

    for part in (
        "New for",
        "Send brochure",
        "Overdue 2 days",
        "Brewing Draft",
        "Application fee €75.00",
        "Ask for papers",
        "! Overdue 1 day",
        "eva@example.com",
        "Cem Counselor North",
        "Note Likes malt",
        "Application added",
    ):
        assert part in told, part


def test_page_of_a_lead_costs_the_same_for_many_rows(company: Company, pages: Client) -> None:
    lead = company.lead(team_ids=[company.team.pk])

    def fill() -> None:
        application = company.application(lead, fee_minor=100, currency="EUR")
        company.task(application, assignee_id=company.colleague.pk)
        with scope(company.tenant.pk):
            add_note(lead_id=lead.pk, text="x", by=Actor(company.admin), now=timezone.now())

    fill()
    url = reverse("lead", args=[lead.pk])
    pages.get(url)
    with CaptureQueriesContext(connection) as for_one:
        pages.get(url)
    for _ in range(30):
        fill()

    with CaptureQueriesContext(connection) as for_many:
        page = pages.get(url)

    assert page.status_code == 200
    assert len(for_many) == len(for_one)


def test_timeline_joins_payments_for_the_persons_applications(
    company: Company, pages: Client, foreign: Company
) -> None:
    lead = company.lead()
    application = company.application(lead, fee_minor=7500, currency="EUR")
    other = company.application(company.lead("Other"), fee_minor=9900, currency="EUR")
    for row in (application, other):
        with scope(company.tenant.pk):
            account = StripeAccount.objects.first() or StripeAccount.objects.create(
                tenant=company.tenant, stripe_account_id="acct_1", secret_key="sk_test_1"
            )
            checkout = Checkout.objects.create(
                tenant=company.tenant,
                kind="application_fee",
                subject_id=row.pk,
                account=account,
                title="Fee",
                amount_minor=row.fee_minor,
                currency="EUR",
                state="succeeded",
                session_expires_at=timezone.now(),
                stripe_session_id=f"cs_{row.pk}",
            )
            Payment.objects.create(
                tenant=company.tenant,
                checkout=checkout,
                amount_minor=row.fee_minor,
                currency="EUR",
                state="succeeded",
                standing="expected",
                paid_at=timezone.now(),
            )

    told = words(pages.get(reverse("lead", args=[lead.pk])))

    assert "€75.00 paid" in told
    assert "€99.00" not in told


def test_merged_lead_leads_to_the_one_that_goes_on_with_its_timeline(
    company: Company, pages: Client
) -> None:
    gone, between, survivor = (company.lead(name) for name in ("Gone", "Between", "Survivor"))
    with scope(company.tenant.pk):
        add_note(lead_id=gone.pk, text="From Gone", by=Actor(words="t"), now=timezone.now())
        Lead.objects.filter(pk=gone.pk).update(merged_into=between)
        Lead.objects.filter(pk=between.pk).update(merged_into=survivor)

    page = pages.get(reverse("lead", args=[gone.pk]), follow=True)

    assert page.redirect_chain[-1][0] == reverse("lead", args=[survivor.pk])
    assert "From Gone" in words(page)
    assert names(pages) == ["Survivor"]


def test_lead_is_added_and_its_counselor_owns_it(company: Company, pages: Client) -> None:
    form = pages.get(reverse("lead_new"))
    typed = {"name": "Mia Moss", "email": "mia@example.com", "owner": str(company.counselor.pk)}

    page = pages.post(reverse("lead_new"), typed, follow=True)

    with scope(company.tenant.pk):
        lead = Lead.objects.get()
    assert f'value="{company.counselor.pk}" selected' in form.content.decode()
    assert (lead.name, lead.owner_id) == ("Mia Moss", company.counselor.pk)
    assert "Mia Moss is a lead now." in words(page)


WRONG: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, "This field is required."),
    ({"email": "x"}, "This is not an e-mail address."),
    ({"name": "a\x00"}, "Null characters are not allowed."),
    ({"name": "a\x1b"}, "Control characters are no text."),
    ({"name": "x" * 161}, "at most 160 characters"),
    ({"next_action_at": "9999-12-31T23:59"}, "Give a year from"),
    ({"next_action_at": "soon"}, "Enter a valid date/time."),
    ({"owner": str(uuid4())}, "is not one of the available choices"),
    ({"teams": "x"}, "is not one of the available choices"),
]


@pytest.mark.parametrize(("typed", "why"), WRONG)
def test_lead_typed_wrongly_is_not_added(
    typed: dict[str, str], why: str, company: Company, pages: Client
) -> None:
    page = pages.post(reverse("lead_new"), {"name": "Mia", **typed})

    assert page.status_code == 400
    assert why in words(page)
    assert names(pages) == []


def test_counselor_cannot_add_a_lead_out_of_sight(company: Company, pages: Client) -> None:
    page = pages.post(reverse("lead_new"), {"name": "Mia", "owner": str(company.colleague.pk)})

    assert page.status_code == 400
    assert "Own the lead yourself or give it to a team of yours" in words(page)


def test_somebody_there_already_is_pointed_out_once(
    company: Company, pages: Client, foreign: Company
) -> None:
    company.lead("Eva Smit", email="eva@example.com")
    company.lead("Secret", email="eva@example.com", owner_id=company.colleague.pk)
    foreign.lead("Foreign", email="eva@example.com")
    typed = {"name": "E. Smit", "email": "EVA@example.com", "owner": str(company.counselor.pk)}

    asked = pages.post(reverse("lead_new"), typed)
    sure = re.search(r'name="sure" value="([^"]+)"', asked.content.decode())
    before = names(pages)
    assert sure is not None
    pages.post(reverse("lead_new"), {**typed, "sure": sure[1]})

    assert asked.status_code == 409
    assert "This may be somebody you have already." in words(asked)
    assert "Secret" not in words(asked)
    assert "Foreign" not in words(asked)
    assert before == ["Eva Smit"]
    assert names(pages) == ["E. Smit", "Eva Smit"]


def edit_form(client: Client, lead: Lead) -> dict[str, str]:
    page = client.get(reverse("lead_edit", args=[lead.pk])).content.decode()
    return dict(
        re.findall(r'<input type="(?:text|email|tel|hidden)" name="(\w+)" value="([^"]*)"', page)
    )


def test_edit_changes_what_was_edited(company: Company, pages: Client) -> None:
    lead = company.lead(email="eva@example.com")
    form = edit_form(pages, lead)

    pages.post(reverse("lead_edit", args=[lead.pk]), {**form, "phone": "06 1234 5678"})

    after = company.reload(lead)
    assert (after.email, after.phone_normalised) == ("eva@example.com", "+31612345678")


def test_edit_does_not_overwrite_what_it_has_not_seen(
    company: Company, pages: Client, admins_pages: Client
) -> None:
    lead = company.lead()
    mine, theirs = edit_form(pages, lead), edit_form(admins_pages, lead)
    admins_pages.post(reverse("lead_edit", args=[lead.pk]), {**theirs, "name": "Eva Stone"})

    page = pages.post(reverse("lead_edit", args=[lead.pk]), {**mine, "email": "e@example.com"})

    after = company.reload(lead)
    assert page.status_code == 409
    assert "Somebody else changed Eva Stone while you wrote." in words(page)
    assert (after.name, after.email) == ("Eva Stone", "")


def test_lead_is_handed_to_a_team(company: Company, pages: Client, sams_pages: Client) -> None:
    lead = company.lead()
    url = reverse("lead_assign", args=[lead.pk])
    places: dict[str, Any] = {"owner": "", "teams": [str(company.team.pk)]}

    pages.post(url, places)
    away = pages.post(url, {"owner": str(company.colleague.pk)})

    after = company.reload(lead)
    assert (after.owner_id, after.team_ids) == (None, [company.team.pk])
    assert away.status_code == 400
    assert sams_pages.get(reverse("lead", args=[lead.pk])).status_code == 200


def test_note_is_added_and_an_empty_one_is_not(company: Company, pages: Client) -> None:
    lead = company.lead()
    url = reverse("lead_note", args=[lead.pk])

    page = pages.post(url, {"text": "<b>Called</b>"}, follow=True)
    empty = pages.post(url, {"text": " "})

    assert "&lt;b&gt;Called&lt;/b&gt;" in page.content.decode()
    assert empty.status_code == 400
    assert company.kinds(lead) == ["created", "note"]


def test_next_action_is_planned_on_the_page(company: Company, pages: Client) -> None:
    lead = company.lead()
    url = reverse("lead_next_action", args=[lead.pk])

    answer = pages.post(url, {"next_action": "Call", "next_action_at": "2026-12-01T09:00"})
    wrong = pages.post(url, {"next_action": "x" * 201})

    after = company.reload(lead)
    assert answer["Location"] == reverse("lead", args=[lead.pk])
    assert after.next_action_at == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    assert wrong.status_code == 400
    assert "at most 200 characters" in words(wrong)


def test_application_is_added_and_edited(company: Company, pages: Client) -> None:
    lead = company.lead()
    typed = {"programme": "Brewing", "fee": "75.00", "currency": "EUR"}

    answer = pages.post(reverse("application_new", args=[lead.pk]), typed)
    with scope(company.tenant.pk):
        application = Application.objects.get()
    pages.post(
        reverse("application_edit", args=[application.pk]), {**typed, "fee": "", "currency": "EUR"}
    )

    assert answer["Location"].endswith(f"#application-{application.pk}")
    assert (application.fee_minor, application.currency) == (7500, "EUR")
    assert company.reload(application).fee_minor is None


@pytest.mark.parametrize("fee", ["-1", "1.234", "0.001", "a", "9" * 20, "0.01", "1e5", "NaN"])
def test_fee_that_cannot_be_charged_is_refused(fee: str, company: Company, pages: Client) -> None:
    lead = company.lead()

    page = pages.post(reverse("application_new", args=[lead.pk]), {"fee": fee, "currency": "EUR"})

    assert page.status_code == 400


def test_fee_that_was_paid_stays(company: Company, pages: Client) -> None:
    application = company.application(fee_minor=7500, currency="EUR")
    with scope(company.tenant.pk):
        PaymentRequest.objects.create(
            tenant=company.tenant,
            application=application,
            amount_minor=7500,
            currency="EUR",
            state="paid",
            paid_at=timezone.now(),
        )

    page = pages.post(
        reverse("application_edit", args=[application.pk]), {"fee": "80.00", "currency": "EUR"}
    )

    assert page.status_code == 409
    assert "The fee was paid already." in words(page)
    assert company.reload(application).fee_minor == 7500


def test_task_is_added_to_an_application(company: Company, pages: Client) -> None:
    application = company.application()
    url = reverse("task_new", args=[application.pk])

    pages.post(url, {"type": "review", "due_at": "2030-12-01T09:00", "note": "Read it"})
    wrong = pages.post(url, {"type": "review", "due_at": "2020-12-01T09:00", "note": "Keep this"})

    with scope(company.tenant.pk):
        task = Task.objects.get()
    assert (task.type, task.note) == ("review", "Read it")
    assert wrong.status_code == 400
    assert "This must be a moment in the future." in words(wrong)
    assert "Keep this" in words(wrong)


def test_task_of_long_ago_is_reopened_on_the_page(company: Company, pages: Client) -> None:
    task = company.task()
    with scope(company.tenant.pk):
        Task.objects.filter(pk=task.pk).update(
            status="completed", completed_at=timezone.now() - timedelta(days=3)
        )

    pages.post(reverse("task_reopen", args=[task.pk]))

    assert company.reload(task).is_open


def test_search_finds_leads_and_applications_in_sight(company: Company, foreign: Company) -> None:
    lead = company.lead("Zora Zest", email="zora@example.com")
    company.application(lead, programme="Zymology")
    hidden = company.lead("Zora Hidden", owner_id=company.admin.pk)
    company.application(hidden, programme="Zymology")
    foreign.lead("Zora Foreign", email="zora@example.com")

    with scope(company.tenant.pk, user_id=company.counselor.pk, role="counselor"):
        found = {
            query: [(one.kind, one.title) for one in search(query=query, user=company.counselor)]
            for query in ("zora", "zora@example.com", "zymology", "new lead")
        }

    assert found == {
        "zora": [("Lead", "Zora Zest")],
        "zora@example.com": [("Lead", "Zora Zest")],
        "zymology": [("Application", "Zora Zest")],
        "new lead": [("Page", "New lead")],
    }
