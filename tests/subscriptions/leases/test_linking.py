"""Linking leases with Stripe: what it gets, once, and what it bills."""

from __future__ import annotations

import csv
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import FormerStripeId, Lease, Resident, Room, StripeLink
from subscriptions.operations.lease_links.plans import plan_of
from tests.subscriptions.leases.conftest import Imports, Links, day, on
from tests.subscriptions.leases.dumps import house, lease, room, user

pytestmark = pytest.mark.django_db


def five_leases() -> dict[str, list[dict[str, Any]]]:
    """A lease of each kind, each in a room of its own: running, future, and three that are over."""
    times = {
        "running": (-100, 265, "active", "780.00"),
        "dear": (-40, 325, "signed", "1000.00"),
        "soon": (20, 385, "signed", "800.00"),
        "later": (50, 385, "signed", "850.00"),
        "over": (-400, -35, "finished", "700.00"),
        "stale": (-400, -35, "active", "710.00"),
        "cancelled": (-10, 355, "cancelled", "720.00"),
    }
    leases, rooms, users = [], [], []
    for number, (name, (start, end, status, rent)) in enumerate(times.items()):
        rooms.append(room(id=f"room_{name}", number=number))
        users.append(user(id=f"user_{name}", salt=f"salt_{name}", email=f"{name}@example.com"))
        leases.append(
            lease(
                id=name,
                number=number,
                startDate=day(start),
                endDate=day(end),
                moveoutDate=day(end),
                status=status,
                rentAmount=rent,
                userId=f"user_{name}",
                roomId=f"room_{name}",
                name=f"bru-merc-{number}-ada-{number}",
            )
        )
    return {"users": users, "rooms": rooms, "leases": leases, "houses": [house()]}


def test_everything_gets_its_object_at_stripe(
    imports: Imports, links: Links, tenant: Tenant
) -> None:
    imports(users=[user(address="Keizersgracht 1")], rooms=[room()], leases=[lease()],
            houses=[house()])  # fmt: skip

    links.run()

    [customer], [product] = links.all("customers"), links.all("products")
    [own, rooms] = sorted(links.all("prices"), key=lambda price: price["unit_amount"])
    [subscription] = links.subscriptions()
    with scope(tenant.pk):
        resident, space, stay = Resident.objects.get(), Room.objects.get(), Lease.objects.get()
    assert (customer["id"], customer["name"], customer["email"], customer["phone"]) == (
        resident.stripe_customer_id, "Ada Vos", "ada@example.com", "+31612345678",
    )  # fmt: skip
    assert customer["address"]["line1"] == "Keizersgracht 1"
    assert customer["metadata"]["taproom_resident"] == str(resident.pk)
    assert customer["metadata"]["source_id"] == "user_1"
    assert (product["id"], product["name"]) == (space.stripe_product_id, "Room 8, Mercelis")
    assert (rooms["id"], rooms["unit_amount"], rooms["currency"]) == (
        space.stripe_price_id, 100000, "eur",
    )  # fmt: skip
    assert (own["id"], own["unit_amount"], own["product"]) == (
        stay.stripe_price_id, 78000, product["id"],
    )  # fmt: skip
    assert subscription["id"] == stay.stripe_subscription_id
    assert subscription["customer"] == customer["id"]
    assert [one["price"]["id"] for one in subscription["items"]["data"]] == [own["id"]]


def test_customer_has_what_is_relevant_and_no_more(imports: Imports, links: Links) -> None:
    imports(
        users=[
            user(id="plain", salt="s1", email="a@example.com", zendesk_id=None),
            user(id="banned", salt="s2", email="b@example.com", banned=1, zendesk_id="99102",
                 address="Rue Haute 8, Brussels"),
        ]
    )  # fmt: skip

    links.run(only="users")

    found = {one["metadata"]["source_id"]: one for one in links.all("customers")}
    ours = {"taproom_resident", "taproom_tenant", "source_table", "source_id"}
    more = {
        name: {key: text for key, text in one["metadata"].items() if key not in ours}
        for name, one in found.items()
    }
    assert more == {
        "plain": {"country": "NL"},
        "banned": {"country": "NL", "zendesk_id": "99102", "standing": "banned"},
    }
    assert found["banned"]["address"]["line1"] == "Rue Haute 8, Brussels"
    assert found["banned"]["phone"] == "+31612345678"
    assert "1990" not in str(found)


