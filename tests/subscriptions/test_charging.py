"""Charging: the shop is called once a month, and what it did is never guessed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.demo.processes import wait_until
from core.doctor import Visit
from core.models import Tenant
from core.tenancy import scope
from subscriptions.diagnoses import look_at_charges
from subscriptions.models import Charge, Club, ShopAccount, Subscription
from subscriptions.operations.charging import (
    LEASE,
    ChargeOutcome,
    ChargeUnderWay,
    NotActive,
    RequestIdUsedElsewhere,
    ShopNotConnected,
    ask_again,
    charge,
    due_charges,
)
from subscriptions.operations.shop_accounts import connect_shop
from subscriptions.operations.status import SubscriptionUnknown, change_status
from subscriptions.shop import CallInsideTransaction, Order, Shop
from tests.servers import free_port
from tests.stripe import Sandbox
from tests.subscriptions.conftest import NOW

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]
States = Charge.State
PATH = "/shop/order/{request_id}"


@pytest.fixture
def shop(tenant: Tenant, sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """The sandbox's shop, with credentials of `tenant`."""
    settings.SHOP_URL = f"{sandbox.base}/shop"
    settings.SHOP_TIMEOUT_SECONDS = 5.0
    with scope(tenant.pk):
        connect_shop(api_key="amber", api_secret="shop_test_12345678")
    yield sandbox
    sandbox.control("DELETE", "faults")


@pytest.fixture
def member(join: Join) -> Subscription:
    """An active member."""
    return join()


def charged(member: Subscription, request_id: str = "r1", now: datetime = NOW) -> ChargeOutcome:
    return charge(
        tenant_id=member.tenant_id,
        reference=member.reference,
        request_id=request_id,
        by=None,
        now=now,
    )


def fault(shop: Sandbox, kind: str, count: int = 1, **fields: Any) -> None:
    shop.control("POST", "faults", kind=kind, path=PATH, count=count, **fields)


def orders(shop: Sandbox) -> list[str]:
    return [one["request_id"] for one in shop.control("GET", "shop/orders")["orders"]]


def asked(shop: Sandbox) -> list[tuple[str, int]]:
    found = shop.control("GET", "shop/answers")["answers"]
    return [(one["request_id"], one["asked"]) for one in found]


def test_charge_is_an_order_at_the_shop(member: Subscription, shop: Sandbox) -> None:
    outcome = charged(member)

    found = outcome.charge
    assert outcome.is_first_answer is True
    assert (found.state, found.month, found.decided_at) == (States.CHARGED, date(2026, 3, 1), NOW)
    made = shop.control("GET", "shop/orders")["orders"]
    assert [(o["api_key"], o["request_id"], o["customer_id"], o["sku_id"]) for o in made] == [
        ("amber", "r1", member.customer_store_id, 7)
    ]
    assert found.answer is not None
    assert found.answer["order_id"] == made[0]["order_id"]


@pytest.mark.parametrize("request_id", ["r1", "r2"])
def test_charged_month_gives_the_first_answer_again(
    request_id: str, member: Subscription, shop: Sandbox
) -> None:
    first = charged(member)

    again = charged(member, request_id, NOW + timedelta(days=20))

    assert (again.is_first_answer, again.charge) == (False, first.charge)
    assert asked(shop) == [("r1", 1)]


def test_month_is_the_clubs(member: Subscription, shop: Sandbox) -> None:
    # 31 March, 23:30 in Amsterdam (summer time), then half an hour later.
    charged(member, "march", datetime.fromisoformat("2026-03-31T21:30:00Z"))
    april = charged(member, "april", datetime.fromisoformat("2026-03-31T22:00:00Z"))

    assert april.charge.month == date(2026, 4, 1)
    assert orders(shop) == ["march", "april"]


def test_club_has_a_zone_of_its_own(member: Subscription, shop: Sandbox, club: Club) -> None:
    with scope(member.tenant_id):
        Club.objects.update(time_zone="Pacific/Auckland")

    outcome = charged(member, now=datetime.fromisoformat("2026-03-31T12:00:00Z"))

    assert outcome.charge.month == date(2026, 4, 1)


