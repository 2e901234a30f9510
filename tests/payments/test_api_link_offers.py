"""Offers, versions, duplicates, templates and files of payment links over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.models import Tenant
from core.tenancy import scope
from payments.models import ImportedLink, LinkImport, LinkTemplate, LinkVersion, PaymentLink
from tests.payments.test_api_links import ALL, URL, Api, api, key_for

__all__ = ["api"]
pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
TEMPLATES = "/api/payment-link-templates/"
IMPORT = f"{URL}import/"
TOUR = {
    "pricing": "items",
    "currency": "EUR",
    "title": "Tour",
    "items": [{"name": "Ticket", "unit_amount_minor": 1850, "min_quantity": 1, "max_quantity": 9}],
    "custom_fields": [{"label": "Diet", "type": "dropdown", "options": ["None", "Vegan"]}],
    "terms_text": "I agree",
    "customer_email": "eva@example.com",
}
SHEET = "title,amount,max_payments\nMay,850.00,\nJune,0,\nMay,850.00,unlimited\n"


def count(tenant: Tenant) -> int:
    with scope(tenant.pk):
        return PaymentLink.objects.count()


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


def test_link_of_items_comes_back_as_it_was_said(api: Api) -> None:
    made = api.call("POST", URL, TOUR)

    link = made.json()
    assert made.status_code == 201
    assert link == api.call("GET", f"{URL}{link['id']}/").json()
    assert (link["pricing"], link["amount"]["minor"], link["status"]) == ("items", 1850, "active")
    assert link["items"] == [{**TOUR["items"][0], "quantity": 1}]  # type: ignore[dict-item]
    assert link["custom_fields"] == [
        {"key": "diet", "label": "Diet", "type": "dropdown", "is_required": False,
         "options": ["None", "Vegan"]}
    ]  # fmt: skip
    assert (link["received"], link["remaining"], link["terms_version"]) == (None, None, 1)


def test_link_in_parts_says_what_remains(api: Api) -> None:
    made = api.call(
        "POST", URL, {"pricing": "parts", "amount_minor": 30000, "currency": "EUR"}
    ).json()

    assert made["max_payments"] is None
    assert (made["received"]["minor"], made["remaining"]["minor"]) == (0, 30000)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"items": []}, "#/items"),
        ({"items": {}}, "#/items"),
        ({"items": [[]]}, "#/items/0"),
        ({"items": [{"name": "x", "unit_amount_minor": "5"}]}, "#/items/0/unit_amount_minor"),
        ({"items": [{"name": "x", "unit_amount_minor": -5}]}, "#/items/0/unit_amount_minor"),
        ({"items": [{"name": "x", "unit_amount_minor": 10**30}]}, "#/items/0/unit_amount_minor"),
        ({"items": [{"name": "x\0", "unit_amount_minor": 5}]}, "#/items/0/name"),
        ({"items": [{"name": "x", "unit_amount_minor": 5, "odd": 1}]}, "#/items/0/odd"),
        ({"custom_fields": [{"label": "x", "options": "S"}]}, "#/custom_fields/0/options"),
        ({"custom_fields": [{"label": "x", "type": "date"}]}, "#/custom_fields/0/type"),
        ({"custom_fields": [{"label": "x", "key": "Ä"}]}, "#/custom_fields/0/key"),
        ({"terms_url": "http://example.com"}, "#/terms_url"),
        ({"amount_minor": 5}, "#/amount_minor"),
        ({"min_amount_minor": 5}, "#/min_amount_minor"),
        ({"min_part_minor": True}, "#/min_part_minor"),
        ({"pricing": []}, "#/pricing"),
        ({"template": "x"}, "#/template"),
    ],
)
def test_wrong_offer_is_told_at_its_field(
    api: Api, tenant: Tenant, changes: dict[str, Any], pointer: str
) -> None:
    answer = api.call("POST", URL, {**TOUR, **changes})

    assert (answer.status_code, pointers(answer)) == (400, [pointer])
    assert count(tenant) == 0


def test_edits_are_listed_as_versions(api: Api, new_link: NewLink) -> None:
    link = new_link()
    path = f"{URL}{link.pk}/"
    edited = api.call("PATCH", path, {"amount_minor": 900}, **{"If-Match": '"v1"'})
    stale = api.call("PATCH", path, {"amount_minor": 800}, **{"If-Match": '"v1"'})

    listed = api.call("GET", f"{path}versions/").json()["items"]

    assert (edited.status_code, edited["ETag"], stale.status_code) == (200, '"v2"', 412)
    assert [(row["number"], row["terms"]["amount_minor"], row["changed"]) for row in listed] == [
        (2, 900, ["amount_minor"]),
        (1, 12500, []),
    ]


def test_duplicate_says_the_same_at_another_address(api: Api) -> None:
    link = api.call("POST", URL, TOUR).json()
    key = {"Idempotency-Key": "copy-1"}

    copy = api.call("POST", f"{URL}{link['id']}/duplicate/", **key)
    again = api.call("POST", f"{URL}{link['id']}/duplicate/", **key)

    own = {"id", "url", "created_at", "updated_at"}
    assert (copy.status_code, again.json()["id"]) == (201, copy.json()["id"])
    assert {name for name in link if link[name] != copy.json()[name]} == own


def test_link_from_a_template_takes_what_is_said_anew(api: Api) -> None:
    link = api.call("POST", URL, TOUR).json()
    template = api.call("POST", TEMPLATES, {"link": link["id"], "name": "Tour"}).json()

    made = api.call("POST", URL, {"template": template["id"], "title": "Night tour"})
    fixed = api.call(
        "POST", URL, {"template": template["id"], "pricing": "fixed", "amount_minor": 700}
    )

    assert (made.status_code, made.json()["title"]) == (201, "Night tour")
    assert made.json()["items"] == link["items"]
    assert made.json()["customer_email"] == ""
    assert (fixed.status_code, fixed.json()["items"], fixed.json()["amount"]["minor"]) == (
        201, [], 700,
    )  # fmt: skip


def test_template_name_is_taken_once_and_free_again(api: Api, new_link: NewLink) -> None:
    body = {"link": str(new_link().pk), "name": "Rent"}
    first = api.call("POST", TEMPLATES, body)
    twice = api.call("POST", TEMPLATES, body)
    stale = api.call("DELETE", f"{TEMPLATES}{first.json()['id']}/", **{"If-Match": '"v9"'})
    gone = api.call("DELETE", f"{TEMPLATES}{first.json()['id']}/")

    again = api.call("POST", TEMPLATES, body)

    assert (twice.status_code, pointers(twice)) == (400, ["#/name"])
    assert (stale.status_code, gone.status_code, again.status_code) == (412, 204, 201)


def test_file_is_looked_at_then_made_once(api: Api, tenant: Tenant) -> None:
    looked = api.call("POST", IMPORT, {"csv": SHEET, "dry_run": True})
    before = count(tenant)
    first = api.call("POST", IMPORT, {"csv": SHEET})
    again = api.call("POST", IMPORT, {"csv": SHEET.replace("\n", "\r\n")})

    results = [[row["result"] for row in one.json()["rows"]] for one in (looked, first, again)]
    assert results == [
        ["new", "refused", "new"], ["new", "refused", "new"], ["made", "refused", "made"],
    ]  # fmt: skip
    assert (before, count(tenant)) == (0, 2)
    assert first.json()["rows"][1]["errors"][0]["field"] == "amount"
    assert first.json()["import_id"] == again.json()["import_id"]
    assert [row["url"] for row in first.json()["rows"]] == [
        row["url"] for row in again.json()["rows"]
    ]


def test_mended_file_makes_only_what_was_missing(api: Api, tenant: Tenant) -> None:
    api.call("POST", IMPORT, {"csv": SHEET})

    mended = api.call("POST", IMPORT, {"csv": SHEET.replace("June,0", "June,700.00")})

    assert [row["result"] for row in mended.json()["rows"]] == ["made", "new", "made"]
    assert count(tenant) == 3


def test_equal_rows_of_a_file_are_a_link_each(api: Api, tenant: Tenant) -> None:
    api.call("POST", IMPORT, {"csv": "title,amount\nMay,5.00\nMay,5.00\n"})

    assert count(tenant) == 2


@pytest.mark.parametrize(
    "csv",
    [
        "title,amount\n",
        "title,colour\nMay,red\n",
        "title,title\nMay,May\n",
        'title,amount\n"May,5.00\n' + "x" * 200_000,
        "title,amount\n" + "May,5.00\n" * 1001,
    ],
)
def test_file_that_is_no_sheet_of_links_is_refused(api: Api, tenant: Tenant, csv: str) -> None:
    answer = api.call("POST", IMPORT, {"csv": csv})

    assert (answer.status_code, pointers(answer)) == (400, ["#/csv"])
    assert count(tenant) == 0


def test_thousand_rows_are_made_in_one_go(api: Api, tenant: Tenant) -> None:
    rows = "".join(f"Rent {number},850.00,A{number}\n" for number in range(1000))

    answer = api.call("POST", IMPORT, {"csv": "title,amount,reference\n" + rows})

    assert len({row["url"] for row in answer.json()["rows"]}) == 1000
    assert count(tenant) == 1000


@pytest.mark.parametrize("model", [LinkVersion, LinkTemplate, LinkImport, ImportedLink])
def test_rows_of_another_tenant_stay_hidden(
    api: Api, tenant: Tenant, other_tenant: Tenant, model: Any
) -> None:
    link = api.call("POST", URL, TOUR).json()
    template = api.call("POST", TEMPLATES, {"link": link["id"], "name": "Tour"}).json()
    api.call("POST", IMPORT, {"csv": SHEET})
    stranger = Api(key_for(other_tenant, *ALL))

    answers = [
        stranger.call("GET", f"{URL}{link['id']}/versions/"),
        stranger.call("POST", f"{URL}{link['id']}/duplicate/"),
        stranger.call("GET", f"{TEMPLATES}{template['id']}/"),
        stranger.call("DELETE", f"{TEMPLATES}{template['id']}/"),
        stranger.call("POST", TEMPLATES, {"link": link["id"], "name": "Mine"}),
        stranger.call("POST", URL, {"template": template["id"]}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 400, 400]
    with scope(tenant.pk):
        assert model.objects.exists()
    with scope(other_tenant.pk):
        assert not model.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"custom_fields": [{"label": "Diet"}]}, 200, [("diet", "text", False, [])]),
        ({"custom_fields": [{}]}, 400, ["#/custom_fields/0/label"]),
        ({"items": [{"name": "x"}]}, 400, ["#/items/0/unit_amount_minor"]),
    ],
)
def test_entry_of_a_list_is_whole_also_in_a_change(
    api: Api, changes: dict[str, Any], status: int, expected: list[Any]
) -> None:
    link = api.call("POST", URL, TOUR).json()

    answer = api.call("PATCH", f"{URL}{link['id']}/", changes)

    found = (
        [tuple(one[name] for name in ("key", "type", "is_required", "options"))
         for one in answer.json()["custom_fields"]]
        if status == 200 else pointers(answer)
    )  # fmt: skip
    assert (answer.status_code, found) == (status, expected)