def test_rent_like_the_rooms_uses_the_rooms_price(
    imports: Imports, links: Links, tenant: Tenant
) -> None:
    imports(users=[user()], rooms=[room()], leases=[lease(rentAmount="1000.00")])

    links.run()

    [price], [subscription] = links.all("prices"), links.subscriptions()
    assert subscription["items"]["data"][0]["price"]["id"] == price["id"]


def test_three_months_on_only_living_leases_are_billed(imports: Imports, links: Links) -> None:
    imports(**five_leases())
    links.run()

    at_once = links.billed()
    links.go(95)

    billed = links.billed()
    assert at_once == {"later": [(0, "eur")]}
    assert {name: set(amounts) - {(0, "eur")} for name, amounts in billed.items()} == {
        "running": {(78000, "eur")},
        "dear": {(100000, "eur")},
        "soon": {(80000, "eur")},
        "later": {(85000, "eur")},
    }
    assert {name: len([1 for amount, _ in rows if amount]) for name, rows in billed.items()} == {
        "running": 3, "dear": 3, "soon": 3, "later": 2,
    }  # fmt: skip
    over = {one["metadata"]["source_id"] for one in links.subscriptions()
            if one["status"] == "canceled"}  # fmt: skip
    assert over == {"over", "stale", "cancelled"}


def test_running_lease_ends_by_itself(imports: Imports, links: Links) -> None:
    imports(users=[user()], rooms=[room()],
            leases=[lease(startDate=day(-30), endDate=day(20), moveoutDate=day(20))])  # fmt: skip
    links.run()

    links.go(60)

    [subscription] = links.subscriptions()
    assert subscription["status"] == "canceled"
    assert len(links.billed().get("lease_1", [])) <= 1


def test_linking_twice_makes_nothing_twice(imports: Imports, links: Links) -> None:
    imports(**five_leases())
    links.run()

    links.run()

    nouns = ("customers", "products", "prices")
    assert [len(links.all(noun)) for noun in nouns] == [7, 7, 13]
    assert len(links.subscriptions()) == 7


def test_lost_ids_are_found_at_stripe_again(imports: Imports, links: Links, tenant: Tenant) -> None:
    imports(**five_leases())
    links.run()
    with scope(tenant.pk):
        before = set(Lease.objects.values_list("source_id", "stripe_subscription_id"))
        FormerStripeId.objects.all().delete()
        StripeLink.objects.all().delete()
        Resident.objects.update(stripe_customer_id=None)
        Room.objects.update(stripe_product_id=None, stripe_price_id=None)
        Lease.objects.update(stripe_subscription_id=None, stripe_price_id=None)

    links.run()

    with scope(tenant.pk):
        after = set(Lease.objects.values_list("source_id", "stripe_subscription_id"))
    assert after == before
    assert [len(links.all(noun)) for noun in ("customers", "products", "prices")] == [7, 7, 13]
    assert len(links.subscriptions()) == 7


@pytest.mark.parametrize("kind", ["error_after", "error_before", "lost_after", "drop_before"])
def test_failing_calls_end_like_a_quiet_run(imports: Imports, links: Links, kind: str) -> None:
    imports(**five_leases())
    rule = {"path": "/v1/*", "method": "POST", "kind": kind, "probability": 0.4}
    links.sandbox.control("POST", "faults", **rule)

    for _ in range(4):
        try:
            links.run()
        except CommandError:
            continue
        break

    links.sandbox.control("DELETE", "faults")
    links.run()
    assert [len(links.all(noun)) for noun in ("customers", "products", "prices")] == [7, 7, 13]
    found = [one["metadata"]["source_id"] for one in links.subscriptions()]
    assert sorted(found) == sorted(one["id"] for one in five_leases()["leases"])


