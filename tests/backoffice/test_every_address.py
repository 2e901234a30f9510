"""Each page we have, at a phone's width and a desk's, light and dark, with long names and without.

A new route is missed here until it has its place in `tests.backoffice.places`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from core.models import Tenant, User
from core.tenancy import scope
from tests.backoffice import places
from tests.backoffice.places import LISTS, PUBLIC, STAFF, Company, address_of

PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)
IS_FILE = re.compile(r"\.(csv|ics|pdf|svg|xml)/?$")
ANY_ID = "00000000-0000-4000-8000-000000000000"
# Some pages at a time: whoever looks at all of them shares the work.
SHARES = 6

# What reaches out of a phone's width, unless something that scrolls holds it.
REACHES_OUT = """() => [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    if (!(box.width && box.height && box.right > innerWidth + 1)) return false;
    for (let over = element; over; over = over.parentElement)
        if (/auto|scroll|hidden/.test(getComputedStyle(over).overflowX)) return false;
    return true;
}).slice(0, 3).map((element) => `${element.tagName}.${element.className}`)"""
TITLES = "() => [...document.querySelectorAll('h1')].filter((one) => one.offsetParent).length"


def look(page: Page, url: str) -> list[Any]:
    """Return what is wrong with a page: its status, what sticks out, what axe finds."""
    wrong: list[Any] = []
    for viewport, scheme in ((PHONE, "dark"), (DESK, "light")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        answer = page.goto(url)
        assert answer is not None
        if answer.status != 200 or page.url != url:
            return [answer.status, page.url]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(("scrolls sideways", page.evaluate(REACHES_OUT)))
        if page.evaluate(TITLES) != 1:
            wrong.append("not one h1")
        for one in Axe().run(page).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                wrong.append((one["id"], [node["target"] for node in one["nodes"]][:3]))
    return wrong


@pytest.fixture
def company(transactional_db: None, tenant: Tenant, admin: User) -> Company:
    return Company(tenant, admin)


@pytest.fixture
def office(page: Page, live_server: LiveServer, admin: User) -> Page:
    """A browser in which an admin has logged in."""
    page.goto(live_server.url + reverse("account_login"))
    page.get_by_label("E-mail").fill(admin.email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation").first).to_be_attached()
    page.wait_for_url("**/today/")
    return page


def pages_of(company: Company, names: dict[str, places.Keys]) -> dict[str, str]:
    with scope(company.tenant.pk):
        return {name: address_of(name, keys(company)) for name, keys in names.items()}


@pytest.mark.django_db
def test_each_route_is_a_page_here_or_said_to_be_none() -> None:
    known = {name.partition(" ")[0] for name in [*STAFF, *PUBLIC]}
    known |= places.FILES | places.FOR_PROGRAMS | places.ON_THE_WAY
    browser = Client()

    missing = []
    for name, path in places.routes():
        if name in known or IS_FILE.search(path):
            continue
        address = "/" + re.sub(r"<(\w+):\w+>", lambda key: plain_key(key[1]), path)
        if browser.get(address).status_code != 405:
            missing.append(name)

    assert missing == []
    assert known - {name for name, _ in places.routes()} == set()


def plain_key(kind: str) -> str:
    return {"uuid": ANY_ID, "int": "1"}.get(kind, "x")


@pytest.mark.browser
@pytest.mark.parametrize("share", range(SHARES))
def test_pages_of_staff_hold_long_names_and_satisfy_axe(
    share: int, company: Company, office: Page, live_server: LiveServer
) -> None:
    chosen = dict(sorted(STAFF.items())[share::SHARES])

    found = {
        name: wrong
        for name, address in pages_of(company, chosen).items()
        if (wrong := look(office, live_server.url + address))
    }

    assert found == {}


@pytest.mark.browser
def test_pages_of_customers_hold_long_names_and_satisfy_axe(
    company: Company, page: Page, live_server: LiveServer
) -> None:
    found = {
        name: wrong
        for name, address in pages_of(company, PUBLIC).items()
        if (wrong := look(page, live_server.url + address))
    }

    assert found == {}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_lists_of_a_new_company_are_empty_in_words(
    tenant: Tenant, office: Page, live_server: LiveServer
) -> None:
    found = {
        name: wrong for name in LISTS if (wrong := look(office, live_server.url + reverse(name)))
    }

    assert found == {}
