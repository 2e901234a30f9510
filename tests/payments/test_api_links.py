"""Payment links over the API: what goes in, what comes out, what is refused and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Tenant, User
from core.operations.api_keys import make_api_key
from core.tenancy import scope
from payments.models import PaymentLink
from payments.operations.links import deactivate_link, make_link
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
URL = "/api/payment-links/"
ALL = ("links:read", "links:write", "payments:read", "payments:refund")


def key_for(tenant: Tenant, *scopes: str) -> dict[str, str]:
    with scope(tenant.pk):
        made = make_api_key(name="Test", scopes=scopes or ALL, by=None)
    return {"Authorization": f"Api-Key {made.secret}"}


class Api:
    """A program that calls the API."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.client = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            path,
            body if isinstance(body, bytes) else _json(body),
            content_type="application/json",
            headers={**self.headers, **headers},
        )


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


@pytest.fixture
def api(tenant: Tenant) -> Api:
    """A program with a key for everything."""
    return Api(key_for(tenant))


def link_fields(**changes: Any) -> dict[str, Any]:
    return {"amount_minor": 12500, "currency": "EUR", "description": "Deposit", **changes}


def test_link_is_made_and_can_be_read(api: Api, tenant: Tenant) -> None:
    expires_at = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)

    made = api.call("POST", URL, link_fields(expires_at=expires_at.isoformat(), max_payments=2))

    link = made.json()
    assert made.status_code == 201
    assert link["status"] == "active"
    assert link["amount"] == {"minor": 12500, "currency": "EUR", "display": "€125.00"}
    assert (link["title"], link["max_payments"], link["paid_count"]) == ("Deposit", 2, 0)
    assert datetime.fromisoformat(link["expires_at"]) == expires_at
    assert link["url"].startswith("http://testserver/pay/")
    assert made["ETag"] == '"v1"'
    assert api.call("GET", f"{URL}{link['id']}/").json() == link


def test_link_without_a_limit_given_is_for_one_payment(api: Api) -> None:
    one = api.call("POST", URL, link_fields()).json()
    any_number = api.call("POST", URL, link_fields(max_payments=None)).json()

    assert (one["max_payments"], any_number["max_payments"]) == (1, None)


def test_slash_at_the_end_is_optional(api: Api) -> None:
    made = api.call("POST", URL.rstrip("/"), link_fields())

    assert made.status_code == 201


BAD = [
    ({"amount_minor": 0}, "#/amount_minor"),
    ({"amount_minor": -100}, "#/amount_minor"),
    ({"amount_minor": 49}, "#/amount_minor"),
    ({"amount_minor": 12.5}, "#/amount_minor"),
    ({"amount_minor": 12.0}, "#/amount_minor"),
    ({"amount_minor": "12500"}, "#/amount_minor"),
    ({"amount_minor": True}, "#/amount_minor"),
    ({"amount_minor": None}, "#/amount_minor"),
    ({"amount_minor": 100_000_000}, "#/amount_minor"),
    ({"amount_minor": 10**30}, "#/amount_minor"),
    ({"amount_minor": 12345, "currency": "KWD"}, "#/amount_minor"),
    ({"amount_minor": 12345, "currency": "ISK"}, "#/amount_minor"),
    ({"currency": "XXX"}, "#/currency"),
    ({"currency": "UGX"}, "#/currency"),
    ({"currency": "EURO"}, "#/currency"),
    ({"currency": ""}, "#/currency"),
    ({"currency": 978}, "#/currency"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
    ({"expires_at": "tomorrow"}, "#/expires_at"),
    ({"expires_at": "2030-02-30T00:00:00Z"}, "#/expires_at"),
    ({"expires_at": "2030-01-01T00:00:00"}, "#/expires_at"),
    ({"expires_at": "9999-12-31T23:59:59Z"}, "#/expires_at"),
    ({"expires_at": 1893456000}, "#/expires_at"),
    ({"starts_at": "2030-01-02T00:00:00Z", "expires_at": "2030-01-01T00:00:00Z"}, "#/starts_at"),
    ({"title": "x" * 121}, "#/title"),
    ({"title": "a\u0000b"}, "#/title"),
    ({"title": "a\u001bb"}, "#/title"),
    ({"description": "x" * 1001}, "#/description"),
    ({"description": ["x"]}, "#/description"),
    ({"max_payments": 0}, "#/max_payments"),
    ({"max_payments": -1}, "#/max_payments"),
    ({"max_payments": 10**12}, "#/max_payments"),
    ({"redirect_url": "https://evil.example/"}, "#/redirect_url"),
    ({"redirect_url": "javascript:alert(1)"}, "#/redirect_url"),
    ({"surprise": 1}, "#/surprise"),
    ({"id": "00000000-0000-0000-0000-000000000000"}, "#/id"),
    ({"tenant": "00000000-0000-0000-0000-000000000000"}, "#/tenant"),
]


@pytest.mark.parametrize(("changes", "pointer"), BAD, ids=str)
def test_bad_field_is_pointed_at_and_nothing_is_stored(
    api: Api, tenant: Tenant, changes: dict[str, Any], pointer: str
) -> None:
    answer = api.call("POST", URL, link_fields(**changes))

    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert all(error["detail"] for error in problem["errors"])
    with scope(tenant.pk):
        assert PaymentLink.objects.count() == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"", b"\xff", b'{"a": NaN}'])
