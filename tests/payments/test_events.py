"""The inbox: only genuine events come in, each is kept once and acted on once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis
import stripe
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from djstripe.models import Charge

from core.models import Tenant
from core.tenancy import scope
from payments.gateway import BadSignature
from payments.models import PaymentLink, StripeAccount, StripeEvent
from payments.operations.events import (
    DEEPEST,
    HANDLERS,
    Handler,
    NoWebhookSecret,
    Receipt,
    UnreadableEvent,
    on,
    process_event,
    receive_event,
)
from payments.operations.mirror import mirror_event
from payments.operations.reconcile import Reconciliation, reconcile_events
from payments.operations.sweeps import sweep_events
from tests.payments.conftest import Customer
from tests.stripe import open_stripe_account

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def event(now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "product.created",
        "created": int(now.timestamp()),
        "livemode": False,
        "account": None,
        "data": {"object": {"id": "prod_1", "object": "product"}},
        **changes,
    }


def sign(body: bytes, secret: str, at: datetime) -> str:
    header: str = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=int(at.timestamp())
    )
    return header


def deliver(account: StripeAccount, payload: Any, now: datetime, **how: Any) -> Receipt:
    body = how.get("body") or json.dumps(payload).encode()
    secret = how.get("secret", account.webhook_secrets[0])
    return receive_event(
        account_id=account.pk,
        body=body,
        signature=sign(body, secret, how.get("signed_at", now)),
        now=now,
    )


def test_genuine_event_is_kept_once(tenant: Tenant, account: StripeAccount, now: datetime) -> None:
    receipts = [deliver(account, event(now), now).status for _ in range(2)]

    assert receipts == ["stored", "duplicate"]
    with scope(tenant.pk):
        [row] = StripeEvent.objects.all()
    assert (row.stripe_event_id, row.type, row.object_id) == ("evt_1", "product.created", "prod_1")
    assert row.payload == event(now)


def test_delivery_takes_four_statements(
    client: Client, account: StripeAccount, now: datetime
) -> None:
    body = json.dumps(event(now)).encode()
    deliver(account, event(now, id="evt_0"), now)  # at a process' first job Celery runs the checks

    with CaptureQueriesContext(connection) as queries:
        answer = client.post(
            f"/stripe/webhook/{account.pk}/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": sign(body, account.webhook_secrets[0], now)},
        )

    statements = [q["sql"] for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT"))]
    assert (answer.status_code, answer.json()["status"]) == (200, "stored")
    assert len(statements) == 4


def test_payload_lies_encrypted(
    account: StripeAccount, now: datetime, superuser_connection: psycopg.Connection
) -> None:
    deliver(account, event(now, note="eva@example.com"), now)

    [(stored,)] = superuser_connection.execute("SELECT payload FROM payments_stripeevent")
    assert "eva@example.com" not in stored


@pytest.mark.parametrize("seconds", [-301, 301, -(10**6), 10**6])
def test_signature_of_another_time_is_refused(
    account: StripeAccount, now: datetime, seconds: int
) -> None:
    with pytest.raises(BadSignature):
        deliver(account, event(now), now, signed_at=now + timedelta(seconds=seconds))


def test_both_secrets_are_good_while_one_is_rolled(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    with scope(tenant.pk):
        StripeAccount.objects.update(webhook_secrets=["whsec_new", "whsec_old"])

    receipts = [
        deliver(account, event(now, id=secret), now, secret=secret).status
        for secret in ("whsec_new", "whsec_old")
    ]

    assert receipts == ["stored", "stored"]
    with pytest.raises(BadSignature):
        deliver(account, event(now), now, secret="whsec_older")


def test_account_without_a_secret_believes_nothing(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    with scope(tenant.pk):
        StripeAccount.objects.update(webhook_secrets=[])

    with pytest.raises(NoWebhookSecret):
        deliver(account, event(now), now, secret="")


@pytest.mark.parametrize(
    "changes",
    [
        {"livemode": True},
        {"livemode": None},
        {"account": "acct_other"},
        {"object": "v2.core.event"},
    ],
)
def test_genuine_event_that_is_not_for_us_is_ignored(
    tenant: Tenant, account: StripeAccount, now: datetime, changes: dict[str, Any]
) -> None:
    assert deliver(account, event(now, **changes), now).status == "ignored"
    with scope(tenant.pk):
        assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'{"object": "event"',
        b'{"object": "event", "id": 1, "type": "a", "created": 1, "data": {"object": {}}}',
        b'{"object": "event", "id": "a", "type": "a", "created": "x", "data": {"object": {}}}',
        b'{"object": "event", "id": "a", "type": "a", "created": 1e300, "data": {"object": {}}}',
        b'{"object": "event", "id": "a", "type": "a", "created": 1, "data": {"object": []}}',
        b'{"object": "event", "id": "a", "type": "a", "created": 1}',
        b"[" * 100_000,
    ],
)
def test_signed_nonsense_is_refused(account: StripeAccount, now: datetime, body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        deliver(account, None, now, body=body)


def nested(levels: int) -> Any:
    """Return lists and objects in each other, `levels` of them."""
    value: Any = "bottom"
    for number in range(levels):
        value = {"deeper": value} if number % 2 else [value]
    return value


def test_event_that_is_nested_too_deeply_is_refused(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    deep = event(now, data={"object": {"id": "prod_1", "object": "product", "x": nested(DEEPEST)}})

    with pytest.raises(UnreadableEvent):
        deliver(account, deep, now)

    with scope(tenant.pk):
        assert StripeEvent.objects.count() == 0


def test_deepest_event_that_is_kept_can_be_mirrored(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    session = {"id": "cs_1", "object": "checkout.session", "livemode": False, "created": 1}
    session["x"] = nested(DEEPEST - 3)
    deliver(account, event(now, data={"object": session}), now)

    written = mirror_event(tenant_id=tenant.pk, stripe_event_id="evt_1", now=now)

    assert written
    with scope(tenant.pk):
        assert StripeEvent.objects.get().mirrored_at == now


def test_repeated_delivery_sends_what_still_waits_to_the_workers(
    account: StripeAccount, now: datetime
) -> None:
    deliver(account, event(now), now)
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("webhooks")  # the message is lost

    receipt = deliver(account, event(now), now)

    assert (receipt.status, broker.llen("webhooks")) == ("duplicate", 1)


def test_repeated_delivery_of_what_is_done_or_worked_on_sends_nothing(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    deliver(account, event(now), now)
    deliver(account, event(now, id="evt_2"), now)
    process_event(tenant_id=tenant.pk, stripe_event_id="evt_1", now=now)
    with scope(tenant.pk):
        StripeEvent.objects.filter(stripe_event_id="evt_2").update(
            attempts=1, next_at=now + timedelta(minutes=2)
        )
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("webhooks")

    again = [deliver(account, event(now, id=name), now).status for name in ("evt_1", "evt_2")]

    assert (again, broker.llen("webhooks")) == (["duplicate", "duplicate"], 0)


def test_event_id_of_another_tenant_keeps_nothing_out(
    tenant: Tenant, other_tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    other = open_stripe_account(other_tenant, name="Bitter Brews")
    deliver(other, event(now), now)

    assert deliver(account, event(now), now).status == "stored"
    with scope(tenant.pk):
        assert StripeEvent.objects.count() == 1


def test_twenty_deliveries_at_once_are_one_event(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    def post(number: int) -> str:
        try:
            return deliver(account, event(now), now).status
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(20)))

    assert (answers.count("stored"), answers.count("duplicate")) == (1, 19)


def test_event_is_acted_on_by_one_of_many_workers(
    tenant: Tenant, account: StripeAccount, now: datetime
) -> None:
    deliver(account, event(now), now)

    def work(number: int) -> bool:
        try:
            return process_event(tenant_id=tenant.pk, stripe_event_id="evt_1", now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(12)))

    assert answers.count(True) == 1


def test_forged_event_of_an_unpaid_session_pays_nothing(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    forged = {
        "id": checkout.stripe_session_id,
        "object": "checkout.session",
        "payment_status": "paid",
        "status": "complete",
    }
    deliver(
        customer.account,
        event(now, type="checkout.session.completed", data={"object": forged}),
        now,
    )

    process_event(tenant_id=customer.tenant.pk, stripe_event_id="evt_1", now=now)

    assert customer.reload(checkout).state == "open"


def test_event_waits_while_stripe_is_down_and_is_swept_up(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout)
    reconcile_events(tenant_id=customer.tenant.pk, since=now, now=now)
    customer.sandbox.control("POST", "faults", kind="drop_before", path="/v1/checkout/*")
    customer.hear(now)
    with scope(customer.tenant.pk):
        row = StripeEvent.objects.get(type="checkout.session.completed")

    customer.sandbox.control("DELETE", "faults")
    later = timezone.now() + timedelta(hours=1)
    found = sweep_events(tenant_id=customer.tenant.pk, now=later)
    process_event(tenant_id=customer.tenant.pk, stripe_event_id=row.stripe_event_id, now=later)

    assert (row.processed_at, row.attempts, row.last_error != "", found > 0) == (
        None,
        1,
        True,
        True,
    )
    assert customer.payment(checkout).state == "succeeded"


def test_reconciling_twice_finds_nothing_new(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    customer.pay(customer.open(new_link()))
    first = reconcile_events(tenant_id=customer.tenant.pk, since=now, now=now)

    second = reconcile_events(tenant_id=customer.tenant.pk, since=now, now=now)

    assert first.missing == first.seen > 0
    assert second == Reconciliation(seen=first.seen, missing=0)


def test_mirror_holds_the_payment_without_the_payer(
    customer: Customer, new_link: NewLink, now: datetime, superuser_connection: psycopg.Connection
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")
    customer.hear(now)
    with scope(customer.tenant.pk):
        ids = list(StripeEvent.objects.values_list("stripe_event_id", flat=True))

    written = [
        mirror_event(tenant_id=customer.tenant.pk, stripe_event_id=pk, now=now) for pk in ids
    ]

    assert any(written)
    query = "SELECT id, stripe_data::text FROM djstripe_session"
    [(session_id, data)] = superuser_connection.execute(query)
    assert session_id == checkout.stripe_session_id
    assert "eva@example.com" not in data
    charges = superuser_connection.execute("SELECT stripe_data::text FROM djstripe_charge")
    assert all("Eva" not in row for (row,) in charges)


def test_mirror_of_another_tenant_stays_hidden(
    customer: Customer, new_link: NewLink, other_tenant: Tenant, now: datetime
) -> None:
    open_stripe_account(other_tenant, name="Bitter Brews")
    customer.pay(customer.open(new_link()))
    customer.hear(now)
    with scope(customer.tenant.pk):
        ids = list(StripeEvent.objects.values_list("stripe_event_id", flat=True))
    for pk in ids:
        mirror_event(tenant_id=customer.tenant.pk, stripe_event_id=pk, now=now)

    with scope(customer.tenant.pk):
        mine = Charge.objects.count()
    with scope(other_tenant.pk):
        theirs = Charge.objects.count()

    assert (mine > 0, theirs, Charge.objects.count()) == (True, 0, 0)


@pytest.mark.parametrize(
    ("type_", "source", "outcome"),
    [
        ("checkout.session.completed", {"id": "cs_test_nowhere"}, "not at Stripe"),
        ("checkout.session.completed", {}, "not handled"),
        ("payment_intent.succeeded", {"id": "pi_1", "metadata": {}}, "not ours"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": None}, "not ours"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": "pi_other"}, "not ours"),
        ("invoice.paid", {"id": "in_1"}, "not ours"),
    ],
)
def test_event_of_nothing_of_ours_is_done_with_at_once(
    customer: Customer, now: datetime, type_: str, source: dict[str, Any], outcome: str
) -> None:
    deliver(customer.account, event(now, type=type_, data={"object": source}), now)

    done = process_event(tenant_id=customer.tenant.pk, stripe_event_id="evt_1", now=now)

    with scope(customer.tenant.pk):
        row = StripeEvent.objects.get()
    assert (done, row.outcome, row.processed_at) == (True, outcome, now)


def test_event_of_one_type_reaches_all_who_registered(
    customer: Customer, now: datetime, own_types: list[str]
) -> None:
    seen: list[str] = []
    for name, outcome in [("first", "not ours"), ("second", "done"), ("third", "not ours")]:
        on(own_types[0])(_teller(seen, name, outcome))
    deliver(customer.account, event(now, type=own_types[0]), now)

    process_event(tenant_id=customer.tenant.pk, stripe_event_id="evt_1", now=now)

    with scope(customer.tenant.pk):
        assert (seen, StripeEvent.objects.get().outcome) == (["first", "second", "third"], "done")


def _teller(seen: list[str], name: str, outcome: str) -> Handler:
    def tell(event: StripeEvent, source: dict[str, Any], now: datetime) -> str:
        seen.append(name)
        return outcome

    return tell


@pytest.fixture
def own_types() -> Iterator[list[str]]:
    """An event type that nobody else handles."""
    yield ["test.happened"]
    HANDLERS.pop("test.happened", None)


def test_event_that_breaks_our_code_waits_its_turn_and_is_loud(
    customer: Customer, now: datetime
) -> None:
    broken = {"id": "pi_1", "metadata": 5}
    deliver(
        customer.account,
        event(now, type="payment_intent.succeeded", data={"object": broken}),
        now,
    )

    with pytest.raises(TypeError):
        process_event(tenant_id=customer.tenant.pk, stripe_event_id="evt_1", now=now)

    with scope(customer.tenant.pk):
        row = StripeEvent.objects.get()
    assert (row.processed_at, row.last_error) == (None, "TypeError while acting on it")
    assert row.next_at == now + timedelta(seconds=2)