def test_lease_without_resident_or_room_is_left_out_and_told(
    imports: Imports, links: Links
) -> None:
    imports(users=[user()], rooms=[room()],
            leases=[lease(userId="nobody"), lease(id="lease_2", roomId="nowhere"),
                    lease(id="lease_3", rentAmount="0.00")])  # fmt: skip

    out = links.run()

    assert [line for line in out.splitlines() if line.startswith("left out")] == [
        "left out: leases lease_1: its userId leads to no resident",
        "left out: leases lease_2: its roomId leads to no room",
        "left out: leases lease_3: its rent is not above zero",
    ]
    assert links.subscriptions() == []


def test_refused_row_fails_the_command_and_the_others_are_linked(
    imports: Imports, links: Links
) -> None:
    imports(users=[user(), user(id="user_2", email="b@example.com", salt="s2")], rooms=[room()])
    links.sandbox.control(
        "POST", "faults", path="/v1/products", method="POST", kind="error_before", count=100
    )

    with pytest.raises(CommandError) as error:
        links.run()

    assert error.value.returncode == 3
    assert len(links.all("customers")) == 2


def test_dry_run_calls_nothing(imports: Imports, links: Links) -> None:
    imports(**five_leases())
    links.sandbox.control("DELETE", "requests")

    out = links.run(dry_run=True)

    assert "Dry run" in out
    assert links.sandbox.control("GET", "requests")["requests"] == []


def test_only_and_limit_bound_a_run(imports: Imports, links: Links) -> None:
    imports(**five_leases())

    links.run(only="users", limit=3)
    links.run(only="users", limit=3)

    assert len(links.all("customers")) == 6
    assert links.all("products") == []


def test_ids_are_written_back_under_the_sources_names(
    imports: Imports, links: Links, tmp_path: Path, tenant: Tenant
) -> None:
    odd = lease()
    odd["stripeSubscritpionId"] = odd.pop("stripeSubscriptionId")
    imports(users=[user()], rooms=[room()], leases=[odd])
    sql, table = tmp_path / "back.sql", tmp_path / "back.csv"

    links.run(write_back=sql)
    links.run(write_back=table)

    with scope(tenant.pk):
        resident, space, stay = Resident.objects.get(), Room.objects.get(), Lease.objects.get()
    customer, product = resident.stripe_customer_id, space.stripe_product_id
    subscription = stay.stripe_subscription_id
    assert sql.read_text().splitlines() == [
        "SET NAMES utf8mb4;",
        "START TRANSACTION;",
        f"UPDATE `users` SET `stripeCustomerId` = '{customer}' WHERE `id` = 'user_1';",
        f"UPDATE `rooms` SET `stripeProductId` = '{product}' WHERE `id` = 'room_1';",
        f"-- rooms room_1: price {space.stripe_price_id}",
        f"UPDATE `leases` SET `stripeSubscritpionId` = '{subscription}' WHERE `id` = 'lease_1';",
        "COMMIT;",
    ]
    assert [row[2:] for row in csv.reader(table.read_text().splitlines())] == [
        ["column", "value"],
        ["stripeCustomerId", customer],
        ["stripeProductId", product],
        ["stripePriceId", space.stripe_price_id],
        ["stripeSubscritpionId", subscription],
    ]


def test_no_stripe_account_is_refused(imports: Imports, tenant: Tenant) -> None:
    from django.core.management import call_command

    imports(users=[user()])

    with pytest.raises(CommandError) as error:
        call_command("link_leases", tenant=tenant.slug)

    assert error.value.returncode == 1


