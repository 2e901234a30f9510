"""Whatever programs send to the API, it answers as its description says, and never breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pytest_django.fixtures import Settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from core.models import Tenant
from tests.journeys.people import Buyer, Seller
from tests.stack import Stack
from tests.stripe import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

# The same requests each time, unless HYPOTHESIS_PROFILE asks for many and new ones.
IS_THOROUGH = settings().max_examples > 100
EXAMPLES = settings().max_examples if IS_THOROUGH else 10
# Rules of money and time say more than a schema can; and requests are changed to carry the key.
UNDECIDABLE = [positive_data_acceptance, negative_data_rejection]


@dataclass
class Sale:
    """One thing that a seller sold: the ids of the link and of its payment."""

    link: str
    payment: str


def sell(seller: Seller) -> Sale:
    """Sell one thing."""
    link = seller.link()
    Buyer().buy(link["url"])
    [payment] = seller.paid(link)
    return Sale(link["id"], payment["id"])


@pytest.fixture
def stranger(other_tenant: Tenant, stack: Stack, sandbox: Sandbox, settings: Settings) -> Seller:
    """Another company, whose rows nobody else may see."""
    settings.PUBLIC_URL = stack.url
    return Seller(other_tenant, stack, sandbox)


def aim(case: Case, places: list[str]) -> None:
    """Lead some of the requests to rows that are there, or would be for another company."""
    for name, value in (case.path_parameters or {}).items():
        choice = sum(str(value).encode()) % (len(places) + 1)
        case.path_parameters[name] = [*places, value][choice]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_api_answers_as_described(seller: Seller, stranger: Seller, mode: GenerationMode) -> None:
    own, foreign = sell(seller), sell(stranger)
    secrets = [foreign.link, foreign.payment, str(stranger.tenant.pk), stranger.tenant.name]
    places = [own.link, own.payment, foreign.link, foreign.payment]
    headers = {"Authorization": f"Api-Key {seller.key}"}
    api = schemathesis.openapi.from_url(f"{seller.stack.url}/api/schema/")

    def probe(operation: APIOperation[Any, Any, Any, Any]) -> None:
        @settings(
            max_examples=EXAMPLES,
            derandomize=not IS_THOROUGH,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            aim(case, places)
            answer = case.call_and_validate(headers=headers, excluded_checks=UNDECIDABLE)
            sent = answer.request.url + str(answer.request.body)
            shown = answer.content.decode(errors="replace")  # some answers are files
            assert [one for one in secrets if one in shown and one not in sent] == []
            if any(place in answer.request.url for place in places[2:]):
                assert answer.status_code >= 400, "another company's row was answered with"

        ask()

    failures = {}
    for found in api.get_all_operations():
        try:
            probe(found.ok())
        except (FailureGroup, AssertionError) as error:
            failures[found.ok().label] = str(error)
    assert failures == {}


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-01-01T00:00:00Z", 200),
        ("2026-01-01", 200),
        ("0139-01-23T13:04:14+23:40", 200),
        ("9999-12-31T23:59:59-23:59", 400),
        ("0001-01-01T00:00:00+10:00", 400),
        ("2026-02-30T00:00:00Z", 400),
        ("now", 400),
    ],
)
def test_moment_at_the_ends_of_time_is_taken_or_refused(
    seller: Seller, moment: str, status: int
) -> None:
    answers = [
        seller.ask("GET", path, params={"created_from": moment})
        for path in ("payments/", "payment-links/")
    ]

    assert [answer.status_code for answer in answers] == [status, status]
