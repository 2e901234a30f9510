"""Error pages: they say what happened, what it means for the money, and what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from core.models import User
from core.unavailable import server_error

pytestmark = pytest.mark.django_db

WORDS = {
    "400.html": "no money has moved",
    "403.html": "Nothing was changed",
    "403_csrf.html": "no money has moved",
    "404.html": "There is nothing at this address",
    "429.html": "no money has moved",
    "503.html": "No money has moved",
    "500.html": "a payment that Stripe has confirmed is not lost",
}


@pytest.mark.parametrize("name", WORDS)
def test_error_page_needs_nothing_and_says_what_it_means(name: str) -> None:
    page = render_to_string(name)

    assert WORDS[name] in page
    assert "style=" not in page
    assert "<script" not in page


def test_unknown_address_answers_404_with_our_page(client: Client) -> None:
    answer = client.get("/nothing/here")

    assert answer.status_code == 404
    assert WORDS["404.html"] in answer.content.decode()


def test_forged_form_answers_403_with_our_page(admin: User) -> None:
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post("/accounts/login/", {"login": admin.email, "password": "correct horse"})

    assert answer.status_code == 403
    assert "This form was open for too long" in answer.content.decode()


def test_our_own_failure_answers_500_with_our_page(rf: Any) -> None:
    answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert WORDS["500.html"] in answer.content.decode()


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/core/team/add/", "/links/new/"])
@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart/form-data; boundary=",
        "multipart/form-data",
    ],
)
def test_form_that_cannot_be_read_is_refused(admin: User, path: str, kind: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(admin)

    answer = client.generic("POST", path, b"title=x", content_type=kind)

    assert answer.status_code == 400
    assert WORDS["400.html"] in answer.content.decode()


def test_form_that_cannot_be_read_finds_nothing_at_an_unknown_address() -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)

    answer = strict.generic("POST", "/nothing/here", b"x", content_type="multipart/form-data")

    assert answer.status_code == 404
    assert WORDS["404.html"] in answer.content.decode()


def test_page_of_another_role_says_so(counselor: User, client: Client) -> None:
    client.force_login(counselor)

    answer = client.get("/admin/core/user/add/")

    assert answer.status_code == 403
    assert WORDS["403.html"] in answer.content.decode()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/admin/payments/dispute/?status__exact=%00", ""),
        ("POST", "/admin/billing/walletentry/add/", "organization=%5B%22a%22%5D&note=x"),
    ],
)
def test_impossible_value_in_the_admin_is_a_bad_request(
    admin: User, method: str, path: str, body: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(admin)

    answer = client.generic(method, path, body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 400
    assert WORDS["400.html"] in answer.content.decode()
