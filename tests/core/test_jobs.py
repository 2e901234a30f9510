"""Jobs: bound to their tenant, sent on commit, never in the way of the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import redis
from django.conf import settings

from core.jobs import TENANT_HEADER, TenantMissing, enqueue
from core.models import Tenant
from core.tenancy import NoScope, scope
from payments.tasks import process_event, push_refund

pytestmark = pytest.mark.django_db


def waiting(queue: str) -> list[dict[str, Any]]:
    messages = redis.Redis.from_url(settings.REDIS_URL).lrange(queue, 0, -1)
    return [json.loads(message) for message in messages]


def test_job_is_sent_on_commit_with_its_tenant(tenant: Tenant) -> None:
    with scope(tenant.pk):
        enqueue("payments.push_refund", refund_id="r1")
        before = waiting("stripe")

    [message] = waiting("stripe")
    assert before == []
    assert message["headers"]["task"] == "payments.push_refund"
    assert message["headers"][TENANT_HEADER] == str(tenant.pk)


def test_job_of_a_rolled_back_scope_is_not_sent(tenant: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), scope(tenant.pk):
        enqueue("payments.push_refund", refund_id="r1")
        raise ZeroDivisionError

    assert waiting("stripe") == []


def test_job_outside_a_scope_is_refused() -> None:
    with pytest.raises(NoScope):
        enqueue("payments.push_refund", refund_id="r1")


def test_message_without_a_tenant_is_refused() -> None:
    with pytest.raises(TenantMissing):
        process_event.apply(kwargs={"stripe_event_id": "evt_1"}, throw=True)


def test_broker_that_is_down_does_not_break_what_was_committed(tenant: Tenant) -> None:
    """The row is there and beat's sweep finds it; the customer's answer must not fail."""
    script = (
        "import sys, uuid, django; django.setup()\n"
        "from core.jobs import send\n"
        "send('payments.push_refund', uuid.UUID(sys.argv[1]), None, {'refund_id': 'r1'})\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", script, str(tenant.pk)],
        env={
            **os.environ,
            "REDIS_URL": "unix:///nowhere/valkey.sock",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, "job_not_sent" in answer.stderr) == (0, True)


def test_each_job_names_its_queue() -> None:
    assert (process_event.runs_on, push_refund.runs_on) == ("webhooks", "stripe")
