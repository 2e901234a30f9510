"""The demo shows an owner all that can be paid and billed, and what goes wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from billing import demo_story as bills
from billing.models import BillingRun, Invoice, InvoiceStanding
from core.demo_story import Stage
from core.models import Letter, Tenant, User
from core.tenancy import scope
from payments import demo_story
from payments.demo_offers import GIFT, TASTING, TEMPLATE
from payments.models import (
    Checkout,
    Dispute,
    EarlyWarning,
    FraudAlarm,
    LinkTemplate,
    PaymentLink,
    Receipt,
)
from tests.journeys.people import Seller

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def stage(seller: Seller, other_tenant: Tenant, admin: User) -> Stage:
    """The company of the journey, with a neighbour."""
    stage = Stage(say=lambda words: None, now=timezone.now())
    stage.tenant, stage.neighbour, stage.admin = seller.tenant, other_tenant, admin
    return stage


def counts() -> dict[str, Any]:
    paid = Checkout.objects.filter(payments__state="succeeded")
    by_pricing = paid.values_list("link__pricing").annotate(count=Count("pk"))
    return {
        "paid": dict(by_pricing.order_by().exclude(link__pricing="fixed")),
        "disputes": Dispute.objects.count(),
        "warnings": EarlyWarning.objects.count(),
        "paused": FraudAlarm.objects.filter(step="pause").count(),
        "closed": FraudAlarm.objects.filter(step="close").count(),
        "templates": [template.name for template in LinkTemplate.objects.all()],
    }


def test_story_has_every_kind_of_link_and_trouble_once(stage: Stage) -> None:
    demo_story.tell(stage)
    demo_story.tell(stage)

    with scope(stage.tenant.pk):
        told = counts()
        order = Checkout.objects.filter(title=TASTING).order_by("created_at")[0]
        parts = PaymentLink.objects.get(pricing="parts")
        dutch = Receipt.objects.get(payment__link__title=GIFT)
        letters = set(Letter.objects.filter(language="nl").values_list("kind", flat=True))
        looked_at = PaymentLink.objects.get(title=TASTING)
    assert told == {
        "paid": {"chosen": 3, "items": 2, "parts": 2},
        "disputes": 1,
        "warnings": 1,
        "paused": 1,
        "closed": 1,
        "templates": [TEMPLATE],
    }
    assert [answer["value"] for answer in order.answers] == ["Bram Hoekstra", "Saturday"]
    assert (order.amount_minor, order.consent is not None) == (2 * 2950 + 4 * 650 + 695, True)
    assert (parts.received_minor, parts.amount_minor) == (230000, 420000)
    assert (dutch.language, letters) == ("nl", {"link_shared", "receipt"})
    assert stage.facts["pay_url"] == looked_at.url


def test_story_bills_a_month_and_leaves_the_next_to_a_person(stage: Stage) -> None:
    bills.tell(stage)
    bills.tell(stage)

    with scope(stage.tenant.pk):
        runs = list(BillingRun.objects.order_by("month").values_list("state", flat=True))
        final = Invoice.objects.filter(state="final").count()
        paid = list(
            InvoiceStanding.objects.filter(state="paid").values_list(
                "invoice__organization__code", flat=True
            )
        )
    assert runs[0] == "done"
    assert runs[1] in {"compiling", "review"}
    assert final >= 5
    assert paid == ["bluegum"]
    assert stage.facts["portal_url"].startswith("http")
