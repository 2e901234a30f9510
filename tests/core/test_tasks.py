"""What core's jobs throw away, and what they keep."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from core import tasks, tenancy
from core.jobs import TENANT_HEADER
from core.models import StoredAnswer, Tenant, User
from core.operations.tokens import issue_tokens


def test_clean_up_throws_away_what_is_over(admin: User) -> None:
    issue_tokens(user=admin)
    issue_tokens(user=admin)
    ended = OutstandingToken.objects.order_by("pk")[0]
    OutstandingToken.objects.filter(pk=ended.pk).update(expires_at=timezone.now())
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now())
    Session.objects.create(
        session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1)
    )

    tasks.clean_up.apply()

    assert OutstandingToken.objects.count() == 1
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def make_answer(tenant: Tenant, key: str, age: timedelta) -> None:
    with tenancy.scope(tenant.pk):
        StoredAnswer.objects.create(
            tenant=tenant,
            caller="user:x",
            key=key,
            request_hash="0" * 64,
            lease_until=timezone.now(),
            created_at=timezone.now() - age,
        )


def keys(tenant_id: UUID) -> list[str]:
    with tenancy.scope(tenant_id):
        return list(StoredAnswer.objects.values_list("key", flat=True))


def test_old_answers_go_tenant_by_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    for owner in (tenant, other_tenant):
        make_answer(owner, "old", timedelta(hours=25))
        make_answer(owner, "new", timedelta(hours=23))

    tasks.delete_old_answers.apply(headers={TENANT_HEADER: str(tenant.pk)})

    assert keys(tenant.pk) == ["new"]
    assert sorted(keys(other_tenant.pk)) == ["new", "old"]