@pytest.mark.parametrize("status", [2, 3])
def test_member_who_is_not_active_is_not_charged(
    status: int, member: Subscription, shop: Sandbox
) -> None:
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=status, by=None, now=NOW)

    with pytest.raises(NotActive):
        charged(member, now=NOW + timedelta(days=1))

    assert asked(shop) == []
    with scope(member.tenant_id):
        assert Charge.objects.count() == 0


def test_answer_stays_when_the_member_has_left(member: Subscription, shop: Sandbox) -> None:
    first = charged(member)
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=2, by=None, now=NOW)

    assert charged(member).charge == first.charge


def test_request_id_belongs_to_one_subscription(join: Join, shop: Sandbox) -> None:
    charged(join("one"))

    with pytest.raises(RequestIdUsedElsewhere):
        charged(join("two"))

    assert asked(shop) == [("r1", 1)]


def test_request_ids_are_each_tenants_own(
    member: Subscription, shop: Sandbox, other_tenant: Tenant
) -> None:
    charged(member)

    with scope(other_tenant.pk):
        connect_shop(api_key="bitter", api_secret="shop_test_12345678")
        assert Charge.objects.count() == 0
    with pytest.raises(SubscriptionUnknown):
        charge(
            tenant_id=other_tenant.pk, reference=member.reference, request_id="r1", by=None,
            now=NOW,
        )  # fmt: skip


def test_declined_is_told_and_may_be_tried_again_the_same_month(join: Join, shop: Sandbox) -> None:
    member = join("customer-declined-1")

    first, repeated = charged(member), charged(member)
    second = charged(member, "r2")

    assert [(o.charge.state, o.charge.cause) for o in (first, repeated, second)] == [
        (States.DECLINED, "customer")
    ] * 3
    assert first.charge.reason == "The customer's card was declined."
    assert repeated.is_first_answer is False
    assert asked(shop) == [("r1", 1), ("r2", 1)]


@pytest.mark.parametrize(
    ("customer", "sku", "said"),
    [
        ("customer-unknown-1", 7, ("No customer has this id.", "customer")),
        ("fine", 5000, ("There is no article 5000.", "ours")),
    ],
)
def test_refused_order_says_why(
    customer: str, sku: int, said: tuple[str, str], join: Join, shop: Sandbox
) -> None:
    member = join(customer)
    with scope(member.tenant_id):
        Club.objects.update(store_sku=sku)

    found = charged(member).charge

    assert (found.state, (found.reason, found.cause)) == (States.REFUSED, said)


def test_wrong_credentials_are_ours_to_mend(member: Subscription, shop: Sandbox) -> None:
    with scope(member.tenant_id):
        connect_shop(api_key="amber", api_secret="wrong")

    found = charged(member).charge

    assert (found.state, found.cause) == (States.REFUSED, "ours")


def test_charge_without_credentials_is_refused(join: Join) -> None:
    member = join()

    with pytest.raises(ShopNotConnected):
        charged(member)

    with scope(member.tenant_id):
        assert Charge.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("lost_after", ["r1"]),
        ("error_after", ["r1"]),
        ("garbage", ["r1"]),
        ("error_before", []),
        ("drop_before", []),
    ],
)
def test_uncertain_answer_is_unknown_until_asked_again(
    kind: str, made: list[str], member: Subscription, shop: Sandbox
) -> None:
    fault(shop, kind)

    first = charged(member)
    state_then, orders_then = first.charge.state, orders(shop)
    again = charged(member, now=NOW + timedelta(minutes=1))

    assert (state_then, orders_then) == (States.UNKNOWN, made)
    assert (again.charge.state, orders(shop)) == (States.CHARGED, ["r1"])


def test_doctor_names_charges_without_an_answer(
    member: Subscription, shop: Sandbox, tenant: Tenant, other_tenant: Tenant
) -> None:
    fault(shop, "lost_after")
    charged(member)

    def told(tenant: Tenant, later: timedelta) -> list[str]:
        return [
            found.state.name for found in look_at_charges(Visit(now=NOW + later, tenant=tenant))
        ]

    assert told(tenant, timedelta(0)) == told(other_tenant, timedelta(hours=1)) == ["FINE"]
    assert told(tenant, timedelta(hours=1)) == ["WARNING"]


