"""What /metrics shows of pushes, of all companies together."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from billing.models import Push, PushDesk
from core.observe import gauges
from core.tenancy import scope


def shown(now):
    gauges.measure(now=now)
    lines = Client().get("/metrics").content.decode().splitlines()
    ours = [line for line in lines if line.startswith("taproom_billing_")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in ours)}


def test_metrics_show_pushes_by_state_their_age_and_silence(world):
    waiting, wrong = world.invoice(), world.invoice()
    now = world.clock()
    with scope(world.tenant.pk):
        Push.objects.filter(invoice=wrong).update(state="mismatch", next_at=None)
        made_at = Push.objects.get(invoice=waiting).created_at
        PushDesk.objects.update(down_since=now - timedelta(seconds=90))

    found = shown(now)

    assert found['taproom_billing_pushes{state="queued"}'] == 1
    assert found['taproom_billing_pushes{state="mismatch"}'] == 1
    assert found["taproom_billing_push_mismatches"] == 1
    assert found["taproom_billing_stripe_silent_seconds"] == 90
    assert found["taproom_billing_push_oldest_seconds"] == max(0, (now - made_at).total_seconds())


def test_metrics_of_sound_pushes_are_quiet(world):
    world.invoice()
    world.push_all()

    found = shown(world.clock())

    assert found['taproom_billing_pushes{state="done"}'] == 2  # the customer is one
    assert found["taproom_billing_push_oldest_seconds"] == 0
    assert found["taproom_billing_stripe_silent_seconds"] == 0
