"""What the doctor says of Stripe, its events and money, and how an account is set up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.doctor import Visit
from core.models import Tenant
from core.tenancy import scope
from payments import diagnoses
from payments.gateway import API_VERSION
from payments.models import PaymentLink, StripeAccount, StripeEvent
from payments.operations.accounts import connect_account
from payments.operations.endpoints import mend_endpoint, receive_webhooks
from payments.operations.events import HANDLED_TYPES
from tests.payments.conftest import Customer
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def told(findings: Any) -> list[tuple[str, str]]:
    return [(found.state.name, found.words) for found in findings]


def set_up(*words: str) -> str:
    out = StringIO()
    call_command("setup_stripe_account", *words, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A secret key, also in the file `key`."""
    key = f"sk_test_{secrets.token_hex(16)}"
    tmp_path.joinpath("key").write_text(key + "\n")
    return key


@pytest.fixture
def connected(tenant: Tenant, sandbox: Sandbox, key: str) -> StripeAccount:
    """The tenant's account with its endpoint."""
    account = connect_account(tenant_id=tenant.pk, secret_key=key, livemode=False)
    return receive_webhooks(tenant_id=tenant.pk, account=account)


def endpoints(sandbox: Sandbox, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.stripe("GET", "webhook_endpoints", key=key)["data"]
    return found


# --- the doctor --------------------------------------------------------------------------------


def test_account_that_is_set_up_is_fine(
    tenant: Tenant, connected: StripeAccount, now: datetime
) -> None:
    found = told(diagnoses.look_at_account(Visit(now=now, tenant=tenant)))

    assert found == [
        ("FINE", f"{connected.stripe_account_id} answers, API version {API_VERSION}"),
        ("FINE", "the webhook endpoint sends what is needed"),
    ]


def test_tenant_without_account_is_told(
    tenant: Tenant, other_tenant: Tenant, connected: StripeAccount, now: datetime
) -> None:
    found = told(diagnoses.look_at_account(Visit(now=now, tenant=other_tenant)))

    assert found == [("WARNING", "no Stripe account is connected: nobody can pay")]


def test_endpoint_that_lacks_types_or_is_off_is_broken(
    tenant: Tenant, connected: StripeAccount, sandbox: Sandbox, now: datetime
) -> None:
    key = connected.secret_key
    [made] = endpoints(sandbox, key)
    kept = sorted(HANDLED_TYPES - {"charge.refunded"})
    form = {f"enabled_events[{i}]": name for i, name in enumerate(kept)}
    sandbox.stripe("POST", f"webhook_endpoints/{made['id']}", key=key, disabled="true", **form)

    found = told(diagnoses.look_at_account(Visit(now=now, tenant=tenant)))

    assert found[1:] == [
        ("BROKEN", "the webhook endpoint does not send charge.refunded"),
        ("BROKEN", "the webhook endpoint is switched off at Stripe"),
    ]


def test_two_endpoints_for_one_address_are_told(
    tenant: Tenant, connected: StripeAccount, sandbox: Sandbox, now: datetime
) -> None:
    key = connected.secret_key
    form = {f"enabled_events[{i}]": name for i, name in enumerate(sorted(HANDLED_TYPES))}
    sandbox.stripe(
        "POST", "webhook_endpoints", key=key, url=connected.webhook_url,
        api_version=API_VERSION, **form,
    )  # fmt: skip

    found = told(diagnoses.look_at_account(Visit(now=now, tenant=tenant)))
    set_up("--tenant", "amber", "--replace-webhook")
    after = told(diagnoses.look_at_account(Visit(now=now, tenant=tenant)))

    assert ("WARNING", "2 endpoints send to our address: each event comes as often") in found
    assert [state for state, _ in after] == ["FINE", "FINE"]


def test_stripe_that_is_down_is_broken(
    tenant: Tenant, connected: StripeAccount, now: datetime, settings: Any
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    from payments.gateway.connection import _client

    _client.cache_clear()
    visit = Visit(now=now, tenant=tenant)
    found = [*told(diagnoses.look_at_account(visit)), *told(diagnoses.look_at_stripes_clock(visit))]
    _client.cache_clear()

    assert found == [
        ("BROKEN", "Stripe gave no certain answer (no connection)."),
        ("BROKEN", "Stripe did not answer (ConnectionError)."),
    ]


def test_stripes_clock_is_read_from_its_answers(sandbox: Sandbox, now: datetime) -> None:
    assert told(diagnoses.look_at_stripes_clock(Visit(now=now))) == [
        ("FINE", "0.0 s away from Stripe's")
    ]


def test_unprocessed_events_are_judged_by_their_age(
    tenant: Tenant, connected: StripeAccount, now: datetime
) -> None:
    visit = Visit(now=now, tenant=tenant)
    before = told(diagnoses.look_at_events(visit))
    with scope(tenant.pk):
        event = StripeEvent.objects.create(
            tenant=tenant,
            account=connected,
            stripe_event_id="evt_1",
            type="charge.refunded",
            payload={},
            stripe_created_at=now,
        )
        ages = []
        for age in (timedelta(0), timedelta(minutes=6), timedelta(hours=2)):
            StripeEvent.objects.filter(pk=event.pk).update(created_at=now - age)
            ages.append([state for state, _ in told(diagnoses.look_at_events(visit))])

    assert before == [("FINE", "no event has come yet")]
    assert ages == [["FINE", "FINE"], ["FINE", "WARNING"], ["FINE", "BROKEN"]]


def test_money_that_nobody_has_placed_is_told(
    customer: Customer, new_link: NewLink, now: datetime, other_tenant: Tenant
) -> None:
    visit = Visit(now=now + timedelta(hours=1), tenant=customer.tenant)
    before = told(diagnoses.look_at_money(visit))
    checkout = customer.open(new_link())
    customer.claim(new_link())
    customer.pay(checkout)
    with scope(customer.tenant.pk):
        PaymentLink.objects.filter(pk=checkout.link_id).update(
            deactivated_at=now - timedelta(minutes=1)
        )
    customer.hear(now - timedelta(minutes=5))

    assert before == [("FINE", "nothing waits for a person")]
    assert told(diagnoses.look_at_money(visit)) == [
        ("WARNING", "1 payments came late, twice or in another amount"),
        ("WARNING", "1 tries to pay have no answer of Stripe for 15 minutes"),
    ]
    elsewhere = Visit(now=visit.now, tenant=other_tenant)
    assert told(diagnoses.look_at_money(elsewhere)) == before


# --- setting up --------------------------------------------------------------------------------


def test_dry_run_asks_and_changes_nothing(
    tenant: Tenant, sandbox: Sandbox, key: str, tmp_path: Path
) -> None:
    out = set_up("--tenant", "amber", "--key-file", str(tmp_path / "key"), "--dry-run")

    assert out.splitlines()[1] == "amber: would be connected, and its webhook endpoint made"
    assert endpoints(sandbox, key) == []
    with scope(tenant.pk):
        assert StripeAccount.objects.count() == 0


def test_set_up_twice_connects_once_and_shows_no_key(
    tenant: Tenant, sandbox: Sandbox, key: str, tmp_path: Path
) -> None:
    words = ("--tenant", "amber", "--key-file", str(tmp_path / "key"))

    first, again = set_up(*words), set_up(*words)

    [endpoint] = endpoints(sandbox, key)
    assert set(endpoint["enabled_events"]) == set(HANDLED_TYPES)
    assert endpoint["api_version"] == API_VERSION
    assert "done: make the endpoint" in first
    assert again.splitlines()[1] == "amber: the webhook endpoint is as it should be"
    assert key not in first + again
    with scope(tenant.pk):
        account = StripeAccount.objects.get()
    assert (account.secret_key, len(account.webhook_secrets)) == (key, 1)


def test_upgrade_adds_the_new_types_and_keeps_what_others_added(
    connected: StripeAccount, sandbox: Sandbox
) -> None:
    key = connected.secret_key
    [made] = endpoints(sandbox, key)
    form = {"enabled_events[0]": "payout.paid", "enabled_events[1]": "charge.refunded"}
    sandbox.stripe("POST", f"webhook_endpoints/{made['id']}", key=key, disabled="true", **form)

    dry = set_up("--all", "--dry-run")
    unchanged = endpoints(sandbox, key)[0]["enabled_events"]
    set_up("--all")

    [after] = endpoints(sandbox, key)
    assert dry.count("would the endpoint") == 2
    assert sorted(unchanged) == ["charge.refunded", "payout.paid"]
    assert set(after["enabled_events"]) == {*HANDLED_TYPES, "payout.paid"}
    assert (after["id"], after["status"]) == (made["id"], "enabled")


def test_lost_secret_is_mended_by_a_new_endpoint(
    tenant: Tenant, connected: StripeAccount, sandbox: Sandbox
) -> None:
    key = connected.secret_key
    [old] = endpoints(sandbox, key)
    with scope(tenant.pk):
        StripeAccount.objects.update(webhook_secrets=[])

    with pytest.raises(CommandError, match="Not set up: amber"):
        set_up("--tenant", "amber")
    set_up("--tenant", "amber", "--replace-webhook")

    [new] = endpoints(sandbox, key)
    with scope(tenant.pk):
        account = StripeAccount.objects.get()
    assert (new["id"] != old["id"], len(account.webhook_secrets)) == (True, 1)


def test_old_api_version_is_told_and_replaced(connected: StripeAccount, sandbox: Sandbox) -> None:
    key = connected.secret_key
    [made] = endpoints(sandbox, key)
    sandbox.stripe("DELETE", f"webhook_endpoints/{made['id']}", key=key)
    form = {f"enabled_events[{i}]": name for i, name in enumerate(sorted(HANDLED_TYPES))}
    sandbox.stripe("POST", "webhook_endpoints", key=key, url=connected.webhook_url, **form)

    before = set_up("--tenant", "amber")
    after = set_up("--tenant", "amber", "--replace-webhook")

    assert "repeat with --replace-webhook" in before
    assert "repeat with --replace-webhook" not in after
    assert [one["api_version"] for one in endpoints(sandbox, key)] == [API_VERSION]


def test_tenant_without_key_and_key_of_the_other_mode_are_refused(
    tenant: Tenant, sandbox: Sandbox, tmp_path: Path
) -> None:
    live = tmp_path / "live"
    live.write_text("sk_live_" + "x" * 24)

    with pytest.raises(CommandError, match="Not set up: amber"):
        set_up("--tenant", "amber")
    with pytest.raises(CommandError, match="Not set up: amber"):
        set_up("--tenant", "amber", "--key-file", str(live))
    with pytest.raises(CommandError, match="cannot be read"):
        set_up("--tenant", "amber", "--key-file", str(tmp_path / "nowhere"))


def test_secrets_of_the_other_mode_go_with_their_key(
    tenant: Tenant, connected: StripeAccount, sandbox: Sandbox
) -> None:
    with scope(tenant.pk):
        StripeAccount.objects.update(livemode=True)

    again = connect_account(tenant_id=tenant.pk, secret_key=connected.secret_key, livemode=False)

    assert again.webhook_secrets == []


def test_mending_tells_what_it_did_and_then_nothing(
    tenant: Tenant, connected: StripeAccount
) -> None:
    assert mend_endpoint(tenant_id=tenant.pk, account=connected) == []