def test_slow_shop_is_not_waited_for(member: Subscription, shop: Sandbox, settings: Any) -> None:
    settings.SHOP_TIMEOUT_SECONDS = 0.3
    fault(shop, "delay", seconds=1.5)

    found = charged(member).charge
    settings.SHOP_TIMEOUT_SECONDS = 5.0
    again = charged(member, now=NOW + timedelta(minutes=5)).charge

    # The first call is still on its way at the shop; it must find the order made.
    assert wait_until(lambda: asked(shop) == [("r1", 2)], seconds=10)
    assert found.state == States.UNKNOWN
    assert again.state == States.CHARGED
    assert orders(shop) == ["r1"]


def test_unknown_charge_lets_no_other_one_start(member: Subscription, shop: Sandbox) -> None:
    fault(shop, "lost_after")
    charged(member)

    with pytest.raises(ChargeUnderWay, match="r1"):
        charged(member, "r2", NOW + timedelta(hours=1))

    assert orders(shop) == ["r1"]


def test_sweep_asks_again_under_the_same_request_id(member: Subscription, shop: Sandbox) -> None:
    fault(shop, "lost_after")
    charged(member)
    later = NOW + timedelta(minutes=1)

    assert due_charges(tenant_id=member.tenant_id, now=NOW) == []
    [due] = due_charges(tenant_id=member.tenant_id, now=later)
    found = ask_again(tenant_id=member.tenant_id, charge_id=due, now=later)
    repeated = ask_again(tenant_id=member.tenant_id, charge_id=due, now=later)

    assert found is not None
    assert (found.state, repeated) == (States.CHARGED, None)
    assert asked(shop) == [("r1", 2)]


def test_waits_between_questions_grow(member: Subscription, shop: Sandbox) -> None:
    fault(shop, "error_before", count=4)
    now, waits = NOW, []
    found = charged(member).charge
    for _ in range(3):
        waits.append(int((found.next_at - now).total_seconds()))
        now = found.next_at
        found = ask_again(tenant_id=member.tenant_id, charge_id=found.pk, now=now)

    assert waits == [30, 60, 120]
    assert found.state == States.UNKNOWN


def test_charge_whose_process_died_is_asked_about(member: Subscription, shop: Sandbox) -> None:
    with scope(member.tenant_id):
        left = Charge.objects.create(
            tenant_id=member.tenant_id, subscription=member, request_id="r1", attempts=1,
            month=date(2026, 3, 1), customer_store_id=member.customer_store_id, store_sku=7,
            next_at=NOW + LEASE,
        )  # fmt: skip

    with pytest.raises(ChargeUnderWay):
        charged(member)
    found = ask_again(tenant_id=member.tenant_id, charge_id=left.pk, now=NOW + LEASE)

    assert found is not None
    assert found.state == States.CHARGED


def test_shop_that_is_down_leaves_nothing_behind_but_the_try(
    member: Subscription, shop: Sandbox, settings: Any
) -> None:
    there = settings.SHOP_URL
    settings.SHOP_URL = f"http://127.0.0.1:{free_port()}/shop"

    down = charged(member)
    settings.SHOP_URL = there
    other = charged(member, "r2")
    late = charged(member, "r1")

    assert down.charge.state == States.UNSENT
    assert other.charge.state == States.CHARGED
    assert (late.charge, late.is_first_answer) == (other.charge, False)
    assert orders(shop) == ["r2"]


def test_shop_that_was_down_is_tried_again_with_the_same_request_id(
    member: Subscription, shop: Sandbox, settings: Any
) -> None:
    there = settings.SHOP_URL
    settings.SHOP_URL = ""
    charged(member)
    settings.SHOP_URL = there

    april = charged(member, now=NOW + timedelta(days=30))

    assert (april.charge.state, april.charge.month) == (States.CHARGED, date(2026, 4, 1))


