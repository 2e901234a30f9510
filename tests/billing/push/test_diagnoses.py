"""What the doctor says of invoices that do not reach Stripe."""

from __future__ import annotations

from datetime import timedelta

from billing.diagnoses import look_at_pushes
from billing.models import Push
from core.doctor import Visit
from core.tenancy import scope


def told(world, tenant):
    found = look_at_pushes(Visit(now=world.clock(), tenant=tenant))
    return [(one.state.name, one.words) for one in found]


def test_pushes_that_wait_are_named_and_others_hidden(world, other_tenant):
    world.invoice()
    fresh = told(world, world.tenant)

    with scope(world.tenant.pk):
        Push.objects.update(next_at=world.clock() - timedelta(hours=2))
    late = told(world, world.tenant)
    with scope(world.tenant.pk):
        Push.objects.update(state=Push.State.MISMATCH)
    differing = told(world, world.tenant)

    assert fresh == told(world, other_tenant) == [("FINE", "invoices go to Stripe")]
    assert [state for state, _ in late] == ["WARNING"]
    assert "due for more than an hour" in late[0][1]
    assert "differ at Stripe" in differing[0][1]
