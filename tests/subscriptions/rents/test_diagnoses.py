"""What the doctor says of rents that wait for long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.doctor import Visit
from core.models import Tenant
from core.tenancy import scope
from subscriptions.diagnoses import look_at_rents
from subscriptions.models import House
from tests.subscriptions.rents.conftest import Landlord

pytestmark = pytest.mark.django_db(transaction=True)


def told(tenant: Tenant, days: int = 0) -> list[str]:
    now = timezone.now() + timedelta(days=days)
    return [found.words for found in look_at_rents(Visit(now=now, tenant=tenant))]


def test_rents_held_for_a_week_are_counted_and_others_hidden(
    landlord: Landlord, other_tenant: Tenant
) -> None:
    with scope(landlord.tenant.pk):
        House.objects.update(stripe_account_id=None)
    landlord.refresh(landlord.rent())

    assert told(landlord.tenant) == told(other_tenant, days=30) == ["no rent waits for long"]
    assert told(landlord.tenant, days=8) == ["1 rents are held for more than a week"]