def test_busy_shop_tells_when_to_come_again(member: Subscription, shop: Sandbox) -> None:
    fault(shop, "rate_limit", retry_after=7)

    outcome = charged(member)

    assert (outcome.charge.state, outcome.retry_after) == (States.UNSENT, 7)


def test_shop_down_after_a_lost_answer_leaves_the_charge_unknown(
    member: Subscription, shop: Sandbox, settings: Any
) -> None:
    fault(shop, "lost_after")
    charged(member)
    settings.SHOP_URL = f"http://127.0.0.1:{free_port()}/shop"

    again = charged(member, now=NOW + timedelta(minutes=5))

    assert again.charge.state == States.UNKNOWN


def test_wrong_secret_after_a_lost_answer_leaves_the_charge_unknown(
    member: Subscription, shop: Sandbox
) -> None:
    fault(shop, "lost_after")
    charged(member)
    with scope(member.tenant_id):
        connect_shop(api_key="amber", api_secret="wrong")

    assert charged(member, now=NOW + timedelta(minutes=5)).charge.state == States.UNKNOWN


@pytest.mark.parametrize("is_same", [True, False], ids=["one request id", "forty request ids"])
def test_forty_at_once_are_one_order(is_same: bool, member: Subscription, shop: Sandbox) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(40)

    def charge_once(number: int) -> None:
        try:
            ready.wait(30)
            outcome = charged(member, "r" if is_same else f"r{number}")
            outcomes.append("first" if outcome.is_first_answer else "again")
        except ChargeUnderWay:
            outcomes.append("again")
        finally:
            connection.close()

    threads = [threading.Thread(target=charge_once, args=[n]) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(outcomes) == {"first": 1, "again": 39}
    assert [count for _, count in asked(shop)] == [1]
    assert len(orders(shop)) == 1


def test_shop_is_never_called_inside_a_transaction(member: Subscription, shop: Sandbox) -> None:
    with scope(member.tenant_id), pytest.raises(CallInsideTransaction):
        Shop(api_key="a", api_secret="b").order(Order("r", "c", 1))


@pytest.mark.parametrize("request_id", ["a b", "ü%2F?#&", "x" * 200, "...", "%2e%2e"])
def test_request_id_may_be_any_text(request_id: str, member: Subscription, shop: Sandbox) -> None:
    found = charged(member, request_id).charge

    assert found.state == States.CHARGED
    assert orders(shop) == [request_id]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"month": date(2026, 3, 2)}, "charge_month_is_its_first_day"),
        ({"request_id": "a\nb"}, "charge_request_id_is_one_line"),
        ({"next_at": None}, "open_charge_is_due_again"),
        ({"state": "charged", "next_at": None}, "charged_charge_has_answer"),
    ],
)
def test_rows_that_break_a_rule_are_refused(
    change: dict[str, Any], rule: str, member: Subscription
) -> None:
    fields = {"request_id": "r", "month": date(2026, 3, 1), "next_at": NOW, "store_sku": 1}

    with (
        scope(member.tenant_id),
        pytest.raises(IntegrityError, match=rule),
        transaction.atomic(),
    ):
        Charge.objects.create(
            tenant_id=member.tenant_id, subscription=member, customer_store_id="c",
            **{**fields, **change},
        )  # fmt: skip


def test_credentials_lie_encrypted_and_hidden(
    tenant: Tenant, other_tenant: Tenant, superuser_connection: Any
) -> None:
    with scope(tenant.pk):
        connect_shop(api_key="first", api_secret="shop_test_1")
        connect_shop(api_key="key", api_secret="shop_test_secret")
        account = ShopAccount.objects.get()

    stored = superuser_connection.execute("SELECT * FROM subscriptions_shopaccount").fetchall()
    assert (account.api_key, account.api_secret) == ("key", "shop_test_secret")
    assert len(stored) == 1
    assert "shop_test_secret" not in str(stored)
    with scope(other_tenant.pk):
        assert ShopAccount.objects.count() == 0
