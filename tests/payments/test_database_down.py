"""PostgreSQL does not answer: every way in says so with 503, and when to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from core.models import User
from core.unavailable import server_error
from payments.models import PaymentLink, StripeAccount

pytestmark = pytest.mark.django_db
KEY = "tap_" + "0" * 48


@pytest.fixture
def link(new_link: Callable[..., PaymentLink]) -> PaymentLink:
    return new_link()


@pytest.fixture
def visitor() -> Client:
    """A client that is answered as a browser is, whatever broke."""
    return Client(raise_request_exception=False)


@pytest.fixture
def database_down(link: PaymentLink, account: StripeAccount, tmp_path: Path) -> Iterator[None]:
    """Nobody listens where PostgreSQL was."""
    address = {**connection.settings_dict}
    connection.close()
    connection.settings_dict.update(HOST=str(tmp_path), PORT="1")
    yield
    connection.close()
    connection.settings_dict.update(HOST=address["HOST"], PORT=address["PORT"])


@pytest.mark.usefixtures("database_down")
@pytest.mark.parametrize("method", ["get", "post"])
def test_pay_page_says_that_no_money_moved(visitor: Client, link: PaymentLink, method: str) -> None:
    answer = getattr(visitor, method)(f"/pay/{link.token}/", headers={"accept": "text/html"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "No money has moved" in answer.content.decode()
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.usefixtures("database_down")
def test_webhook_is_asked_to_come_again(visitor: Client, account: StripeAccount) -> None:
    answer = visitor.post(
        f"/stripe/webhook/{account.pk}/", b"{}", content_type="application/json; charset=utf-8"
    )

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"


@pytest.mark.usefixtures("database_down")
def test_api_says_unavailable(visitor: Client) -> None:
    answer = visitor.get("/api/payment-links/", headers={"authorization": f"Api-Key {KEY}"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"


def test_page_of_staff_is_unavailable_too(
    admin: User, visitor: Client, request: pytest.FixtureRequest
) -> None:
    visitor.force_login(admin)
    request.getfixturevalue("database_down")

    answer = visitor.get("/links/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "No money has moved" in answer.content.decode()


def test_fault_of_ours_stays_a_500(rf: RequestFactory) -> None:
    try:
        raise ValueError("ours")
    except ValueError:
        answer = server_error(rf.get("/"))

    assert (answer.status_code, answer.has_header("Retry-After")) == (500, False)
