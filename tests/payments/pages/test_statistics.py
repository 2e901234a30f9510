"""Google Analytics: only if a company wants it, on its pages alone, once the visitor agreed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from core.models import Tenant, User
from payments.models import PaymentLink, StripeAccount
from payments.operations.statistics import choose_measurement_id
from tests.payments.pages.conftest import words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
MEASUREMENT = "G-AB12CD34EF"


@pytest.fixture
def counted(tenant: Tenant) -> Tenant:
    """A company that wants Google Analytics."""
    return choose_measurement_id(tenant=tenant, measurement_id=MEASUREMENT)


def policy(answer: HttpResponse) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def page_of(link: PaymentLink) -> str:
    return reverse("pay", args=[link.token])


def answer(phone: Client, link: PaymentLink, said: str, **headers: str) -> HttpResponse:
    path = reverse("pay_statistics", args=[link.token])
    return phone.post(path, {"answer": said}, headers=headers)


def test_nothing_is_asked_without_a_measurement_id(
    new_link: NewLink, account: StripeAccount, phone: Client
) -> None:
    link = new_link()

    answer(phone, link, "yes")
    page = phone.get(page_of(link))

    assert "statistics" not in page.content.decode()
    assert "google" not in page.content.decode() + page["Content-Security-Policy"]
    assert [name for name in phone.cookies if "statistics" in name] == []


def test_page_asks_and_stays_strict_until_the_visitor_agreed(
    new_link: NewLink, account: StripeAccount, counted: Tenant, phone: Client
) -> None:
    page = phone.get(page_of(new_link()))

    assert "May this visit be counted?" in words(page)
    assert "Yes, count it" in words(page)
    assert "No, do not count it" in words(page)
    assert "google" not in page["Content-Security-Policy"]
    assert MEASUREMENT not in page.content.decode()


def test_consent_lets_googles_script_into_this_page_alone(
    new_link: NewLink, account: StripeAccount, counted: Tenant, phone: Client
) -> None:
    link = new_link()

    assert answer(phone, link, "yes").status_code == 303
    page = phone.get(page_of(link))

    found = policy(page)
    assert found["script-src"] == "'self' https://www.googletagmanager.com"
    assert found["style-src"] == "'self'"
    assert found["default-src"] == "'none'"
    assert "https://*.google-analytics.com" in found["connect-src"]
    assert MEASUREMENT in page.content.decode()
    for path in (reverse("pay_return", args=[link.token]), page_of(link) + "x"):
        assert "google" not in phone.get(path).headers.get("Content-Security-Policy", "")


def test_consent_to_one_company_is_none_to_another(
    new_link: NewLink,
    account: StripeAccount,
    counted: Tenant,
    other_tenant: Tenant,
    phone: Client,
) -> None:
    answer(phone, new_link(), "yes")

    (cookie,) = (name for name in phone.cookies if "statistics" in name)

    assert counted.pk.hex[:12] in cookie
    assert other_tenant.pk.hex[:12] not in cookie
    assert phone.cookies[cookie].value == "yes"
    assert phone.cookies[cookie]["path"] == "/pay/"


def test_refusal_is_remembered_and_forgets_what_google_kept(
    new_link: NewLink, account: StripeAccount, counted: Tenant, phone: Client
) -> None:
    link = new_link()
    answer(phone, link, "yes")
    phone.cookies["_ga"] = "GA1.1.1.1"
    phone.cookies["_ga_AB12CD34EF"] = "GS1.1.1.1"

    answer(phone, link, "no")
    page = phone.get(page_of(link))

    assert (phone.cookies["_ga"].value, phone.cookies["_ga_AB12CD34EF"].value) == ("", "")
    assert "You declined" in words(page)
    assert "google" not in page["Content-Security-Policy"]


@pytest.mark.parametrize("said", ["", "maybe", "YES", "yes\x00"])
def test_other_answers_change_nothing(
    new_link: NewLink, account: StripeAccount, counted: Tenant, phone: Client, said: str
) -> None:
    link = new_link()

    assert answer(phone, link, said).status_code == 303
    assert list(phone.cookies) == []


def test_another_site_cannot_agree_for_somebody(
    new_link: NewLink, account: StripeAccount, counted: Tenant, phone: Client
) -> None:
    answer(phone, new_link(), "yes", **{"Sec-Fetch-Site": "cross-site"})

    assert list(phone.cookies) == []


@pytest.mark.parametrize("wrong", ["UA-123-1", "G-", "G-ab12", "G-<script>", "G-AB12\n", "x"])
def test_measurement_id_of_another_shape_is_refused(tenant: Tenant, wrong: str) -> None:
    with pytest.raises(ValidationError):
        choose_measurement_id(tenant=tenant, measurement_id=wrong)
    with pytest.raises(IntegrityError, match="tenant_measurement_id_is_googles"):
        Tenant.objects.filter(pk=tenant.pk).update(google_measurement_id=wrong)


def test_admin_finds_the_id_among_the_settings(
    admin: User, tenant: Tenant, log_in: Callable[[User], Client]
) -> None:
    desk = log_in(admin)

    before = words(desk.get("/settings/"))
    wrong = desk.post("/settings/statistics/", {"measurement_id": "UA-1"})
    desk.post("/settings/statistics/", {"measurement_id": " g-ab12cd34ef "})
    after = words(desk.get("/settings/"))

    assert "Google Analytics: off" in before
    assert wrong.status_code == 400
    assert "Give an id such as G-AB12CD34EF" in words(wrong)
    assert MEASUREMENT in after
    assert Tenant.objects.get(pk=tenant.pk).google_measurement_id == MEASUREMENT
    desk.post("/settings/statistics/", {"measurement_id": ""})
    assert Tenant.objects.get(pk=tenant.pk).google_measurement_id == ""


def test_settings_are_shut_for_counselors(
    counselor: User, log_in: Callable[[User], Client]
) -> None:
    desk = log_in(counselor)

    assert desk.get("/settings/").status_code == 403
    assert desk.post("/settings/statistics/", {"measurement_id": MEASUREMENT}).status_code == 403


class Outside:
    """Stands in for the whole internet, and keeps which hosts were asked for what."""

    def __init__(self, page: Page, inside: str) -> None:
        self.inside = urlsplit(inside).netloc
        self.asked: list[str] = []
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if urlsplit(url).netloc == self.inside or url.startswith("data:"):
            route.continue_()
            return
        self.asked.append(url)
        route.fulfill(status=200, content_type="text/javascript", body="window.googleRan = true;")

    @property
    def hosts(self) -> list[str]:
        return [urlsplit(url).netloc for url in self.asked]


@pytest.mark.browser
def test_no_outside_host_is_asked_before_consent_or_after_refusal(
    new_link: NewLink,
    account: StripeAccount,
    counted: Tenant,
    live_server: LiveServer,
    page: Page,
) -> None:
    outside = Outside(page, live_server.url)
    page.goto(live_server.url + page_of(new_link()))

    page.get_by_role("button", name="No, do not count it").click()
    expect(page.get_by_text("You declined")).to_be_visible()
    page.reload(wait_until="networkidle")

    assert outside.hosts == []


@pytest.mark.browser
def test_google_alone_is_asked_after_consent_and_never_told_the_address(
    new_link: NewLink,
    account: StripeAccount,
    counted: Tenant,
    live_server: LiveServer,
    page: Page,
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    outside = Outside(page, live_server.url)
    link = new_link()
    page.goto(live_server.url + page_of(link))

    page.get_by_role("button", name="Yes, count it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You agreed")).to_be_visible()
    page.wait_for_load_state("networkidle")
    told: Any = page.evaluate(
        """() => { const heard = []; document.addEventListener("submit", () => heard.push("form"));
        document.addEventListener("change", () => heard.push("form"));
        document.querySelector("form[action*='/pay/'] button").form
            .dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
        return [JSON.stringify(window.dataLayer), heard, window.googleRan]; }"""
    )

    assert set(outside.hosts) == {"www.googletagmanager.com"}
    assert outside.asked[0].endswith(f"/gtag/js?id={MEASUREMENT}")
    assert link.token not in told[0] + "".join(outside.asked)
    assert "begin_checkout" in told[0]
    assert told[1:] == [[], True]
    assert complaints == []
    page.get_by_role("button", name="No longer").click()
    expect(page.get_by_text("You declined")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_question_is_accessible_and_both_answers_look_alike(
    *,
    new_link: NewLink,
    account: StripeAccount,
    counted: Tenant,
    live_server: LiveServer,
    page: Page,
    scheme: Any,
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + page_of(new_link()))

    looks = page.evaluate(
        """() => [...document.querySelectorAll(".statistics button")].map((button) => {
            const style = getComputedStyle(button);
            return JSON.stringify([style.color, style.backgroundColor, style.fontSize,
                button.getBoundingClientRect().width, button.getBoundingClientRect().height]);
        })"""
    )

    assert len(looks) == 2
    assert json.loads(looks[0]) == json.loads(looks[1])
    assert Axe().run(page).response["violations"] == []