def test_two_links_at_once_make_nothing_twice(imports: Imports, links: Links) -> None:
    imports(**five_leases())
    errors: list[BaseException] = []

    def run() -> None:
        try:
            links.run()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    links.run()

    assert errors == []
    assert [len(links.all(noun)) for noun in ("customers", "products", "prices")] == [7, 7, 13]
    assert len(links.subscriptions()) == 7


def test_answer_that_was_never_recorded_is_found_under_its_key(
    imports: Imports, links: Links, tenant: Tenant
) -> None:
    imports(users=[user()])
    links.run(only="users")
    [made] = links.all("customers")
    with scope(tenant.pk):  # as if killed after Stripe's answer
        Resident.objects.update(stripe_customer_id=None)
        StripeLink.objects.update(state="waiting", stripe_id="", leased_until=None)

    links.run(only="users")

    with scope(tenant.pk):
        assert Resident.objects.get().stripe_customer_id == made["id"]
    assert len(links.all("customers")) == 1


def test_changed_rows_change_what_stripe_has(
    imports: Imports, links: Links, tenant: Tenant
) -> None:
    stay = lease(startDate=day(-40), endDate=day(300), moveoutDate=day(300))
    imports(users=[user()], rooms=[room()], leases=[stay])
    links.run()
    with scope(tenant.pk):
        before = Room.objects.get().stripe_price_id

    imports(
        users=[user(email="ada@example.org")],
        rooms=[room(rent="1100.00")],
        leases=[{**stay, "rentAmount": "800.00", "moveoutDate": day(200)}],
    )
    links.run()

    [customer], [subscription] = links.all("customers"), links.subscriptions()
    prices = {one["id"]: one for one in links.all("prices")}
    with scope(tenant.pk):
        space, held = Room.objects.get(), Lease.objects.get()
        former = set(FormerStripeId.objects.values_list("stripe_id", flat=True))
    assert customer["email"] == "ada@example.org"
    assert (prices[space.stripe_price_id]["unit_amount"], before in former) == (110000, True)
    assert prices[before]["active"] is False
    item = subscription["items"]["data"][0]["price"]
    assert (item["id"], item["unit_amount"]) == (held.stripe_price_id, 80000)
    assert datetime.fromtimestamp(subscription["cancel_at"], UTC).date() == on(200)


def test_lease_that_is_cancelled_later_bills_no_more(imports: Imports, links: Links) -> None:
    stay = lease(startDate=day(-40), endDate=day(300), moveoutDate=day(300))
    imports(users=[user()], rooms=[room()], leases=[stay])
    links.run()

    imports(users=[user()], rooms=[room()], leases=[{**stay, "status": "cancelled"}])
    links.run()
    links.go(95)

    assert [one["status"] for one in links.subscriptions()] == ["canceled"]
    assert links.all("invoices") == []


@pytest.mark.parametrize(
    ("start", "zone", "now", "first"),
    [
        (date(2026, 1, 31), "Europe/Brussels", datetime(2026, 2, 3, tzinfo=UTC), date(2026, 2, 28)),
        (date(2026, 1, 31), "Europe/Brussels", datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 31)),
        (date(2026, 1, 1), "Europe/Brussels", datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
         date(2026, 3, 1)),
        (date(2026, 1, 1), "Pacific/Kiritimati", datetime(2026, 2, 28, 12, tzinfo=UTC),
         date(2026, 3, 1)),
        (date(2026, 1, 1), "America/New_York", datetime(2026, 3, 1, 3, tzinfo=UTC),
         date(2026, 3, 1)),
    ],
)  # fmt: skip
def test_running_lease_bills_from_its_next_day(
    start: date, zone: str, now: datetime, first: date
) -> None:
    stay = Lease(
        starts_on=start, time_zone=zone, status="active", rent_minor=100, currency="EUR",
        resident=Resident(), room=Room(currency="EUR"),
    )  # fmt: skip

    plan = plan_of(stay, now)

    assert (plan.kind, plan.bills_from) == ("running", first)
    assert plan.params["billing_cycle_anchor_config"]["day_of_month"] == start.day
