"""The houses of the demo: one rent sent, one disputed, one on its way, one without an account."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.demo_story import Stage
from core.models import Tenant, User
from core.tenancy import scope
from payments.models import StripeAccount
from subscriptions.demo_leases import tell_leases
from subscriptions.models import CaseNote, RentPayment
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_demo_tells_rents_in_each_state_once(
    tenant: Tenant, admin: User, account: StripeAccount, sandbox: Sandbox
) -> None:
    said: list[str] = []
    stage = Stage(say=said.append, now=timezone.now())
    stage.tenant, stage.admin = tenant, admin

    tell_leases(stage)
    tell_leases(stage)

    with scope(tenant.pk):
        rents = RentPayment.objects.select_related("resident").prefetch_related("transfers")
        told = {
            rent.resident.first_name: [(one.state, one.hold) for one in rent.transfers.all()]
            for rent in rents
            if rent.resident
        }
        notes = CaseNote.objects.filter(by=admin, text__startswith="Called Tomasz").count()
    assert told == {
        "Ines": [("sent", "")],
        "Tomasz": [("held", "disputed")],
        "Amina": [("held", "pending")],
        "Jonas": [],
        "Yara": [("held", "no_account")],
    }
    assert (notes, len(said)) == (1, 2)
