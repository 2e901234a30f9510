"""Cards of the pipeline move by drag, by keys, and by a form; the server has the last word."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.models import User
from tests.journeys.office import Office

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.journey,
    pytest.mark.browser,
    pytest.mark.xdist_group("journey"),
]


def column(page: Page, name: str) -> Any:
    """The column of a stage."""
    return page.locator(f"[data-name='{name}']")


def test_card_is_dragged_to_another_stage(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)
    page = office.enter(counselor, path="/pipeline/").page

    page.locator("[data-card]").drag_to(column(page, "Contacted"))
    expect(column(page, "Contacted").locator("[data-card]")).to_contain_text("Eva Smit")
    expect(page.get_by_text("Eva Smit: Contacted.").first).to_be_visible()

    assert office.reload(lead).stage == "contacted"
    expect(column(page, "New").locator("[data-card]")).to_have_count(0)


def test_card_moves_by_keys_alone(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)
    office.lead("Bob Birch", counselor, stage="contacted")
    page = office.enter(counselor, path="/pipeline/").page
    focused = page.locator(":focus")

    page.get_by_role("link", name="Eva Smit", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_text("Bob Birch")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowRight")
    expect(column(page, "Contacted").locator("[data-card]")).to_have_count(2)
    expect(focused).to_have_text("Eva Smit")
    page.keyboard.press("m")
    page.get_by_label("Stage", exact=True).select_option("advising")
    page.get_by_role("dialog").get_by_role("button", name="Move").press("Enter")
    expect(column(page, "Advising").locator("[data-card]")).to_contain_text("Eva Smit")

    assert office.reload(lead).stage == "advising"


def test_move_that_needs_a_note_asks_for_it(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)
    page = office.enter(counselor, path="/pipeline/").page

    page.locator("[data-card]").drag_to(column(page, "Disqualified"))
    dialog = page.get_by_role("dialog", name="Move")
    expect(dialog).to_contain_text("This stage needs a note that says why.")
    page.keyboard.press("Escape")
    expect(column(page, "New").locator("[data-card]")).to_have_count(1)
    page.locator("[data-card]").drag_to(column(page, "Disqualified"))
    dialog.get_by_label("Why").fill("Too young")
    dialog.get_by_role("button", name="Move").click()
    expect(column(page, "Disqualified").locator("[data-card]")).to_contain_text("Eva Smit")

    assert office.reload(lead).stage == "disqualified"


def test_refused_move_is_told_and_the_card_goes_back(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)
    application = office.application(lead, programme="Brewing", stage="payment_received")
    window = office.enter(counselor, path="/pipeline/applications/")
    page = window.page

    page.locator("[data-card]").drag_to(column(page, "Draft"))

    expect(page.locator("#board .notice")).to_contain_text(
        "What stands on Payment received does not go back to Draft."
    )
    expect(column(page, "Payment received").locator("[data-card]")).to_contain_text("Eva Smit")
    assert office.reload(application).stage == "payment_received"
    window.complaints.clear()  # the console tells of the 409, which is meant


def test_card_moves_without_javascript(office: Office, counselor: User) -> None:
    lead = office.lead("Eva Smit", counselor)
    page = office.enter(counselor, path="/pipeline/", java_script_enabled=False).page

    page.get_by_role("link", name="Move Eva Smit").click()
    page.get_by_label("Stage").select_option("contacted")
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("Moved. Eva Smit: Contacted.")).to_be_visible()

    assert office.reload(lead).stage == "contacted"
    expect(column(page, "Contacted").locator("[data-card]")).to_contain_text("Eva Smit")
