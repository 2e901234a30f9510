"""Commands for operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from djstripe import models as mirrored

from core.models import Tenant
from core.tenancy import scope
from payments.models import PaymentLink, StripeEvent
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_mirror_is_filled_from_what_is_at_stripe(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    customer.pay(customer.open(new_link()), name="Eva Smit")
    key = customer.account.secret_key
    customer.sandbox.stripe("POST", "customers", key=key, name="Jonas", email="j@example.com")
    customer.sandbox.stripe("POST", "products", key=key, name="Keg")

    out = run("djstripe_sync_models", "--tenant", "amber")
    run("djstripe_sync_models", "--tenant", "amber")

    lines = dict(line.split(": ") for line in out.splitlines())
    assert (lines["Charge"], lines["Session"], lines["PaymentIntent"]) == ("1", "1", "1")
    with scope(customer.tenant.pk):
        found = {
            model.__name__: model.objects.count()
            for model in (mirrored.Charge, mirrored.Session, mirrored.PaymentIntent)
        }
    assert found == {"Charge": 1, "Session": 1, "PaymentIntent": 1}


def test_unknown_model_and_tenant_are_refused(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="Not mirrored: AccountV2"):
        run("djstripe_sync_models", "--tenant", "amber", "AccountV2")
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        run("djstripe_sync_models", "--tenant", "nobody")


def test_reconciling_stores_what_was_not_delivered(customer: Customer, new_link: NewLink) -> None:
    customer.pay(customer.open(new_link()))

    dry = run("reconcile_stripe_events", "--tenant", "amber", "--dry-run")
    with scope(customer.tenant.pk):
        stored_by_dry_run = StripeEvent.objects.count()
    run("reconcile_stripe_events", "--tenant", "amber")
    again = run("reconcile_stripe_events")

    assert "would be stored" in dry
    assert stored_by_dry_run == 0
    assert ", 0 stored" in again


def test_reconciling_says_which_tenant_could_not_be_asked(customer: Customer) -> None:
    customer.sandbox.control("POST", "faults", kind="drop_before", path="/v1/events")

    with pytest.raises(CommandError, match="Not reconciled: amber"):
        run("reconcile_stripe_events")


@pytest.mark.parametrize("days", ["0", "31"])
def test_reconciling_further_back_than_stripe_keeps_is_refused(tenant: Tenant, days: str) -> None:
    with pytest.raises(CommandError, match="from 1 to 30"):
        run("reconcile_stripe_events", "--days", days)
