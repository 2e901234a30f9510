"""Applications over the API, and the fee they tell."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from core.models import Tenant
from core.tenancy import scope
from crm.models import Application, PaymentRequest
from tests.crm.api.calls import Api, pointers

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(api: Api) -> str:
    """The id of a lead."""
    return str(api.post("leads/", {"name": "Mila Jansen"}).json()["id"])


def add(api: Api, lead: str, **fields: Any) -> dict[str, Any]:
    made = api.post("applications/", {"lead_id": lead, **fields})
    assert made.status_code == 201, made.content
    return made.json()  # type: ignore[no-any-return]


def ask_for_fee(tenant: Tenant, application: str, state: str) -> None:
    with scope(tenant.pk):
        PaymentRequest.objects.create(
            tenant=tenant,
            application=Application.objects.get(pk=application),
            amount_minor=5000,
            currency="EUR",
            state=state,
            paid_at="2026-01-01T00:00:00Z" if state == "paid" else None,
        )


def test_application_is_added_and_can_be_read(api: Api, lead: str) -> None:
    made = api.post(
        "applications/",
        {"lead_id": lead, "programme": "Brewing", "fee_minor": 5000, "currency": "eur"},
    )

    application = made.json()
    assert (made.status_code, made["ETag"]) == (201, '"v1"')
    assert application["lead"] == {"id": lead, "name": "Mila Jansen"}
    assert application["stage"] == {"key": "draft", "name": "Draft", "outcome": "open"}
    assert application["fee"] == {"minor": 5000, "currency": "EUR", "display": "€50.00"}
    assert application["fee_state"] == "not_asked"
    assert application["timeline_url"].endswith(f"/api/leads/{lead}/timeline/")
    assert api.get(f"applications/{application['id']}/").json() == application
    assert api.get("applications/").json()["items"] == [application]
    assert api.get(f"leads/{lead}/applications/").json()["items"] == [application]


def test_application_without_a_fee_says_so(api: Api, lead: str) -> None:
    made = api.post(f"leads/{lead}/applications/", {})

    assert (made.json()["fee"], made.json()["fee_state"]) == (None, "none")


def test_application_tells_how_far_its_fee_is(api: Api, lead: str) -> None:
    path = f"applications/{add(api, lead, fee_minor=5000)['id']}/"
    before = api.get(path).json()["fee_state"]

    api.post(f"{path}fee/")

    assert (before, api.get(path).json()["fee_state"]) == ("not_asked", "asked")


def test_fee_that_was_paid_stays(api: Api, lead: str, tenant: Tenant) -> None:
    application = add(api, lead, fee_minor=5000)["id"]
    ask_for_fee(tenant, application, "paid")

    dearer = api.patch(f"applications/{application}/", {"fee_minor": 6000})
    renamed = api.patch(f"applications/{application}/", {"programme": "Malting"})

    assert (dearer.status_code, dearer.json()["code"]) == (409, "fee_asked_already")
    assert (renamed.status_code, renamed.json()["fee"]["minor"]) == (200, 5000)


def test_application_is_edited_and_moved(api: Api, lead: str) -> None:
    path = f"applications/{add(api, lead)['id']}/"

    edited = api.patch(path, {"programme": "Malting", "fee_minor": 7500})
    stale = api.patch(path, {"programme": "X"}, **{"If-Match": '"v1"'})
    moved = api.post(f"{path}move/", {"stage": "submitted"}, **{"If-Match": '"v2"'})
    free = api.patch(path, {"fee_minor": None})

    assert (edited.json()["programme"], edited.json()["fee"]["currency"]) == ("Malting", "EUR")
    assert stale.status_code == 412
    assert (moved.json()["stage"]["key"], moved["ETag"]) == ("submitted", '"v3"')
    assert free.json()["fee"] is None


def test_rules_of_stages_hold_over_the_api(api: Api, lead: str) -> None:
    path = f"applications/{add(api, lead, stage='payment_received')['id']}/move/"

    back = api.post(path, {"stage": "draft"})
    silent = api.post(path, {"stage": "rejected", "note": "  "})
    unknown = api.post(path, {"stage": "new"})

    assert [pointers(answer) for answer in (back, silent, unknown)] == [
        ["#/stage"],
        ["#/note"],
        ["#/stage"],
    ]
    assert {answer.status_code for answer in (back, silent, unknown)} == {400}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"lead_id": str(uuid4())}, "#/lead_id"),
        ({"lead_id": 7}, "#/lead_id"),
        ({"lead_id": None}, "#/lead_id"),
        ({"programme": "x" * 121}, "#/programme"),
        ({"programme": "a\nb"}, "#/programme"),
        ({"programme": None}, "#/programme"),
        ({"fee_minor": 0}, "#/fee_minor"),
        ({"fee_minor": -5}, "#/fee_minor"),
        ({"fee_minor": 10**30}, "#/fee_minor"),
        ({"fee_minor": 50.5}, "#/fee_minor"),
        ({"fee_minor": "5000"}, "#/fee_minor"),
        ({"fee_minor": True}, "#/fee_minor"),
        ({"fee_minor": 5000, "currency": "XXX"}, "#/currency"),
        ({"fee_minor": 5000, "currency": "EURO"}, "#/currency"),
        ({"fee_minor": 5000, "currency": "ß" * 3}, "#/currency"),
        ({"stage": "nowhere"}, "#/stage"),
        ({"fee": {"minor": 1}}, "#/fee"),
    ],
)
def test_bad_application_is_refused(
    api: Api, lead: str, fields: dict[str, Any], pointer: str
) -> None:
    answer = api.post("applications/", {"lead_id": lead, **fields})

    assert (answer.status_code, pointers(answer)) == (400, [pointer])
    assert api.ids("applications/") == []


def test_filters_keep_the_applications_that_they_name(api: Api, lead: str) -> None:
    draft, sent = add(api, lead)["id"], add(api, lead, stage="submitted")["id"]
    other = api.post("leads/", {"name": "Noor"}).json()["id"]
    expected = {
        "": [sent, draft],
        f"lead={lead}": [sent, draft],
        f"lead={other}": [],
        "stage=submitted": [sent],
        "owner=none": [sent, draft],
        f"owner={uuid4()}": [],
        "created_before=2020-01-01T00:00:00Z": [],
    }

    assert {query: api.ids(f"applications/?{query}") for query in expected} == expected
    assert api.ids(f"leads/{lead}/applications/?stage=draft") == [draft]