def test_body_that_is_no_object_is_refused(api: Api, body: bytes) -> None:
    answer = api.call("POST", URL, body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_redirect_to_an_allowed_host_is_taken(api: Api, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(redirect_hosts=["shop.amber.example"])

    made = api.call("POST", URL, link_fields(redirect_url="https://shop.amber.example/thanks"))

    assert made.json()["redirect_url"] == "https://shop.amber.example/thanks"


def test_link_of_another_tenant_is_not_there(api: Api, other_tenant: Tenant, now: datetime) -> None:
    with scope(other_tenant.pk):
        theirs = make_link(by=None, now=now, title="Theirs", amount_minor=100, currency="USD")

    answers = [
        api.call("GET", f"{URL}{theirs.pk}/"),
        api.call("PATCH", f"{URL}{theirs.pk}/", {"title": "Mine"}),
        api.call("POST", f"{URL}{theirs.pk}/deactivate/"),
        api.call("GET", f"{URL}{theirs.pk}/checkouts/"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert api.call("GET", URL).json()["items"] == []


def test_edit_needs_the_version_that_was_seen(api: Api, new_link: NewLink) -> None:
    link = new_link()

    first = api.call("PATCH", f"{URL}{link.pk}/", {"amount_minor": 900}, **{"If-Match": '"v1"'})
    second = api.call("PATCH", f"{URL}{link.pk}/", {"amount_minor": 800}, **{"If-Match": '"v1"'})

    assert (first.status_code, first.json()["amount"]["minor"], first["ETag"]) == (200, 900, '"v2"')
    assert (second.status_code, second.json()["code"]) == (412, "changed_meanwhile")


def test_edit_that_changes_nothing_makes_no_version(api: Api, new_link: NewLink) -> None:
    link = new_link(title="Deposit")

    answer = api.call("PATCH", f"{URL}{link.pk}/", {"title": "Deposit"})

    assert (answer.status_code, answer.json()["version"]) == (200, 1)


def test_deactivated_link_can_be_switched_on_again(api: Api, new_link: NewLink) -> None:
    link = new_link()

    off = api.call("POST", f"{URL}{link.pk}/deactivate/").json()["status"]
    again = api.call("POST", f"{URL}{link.pk}/deactivate/").json()["status"]
    on = api.call("POST", f"{URL}{link.pk}/activate/").json()["status"]

    assert (off, again, on) == ("deactivated", "deactivated", "active")


def test_status_filter_agrees_with_each_links_own_status(
    api: Api, tenant: Tenant, new_link: NewLink, now: datetime
) -> None:
    new_link(title="active")
    new_link(title="unlimited", max_payments=None)
    new_link(title="early", starts_at=now + timedelta(days=1))
    links = {name: new_link(title=name) for name in ("over", "off", "paid", "paid and off")}
    full = new_link(title="full", max_payments=2)
    with scope(tenant.pk):
        rows = PaymentLink.objects
        rows.filter(pk=links["over"].pk).update(expires_at=now - timedelta(days=1))
        rows.filter(pk=full.pk).update(paid_count=2, slots_taken=2)
        rows.filter(title__startswith="paid").update(paid_count=1, slots_taken=1)
        for name in ("off", "paid and off"):
            deactivate_link(link_id=links[name].pk, now=now)
        own = {str(link.pk): link.status_at(timezone.now()) for link in rows.all()}

    listed = {
        link["id"]: status
        for status in PaymentLink.Status.values
        for link in api.call("GET", f"{URL}?status={status}").json()["items"]
    }

    assert listed == own
    assert len(own) == 8


def test_tries_are_listed_page_by_page(api: Api, customer: Customer, new_link: NewLink) -> None:
    link = new_link(max_payments=None)
    for visitor in ("a", "b", "c"):
        customer.claim(link, visitor=visitor)
    tries = f"{URL}{link.pk}/checkouts/"
    whole = [row["id"] for row in api.call("GET", tries).json()["items"]]

    first = api.call("GET", f"{tries}?limit=2").json()
    second = api.call("GET", first["next"]).json()

    assert len(whole) == 3
    assert [row["id"] for row in first["items"] + second["items"]] == whole
    assert second["next"] is None


def test_unknown_filter_is_refused(api: Api) -> None:
    answer = api.call("GET", f"{URL}?colour=red")

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "colour")


def test_list_takes_the_same_queries_for_one_and_thirty(
    api: Api, new_link: NewLink, django_assert_max_num_queries: Any
) -> None:
    new_link()
    api.call("GET", URL)  # the key's first use is noted, once a minute
    with django_assert_max_num_queries(50) as one:
        api.call("GET", URL)
    for _ in range(29):
        new_link()
    with django_assert_max_num_queries(50) as thirty:
        answer = api.call("GET", f"{URL}?limit=30")

    assert len(answer.json()["items"]) == 30
    assert len(thirty) == len(one)


def test_repeated_key_makes_one_link(api: Api, tenant: Tenant) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = api.call("POST", URL, link_fields(), **key)
    again = api.call("POST", URL, link_fields(), **key)
    other = api.call("POST", URL, link_fields(amount_minor=999), **key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert (again.json()["id"], again["Idempotent-Replayed"]) == (first.json()["id"], "true")
    with scope(tenant.pk):
        assert PaymentLink.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "scopes", "status"),
    [
        ("GET", ("links:read",), 200),
        ("GET", ("payments:read",), 403),
        ("POST", ("links:read",), 403),
        ("POST", ("links:write",), 201),
    ],
)
def test_key_does_what_its_scopes_say(
    tenant: Tenant, method: str, scopes: tuple[str, ...], status: int
) -> None:
    body = link_fields() if method == "POST" else None

    assert Api(key_for(tenant, *scopes)).call(method, URL, body).status_code == status


def test_call_without_credentials_is_challenged(tenant: Tenant) -> None:
    answer = Api({}).call("GET", URL)

    assert (answer.status_code, "Bearer" in answer["WWW-Authenticate"]) == (401, True)


def test_person_makes_links_with_a_token(counselor: User) -> None:
    token = Client().post(
        "/api/token/",
        {"username": counselor.email, "password": "correct horse"},
        content_type="application/json",
    )

    api = Api({"Authorization": f"Bearer {token.json()['access']}"})

    assert api.call("POST", URL, link_fields()).status_code == 201
    assert api.call("GET", "/api/payments/").status_code == 200
