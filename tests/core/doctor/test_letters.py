"""What the doctor says of e-mail that does not leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.doctor import Visit
from core.doctor.rows import look_at_letters
from core.models import Letter, Tenant
from core.operations.letters import Content, write_letter
from core.tenancy import scope

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def told(tenant: Tenant, now: datetime) -> list[str]:
    return [found.words for found in look_at_letters(Visit(now=now, tenant=tenant))]


def test_letters_that_wait_are_counted_and_others_hidden(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    with scope(tenant.pk):
        write_letter(
            kind="test",
            subject_id=uuid4(),
            to="ann@payer.example",
            content=Content(subject="Hello", text="Dear Ann"),
            now=NOW,
        )
    fresh = told(tenant, NOW + timedelta(minutes=1))
    late = told(tenant, NOW + timedelta(minutes=20))

    with scope(tenant.pk):
        Letter.objects.update(state=Letter.State.GIVEN_UP, next_at=None)
    given_up = told(tenant, NOW)

    assert fresh == told(other_tenant, NOW + timedelta(days=1)) == ["letters are sent"]
    assert late == ["1 letters are due for more than 15 minutes"]
    assert given_up == ["1 letters could not be sent"]
