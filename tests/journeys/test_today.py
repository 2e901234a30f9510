"""A counselor logs in, lands on today, and works the list: by mouse, by keys, on a phone, and
without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from core.models import Team, TeamMembership, User
from core.tenancy import scope
from crm.models import Lead
from tests.journeys.office import DESK, PHONE, Office, is_in_order

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.journey,
    pytest.mark.browser,
    pytest.mark.xdist_group("journey"),
]

SOON = timedelta(minutes=1)
LONG = "Wolfeschlegelsteinhausenbergerdorff Maria de la Concepción Antonia " + "x" * 60


def row(page: Page, name: str) -> Any:
    """The row of an applicant."""
    return page.locator("[data-row]").filter(has=page.get_by_text(name, exact=True))


def test_counselor_works_the_list_with_the_mouse(office: Office, counselor: User) -> None:
    late = office.task("Eva Smit", counselor, due=-timedelta(hours=30))
    office.task("Bob Birch", counselor, due=SOON)

    page = office.enter(counselor).page
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row]").first).to_contain_text("Overdue 1 day")
    row(page, "Eva Smit").get_by_role("button", name="Mark Complete").click()
    done = page.locator(f"#task-{late.pk}")
    expect(done).to_contain_text("Completed: Call for Eva Smit.")
    expect(page.locator(".tally")).to_contain_text("0 overdue")

    assert office.reload(late).status == "completed"
    done.get_by_role("button", name="Undo").click()
    expect(done.get_by_role("button", name="Mark Complete")).to_be_visible()
    assert office.reload(late).status == "open"


def test_outcome_and_next_task_are_told_in_one_step(office: Office, counselor: User) -> None:
    task = office.task("Eva Smit", counselor, due=SOON)
    window = office.enter(counselor)
    page = window.page

    page.get_by_label("More for Call, Eva Smit").click()
    page.get_by_label("Outcome").fill("Wants to visit")
    page.get_by_label("Next task").select_option("email")
    page.get_by_role("button", name="Complete", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Say when the next task is due.")
    page.get_by_label("Due", exact=True).fill("2099-12-01T10:00")
    page.get_by_role("button", name="Complete", exact=True).click()
    expect(page.locator(f"#task-{task.pk}")).to_contain_text("At most ten years")
    page.get_by_label("Due", exact=True).fill("2030-12-02T10:00")
    page.get_by_role("button", name="Complete", exact=True).click()
    expect(page.locator(f"#task-{task.pk}")).to_contain_text("Next: E-mail, 2 Dec 2030, 10:00.")

    assert office.reload(task).outcome == "Wants to visit"
    assert [kind for kind, _ in office.open_tasks()] == ["email"]
    window.complaints.clear()  # the console tells of each 400, which are meant


def test_list_is_worked_by_keys_alone(office: Office, counselor: User) -> None:
    tasks = [
        office.task(name, counselor, due=timedelta(minutes=-10 + n))
        for n, name in enumerate(("Ann Ash", "Bob Birch", "Cy Cedar"))
    ]
    page = office.enter(counselor).page
    focused = page.locator(":focus")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(focused).to_have_text("Ann Ash")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator(f"#task-{tasks[1].pk}")).to_contain_text("Completed: Call for Bob Birch.")
    expect(page.get_by_role("status").filter(has_text="Completed: Call for Bob")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(f"#task-{tasks[1].pk}")).to_contain_text("Taken back")
    page.keyboard.press("n")
    expect(focused).to_have_text("Cy Cedar")
    page.keyboard.press("N")
    page.keyboard.press("N")
    expect(focused).to_have_text("Ann Ash")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Ash")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob Birch")
    page.keyboard.press("N")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Ash")

    assert [office.reload(task).status for task in tasks] == ["open"] * 3


def test_keys_are_letters_while_somebody_types(office: Office, counselor: User) -> None:
    task = office.task("Eva Smit", counselor, due=SOON)
    page = office.enter(counselor).page

    page.get_by_label("More for Call, Eva Smit").click()
    page.get_by_label("Outcome").press_sequentially("nice, jack? c")

    expect(page.get_by_label("Outcome")).to_have_value("nice, jack? c")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert office.reload(task).status == "open"


def test_list_is_worked_without_javascript(office: Office, counselor: User) -> None:
    first = office.task("Ann Ash", counselor, due=-SOON)
    others = [office.task(name, counselor, due=SOON) for name in ("Bob Birch", "Cy Cedar")]
    page = office.enter(counselor, java_script_enabled=False).page

    row(page, "Ann Ash").get_by_role("button", name="Mark Complete").click()
    expect(page.get_by_text("Completed: Call for Ann Ash.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    for name in ("Bob Birch", "Cy Cedar"):
        page.get_by_label(f"Choose: Call for {name}").check()
    page.get_by_role("button", name="To tomorrow").click()
    expect(page.get_by_text("2 put off.")).to_be_visible()

    assert office.reload(first).status == "open"
    assert [office.reload(t).due_at - t.due_at for t in others] == [timedelta(days=1)] * 2
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()


def test_two_people_at_one_row_are_told_who_was_first(
    office: Office, counselor: User, admin: User
) -> None:
    task = office.task("Eva Smit", counselor, due=SOON)
    mine, theirs = office.enter(counselor).page, office.enter(admin)

    mine.get_by_role("button", name="Mark Complete").click()
    expect(mine.locator(f"#task-{task.pk}")).to_contain_text("Completed")
    theirs.page.get_by_role("button", name="Mark Complete").click()

    expect(theirs.page.locator(f"#task-{task.pk}")).to_contain_text(
        "Cem Counselor has completed this task already. Nothing was changed."
    )
    expect(theirs.page.get_by_role("button", name="Undo")).to_have_count(0)
    theirs.complaints.clear()  # the console tells of the 409, which is meant


def test_server_that_does_not_answer_is_told(office: Office, counselor: User) -> None:
    office.task("Eva Smit", counselor, due=SOON)
    window = office.enter(counselor)

    def fail(route: Route) -> None:
        route.fulfill(status=500, body="")

    window.page.route("**/complete/", fail)
    window.page.get_by_role("button", name="Mark Complete").click()

    alert = window.page.get_by_role("alert")
    expect(alert).to_contain_text("The server did not answer as expected.")
    expect(window.page.get_by_role("button", name="Mark Complete")).to_be_enabled()
    window.complaints.clear()  # the console tells of the 500, which is meant


def test_many_are_chosen_and_completed(office: Office, counselor: User) -> None:
    tasks = [office.task(f"Lead {n}", counselor, due=SOON) for n in range(4)]
    page = office.enter(counselor).page

    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_label("Choose all").check()
    expect(page.get_by_text("4 chosen")).to_be_visible()
    page.get_by_role("button", name="Complete chosen").click()
    expect(page.get_by_text("4 completed.")).to_be_visible()
    expect(page.get_by_role("heading", name="Just completed by you")).to_be_visible()

    assert [office.reload(task).status for task in tasks] == ["completed"] * 4


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(
    office: Office, counselor: User, size: dict[str, int], scheme: str
) -> None:
    office.task("Eva Smit", counselor, due=-timedelta(days=2), note="Ask for the transcript.")
    task = office.task(LONG, counselor, due=SOON)
    with scope(office.tenant.pk):
        team = Team.objects.create(tenant=office.tenant, name="North")
        TeamMembership.objects.create(tenant=office.tenant, team=team, user=counselor)
        Lead.objects.filter(pk=task.lead_id).update(
            team_ids=[team.pk], next_action="Call", next_action_at=task.created_at
        )
    window = office.enter(counselor, viewport=size, color_scheme=scheme)
    is_in_order(window)
    window.page.get_by_role("button", name="Mark Complete").first.click()
    expect(window.page.get_by_role("button", name="Undo").first).to_be_visible()
    is_in_order(window)

    for path in (
        "/leads/",
        "/leads/new/",
        f"/leads/{task.lead_id}/",
        f"/leads/{task.lead_id}/move/",
        f"/leads/{task.lead_id}/assign/",
        f"/leads/{task.lead_id}/edit/",
        f"/leads/{task.lead_id}/applications/",
        f"/tasks/{task.pk}/complete/",
        "/pipeline/",
        "/pipeline/applications/",
        "/today/?type=review",
    ):
        window.open(office.url + path)
        is_in_order(window)


def test_wanted_page_comes_after_the_login(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)

    page = office.enter(counselor, path=f"/leads/{lead.pk}/").page

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Eva Smit"))
