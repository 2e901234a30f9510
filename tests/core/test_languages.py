"""Public pages speak the visitor's language; staff and programs get English."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.languages import (
    COOKIE,
    SpeakToVisitors,
    choices,
    language_for_stripe,
    visitors_language,
)

request = RequestFactory()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9,en;q=0.5", "nl"),
        ("de-AT,nl;q=0.7,en;q=0.3", "nl"),
        ("en-GB,nl;q=0.9", "en"),
        ("de", "en"),
        ("", "en"),
        ("nl;q=0, en", "en"),
        ("*", "en"),
        ("nl-" + "x" * 3000, "en"),
        ("\x00nl", "en"),
    ],
)
def test_language_is_the_browsers_first_that_we_speak(accepted: str, language: str) -> None:
    found = visitors_language(request.get("/", headers={"Accept-Language": accepted}))

    assert found == language


def test_choice_goes_before_the_browser_and_the_link_before_the_cookie() -> None:
    asked = request.get("/?lang=en", headers={"Accept-Language": "nl"})
    kept = request.get("/", headers={"Accept-Language": "en"})
    kept.COOKIES[COOKIE] = "nl"
    asked.COOKIES[COOKIE] = "nl"

    assert (visitors_language(asked), visitors_language(kept)) == ("en", "nl")


@pytest.mark.parametrize("value", ["", "xx", "nl-NL", "NL", "../nl", "\0", "n" * 5000])
def test_choice_of_an_unknown_language_is_none(value: str) -> None:
    asked = request.get("/", {"lang": value}, headers={"Accept-Language": "nl"})
    asked.COOKIES[COOKIE] = value

    assert visitors_language(asked) == "nl"


def test_stripe_chooses_where_we_do_not_speak_the_language() -> None:
    german = request.get("/", headers={"Accept-Language": "de"})
    dutch = request.get("/", headers={"Accept-Language": "nl-BE"})

    assert (language_for_stripe(german), language_for_stripe(dutch)) == ("auto", "nl")


def test_links_keep_the_rest_of_the_address() -> None:
    links = {one["code"]: one["link"] for one in choices("session=cs_1&lang=nl&n=%26x")}

    assert links == {
        "en": "?session=cs_1&n=%26x&lang=en",
        "nl": "?session=cs_1&n=%26x&lang=nl",
    }


@pytest.mark.django_db
def test_address_that_leads_nowhere_is_told_in_dutch() -> None:
    response = Client().get("/nowhere/", headers={"Accept-Language": "nl"})

    assert response.status_code == 404
    page = response.content.decode()
    assert '<html lang="nl">' in page
    assert "Op dit adres is niets te vinden" in page
    assert response["Content-Language"] == "nl"
    assert {"Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/", "/api/nothing/"])
def test_staff_and_programs_get_english(path: str) -> None:
    response = Client().get(path, headers={"Accept-Language": "nl"}, follow=True)

    assert response.get("Content-Language", "en") == "en"
    assert "Language" not in response.get("Vary", "")
    assert '<html lang="nl"' not in response.content.decode()


def test_choice_is_remembered_once() -> None:
    speak = SpeakToVisitors(lambda _: HttpResponse())
    first = speak(request.get("/pay/x/?lang=nl"))
    again = request.get("/pay/x/?lang=nl")
    again.COOKIES[COOKIE] = "nl"

    assert first.cookies[COOKIE].value == "nl"
    assert first.cookies[COOKIE]["samesite"] == "Lax"
    assert COOKIE not in speak(again).cookies
