"""The application fee for programs."""

from __future__ import annotations

import uuid

import pytest

from core.models import Tenant
from tests.crm.api.calls import Api, person, program
from tests.crm.fee_world import Applicant
from tests.crm.world import World

pytestmark = pytest.mark.django_db


def test_fee_is_asked_for_once(api: Api, applicant: Applicant) -> None:
    application = applicant.applies(is_asked=False)
    path = f"applications/{application.pk}/fee/"
    before = api.get(path).json()

    first, again = api.post(path), api.post(path.rstrip("/"))

    assert (before["state"], before["url"]) == ("not_asked", "")
    assert (first.status_code, again.status_code) == (200, 200)
    url = applicant.reload(application).fee_url
    assert first.json() == {
        "application_id": str(application.pk),
        "amount": {"minor": 5000, "currency": "EUR", "display": "€50.00"},
        "state": "asked",
        "words": "Asked for, not paid yet",
        "reason": "",
        "url": url,
        "payment_request_id": None,
        "stripe_session_id": None,
        "payment_id": None,
        "method": "",
        "paid_at": None,
    }
    assert again.json() == first.json()


def test_paid_fee_says_by_what(api: Api, applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    applicant.hear()

    fee = api.get(f"applications/{application.pk}/fee/").json()

    [request], payment = applicant.requests(application), applicant.payment(checkout)
    assert (fee["state"], fee["words"], fee["method"]) == ("paid", "Paid", "card")
    assert fee["payment_request_id"] == str(request.pk)
    assert fee["payment_id"] == str(payment.pk)
    assert fee["stripe_session_id"] == checkout.stripe_session_id
    assert fee["paid_at"] is not None


def test_application_without_fee_is_a_conflict(api: Api, applicant: Applicant) -> None:
    application = applicant.applies(is_asked=False, fee_minor=None, currency="")
    path = f"applications/{application.pk}/fee/"

    answer, state = api.post(path), api.get(path).json()

    assert (answer.status_code, answer.json()["code"]) == (409, "no_fee")
    assert (state["state"], state["amount"]) == ("none", None)


def test_fee_of_an_unseen_application_is_not_found(world: World, api: Api, tenant: Tenant) -> None:
    outsider = person(world.people["outsider"])
    callers = [
        (outsider, world.applications["owned"]),
        (api, world.applications["foreign"]),
        (api, uuid.uuid4()),
    ]

    for caller, pk in callers:
        for method in ("GET", "POST"):
            answer = caller.call(method, f"applications/{pk}/fee/")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_key_without_the_scope_is_refused(applicant: Applicant, tenant: Tenant) -> None:
    application = applicant.applies(is_asked=False)
    path = f"applications/{application.pk}/fee/"
    reader, tasks = program(tenant, "leads:read"), program(tenant, "tasks:write")

    answers = [reader.get(path), reader.post(path), tasks.get(path), tasks.post(path)]

    assert [one.status_code for one in answers] == [200, 403, 403, 403]
    assert applicant.reload(application).fee_url == ""
