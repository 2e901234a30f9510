"""The back office in a browser: nothing that the CSP refuses, keyboard use, both colour schemes."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import Team, Tenant, User
from core.tenancy import scope

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

PAGES = [
    "/admin/",
    "/admin/core/user/",
    "/admin/core/user/?q=a",
    "/admin/core/user/add/",
    "/admin/core/team/add/",
    "/admin/core/apikey/add/",
    "/admin/core/tenant/",
    "/admin/payments/paymentlink/add/",
    "/admin/djstripe/charge/",
    "/admin/search/?q=a",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/password/change/",
    "/accounts/logout/",
]

# Whether the page scrolls sideways, and the ids of the controls that reach out of it.
MEASURE = """() => [
    document.documentElement.scrollWidth > innerWidth,
    [...document.querySelectorAll("main :is(input, select, textarea, button)")]
        .filter((control) => control.getBoundingClientRect().right > innerWidth)
        .map((control) => control.id || control.name),
]"""

# How high the header is, and how large the page's title.
SIZES = """() => [
    document.querySelector(".topbar").getBoundingClientRect().height,
    getComputedStyle(document.querySelector("h1")).fontSize,
]"""


TITLES = "all => all.map(one => (one.querySelector('summary') || one).textContent)"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: refused by the CSP, failed scripts, missing files."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(f"{message.text} {message.location}")

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture
def office(page: Page, live_server: LiveServer, admin: User) -> Page:
    """A browser in which an admin has just logged in."""
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("E-mail").fill(admin.email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="What waits")).to_be_visible()
    page.wait_for_load_state()
    return page


def visit(office: Page, live_server: LiveServer, path: str) -> None:
    office.goto(live_server.url + path)
    if "/reauthenticate/" in office.url:
        office.get_by_label("Password").fill("correct horse")
        office.get_by_role("button", name="Confirm").click()
        office.wait_for_url(f"**{path}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_keep_the_content_security_policy(
    office: Page, live_server: LiveServer, complaints: list[str], scheme: str
) -> None:
    office.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = {}
    for path in PAGES:
        visit(office, live_server, path)
        assert complaints == []
        violations = Axe().run(office).response["violations"]
        broken = [v for v in violations if v["impact"] in ("serious", "critical")]
        if broken:
            found[path] = [(v["id"], [n["target"] for n in v["nodes"]]) for v in broken]
        complaints.clear()  # axe itself tries inline styles

    assert found == {}


def test_pages_fit_a_phone(office: Page, live_server: LiveServer) -> None:
    office.set_viewport_size({"width": 390, "height": 844})
    wider = []
    for path in PAGES:
        visit(office, live_server, path)
        wide, cut_off = office.evaluate(MEASURE)
        if wide or cut_off:
            wider.append((path, wide, cut_off))

    assert wider == []


@pytest.mark.parametrize("width", [390, 1280])
def test_header_and_title_are_as_large_in_the_admin_as_on_our_pages(
    office: Page, live_server: LiveServer, width: int
) -> None:
    office.set_viewport_size({"width": width, "height": 900})
    sizes = []
    for path in ("/admin/", "/admin/core/user/", "/links/"):
        visit(office, live_server, path)
        sizes.append(office.evaluate(SIZES))

    assert sizes == [sizes[0]] * 3


def test_palette_is_used_with_the_keyboard_alone(
    office: Page, tenant: Tenant, complaints: list[str]
) -> None:
    with scope(tenant.pk):
        for name in ("North", "North west"):
            Team.objects.create(tenant=tenant, name=name)

    office.keyboard.press("Control+k")
    office.keyboard.type("north")
    box = office.get_by_role("combobox", name="Search rows and pages")
    options = office.get_by_role("option")
    expect(options).to_have_count(2)
    office.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "palette-option-1")
    office.keyboard.press("Enter")

    expect(office.get_by_role("heading", name="North west")).to_be_visible()
    assert complaints == []


def test_palette_closes_on_escape_and_slash_opens_it(office: Page) -> None:
    dialog = office.get_by_role("dialog", name="Search")

    office.keyboard.press("/")
    expect(dialog).to_be_visible()
    office.keyboard.press("Escape")

    expect(dialog).to_be_hidden()


def test_slash_is_a_letter_while_somebody_types(office: Page, live_server: LiveServer) -> None:
    office.goto(f"{live_server.url}/admin/core/team/add/")
    office.get_by_label("Name").press("/")

    expect(office.get_by_label("Name")).to_have_value("/")
    expect(office.get_by_role("dialog", name="Search")).to_be_hidden()


def test_colours_follow_the_button_and_are_kept(office: Page, complaints: list[str]) -> None:
    def ground() -> str:
        return str(office.evaluate("getComputedStyle(document.body).backgroundColor"))

    before = ground()
    office.get_by_role("button", name="Colours: as the system").click()
    dark = ground()
    office.reload()

    assert (before, dark, ground()) == ("rgb(247, 245, 241)", "rgb(23, 20, 17)", dark)
    assert complaints == []


def test_search_works_without_javascript(
    live_server: LiveServer, browser: object, office: Page, tenant: Tenant
) -> None:
    with scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="North")
    state = office.context.storage_state()
    plain = office.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=state
    )
    page = plain.new_page()

    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox", name="Search rows and pages").fill("north")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("main").get_by_role("link", name="North")).to_be_visible()
    plain.close()


def test_menus_of_the_header_are_used_with_the_keyboard(
    office: Page, live_server: LiveServer
) -> None:
    billing = office.locator("nav.wide summary", has_text="Billing")
    billing.focus()
    office.keyboard.press("Enter")
    prices = office.locator("nav.wide").get_by_role("link", name="Prices")
    expect(prices).to_be_visible()
    office.keyboard.press("Escape")
    expect(prices).to_be_hidden()
    expect(billing).to_be_focused()

    office.keyboard.press("Enter")
    prices.focus()
    office.keyboard.press("Enter")

    office.wait_for_url(f"{live_server.url}/billing/plans/")
    expect(billing).to_have_class("is-current")


def test_one_menu_of_the_header_is_open_at_a_time(office: Page) -> None:
    office.locator("nav.wide summary", has_text="Billing").click()
    office.locator("nav.wide summary", has_text="Sales").click()

    assert office.locator("nav.wide details[open] > summary").all_inner_texts() == ["Sales"]


def test_pages_are_under_one_button_on_a_phone(office: Page, live_server: LiveServer) -> None:
    office.set_viewport_size({"width": 390, "height": 844})
    menu = office.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()

    office.locator("details.site-map > summary").click()
    menu.get_by_role("link", name="Push desk").click()

    office.wait_for_url(f"{live_server.url}/billing/push/")


def test_menus_work_without_javascript(
    office: Page, live_server: LiveServer, browser: Browser
) -> None:
    state = office.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")

    page.locator("nav.wide summary", has_text="Money").click()
    page.locator("nav.wide").get_by_role("link", name="Links").click()

    page.wait_for_url(f"{live_server.url}/links/")
    context.close()


def test_header_stands_in_one_line(office: Page, live_server: LiveServer) -> None:
    office.set_viewport_size({"width": 1280, "height": 800})
    visit(office, live_server, "/links/")

    menus = office.locator("nav.wide > ul > li")
    tops = menus.evaluate_all("all => [...new Set(all.map(one => one.offsetTop))]")

    assert [text.strip() for text in menus.evaluate_all(TITLES)] == [
        "Home",
        "Today",
        "Sales",
        "Money",
        "Clubs and rents",
        "Billing",
        "API docs",
    ]
    assert len(tops) == 1
    assert office.evaluate(MEASURE) == [False, []]
