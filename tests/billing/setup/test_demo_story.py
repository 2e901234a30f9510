"""The story of the demo: told by the same operations, once however often it is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.demo_story import PEOPLE, tell
from billing.models import Organization, UsageBucket, UsageEvent
from billing.queries.statement import statement_of
from core.demo_story import Stage
from core.models import Tenant, User
from core.tenancy import scope

pytestmark = pytest.mark.django_db


def test_story_is_told_once_and_everybody_owes(
    tenant: Tenant, other_tenant: Tenant, admin: User
) -> None:
    now = timezone.now()
    stage = Stage(say=lambda words: None, now=now)
    stage.tenant, stage.neighbour, stage.admin = tenant, other_tenant, admin

    tell(stage)
    with scope(tenant.pk):
        first = (UsageEvent.objects.count(), UsageBucket.objects.count())
    tell(stage)

    with scope(tenant.pk):
        again = (UsageEvent.objects.count(), UsageBucket.objects.count())
        found = list(Organization.objects.order_by("code"))
        owed = [statement_of(one, now=now).net_minor for one in found]
        meters = set(UsageBucket.objects.values_list("meter__code", flat=True))
        oldest = UsageBucket.objects.order_by("day").values_list("day", flat=True)[0]
    assert [one.code for one in found] == sorted(row[0] for row in PEOPLE)
    assert first == again
    assert all(minor > 0 for minor in owed)
    assert meters == {"readings", "litres", "storage", "taps", "people"}
    assert timedelta(days=62) < now.date() - oldest < timedelta(days=68)
