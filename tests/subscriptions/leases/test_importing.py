"""Importing: what rows become, what rules say, and what bad files do."""

from __future__ import annotations

import gzip
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import (
    FormerStripeId,
    House,
    Lease,
    LeaseImport,
    RentPayment,
    Resident,
    Room,
)
from subscriptions.operations.lease_import.rules import RULES
from tests.subscriptions.leases import dumps
from tests.subscriptions.leases.conftest import Imports
from tests.subscriptions.leases.dumps import house, lease, payment, room, user

pytestmark = pytest.mark.django_db

MODELS = (House, Resident, Room, Lease, RentPayment)


def counts(tenant: Tenant) -> list[int]:
    with scope(tenant.pk):
        return [model.objects.count() for model in MODELS]


def rules_of(findings: list[tuple[str, str, str, str]], table: str = "") -> set[str]:
    return {rule for name, _, _, rule in findings if table in ("", name)}


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        "users": [user()], "rooms": [room()], "leases": [lease()], "houses": [house()],
        "payments": [payment()],
    }  # fmt: skip


def test_rows_become_what_they_mean(imports: Imports, tenant: Tenant) -> None:
    imports(**everything())

    with scope(tenant.pk):
        stay = Lease.objects.select_related("resident", "room", "house").get()
        rent = RentPayment.objects.select_related("lease").get()
        home = House.objects.get()
    assert (stay.resident and stay.resident.name, stay.room and stay.room.price_minor) == (
        "Ada Vos", 100000,
    )  # fmt: skip
    assert (stay.starts_on, stay.ends_on, stay.rent_minor, stay.currency, stay.status) == (
        date(2026, 7, 20), date(2027, 7, 20), 78000, "EUR", "active",
    )  # fmt: skip
    assert stay.source_data["hubId"] == "28530664410399680222952505886337"
    assert (home.currency, home.currency_from, home.time_zone, home.stripe_account_id) == (
        "EUR", "city", "Europe/Brussels", "acct_1House",
    )  # fmt: skip
    assert (rent.lease, rent.month, rent.amount_minor, rent.paid_minor, rent.state) == (
        stay, date(2026, 8, 1), 78000, 78000, "paid",
    )  # fmt: skip
    assert (rent.stripe_charge_id, rent.stripe_invoice_id) == ("ch_1", "in_1")


def test_people_lie_encrypted_with_all_their_columns(
    imports: Imports, tenant: Tenant, superuser_connection: Any
) -> None:
    imports(users=[user(job="Pilot", password="$2b$10$secret")])

    with scope(tenant.pk):
        person = Resident.objects.get()
    stored = str(superuser_connection.execute("SELECT * FROM subscriptions_resident").fetchall())
    assert (person.email, person.details["job"]) == ("ada@example.com", "Pilot")
    assert not any(word in stored for word in ("ada@example.com", "Pilot", "salt_1"))
    assert "secret" not in str(person.details)


def test_twice_is_the_same_as_once(imports: Imports, tenant: Tenant) -> None:
    first = imports(**everything())
    with scope(tenant.pk):
        before = list(Lease.objects.values())

    second = imports(**everything())

    with scope(tenant.pk):
        after = list(Lease.objects.values())
        told = LeaseImport.objects.first()
    assert (counts(tenant), after) == ([1, 1, 1, 1, 1], before)
    assert second == first
    assert told is not None
    assert {kind: found["same"] for kind, found in told.counts.items()} == {
        "houses": 1, "users": 1, "rooms": 1, "leases": 1, "payments": 1,
    }  # fmt: skip


def test_changed_row_is_updated_and_told(imports: Imports, tenant: Tenant) -> None:
    imports(**everything())

    found = imports(**{**everything(), "leases": [lease(rentAmount="790.00", number=2)]})

    with scope(tenant.pk):
        stay = Lease.objects.get()
    assert (stay.rent_minor, stay.number, stay.version) == (79000, 2, 2)
    assert [row for row in found if row[3] == "row-changed"] == [
        ("leases", "lease_1", "number, rent_minor", "row-changed")
    ]


def test_dry_run_tells_and_writes_nothing(imports: Imports, tenant: Tenant) -> None:
    path = dumps.written(imports.folder / "a.dump", **everything())

    found = imports.file(path, dry_run=True)

    assert "base-rent-missing" in rules_of(found)
    assert counts(tenant) == [0, 0, 0, 0, 0]


def test_references_are_resolved_by_rule_or_told(imports: Imports, tenant: Tenant) -> None:
    found = imports(
        users=[user(id="u_O0", salt="salt_1"), user(id="u_2", salt="salt_2", email="b@b.example"),
               user(id="uX1", salt="s3", email="c@c.example"),
               user(id="uXl", salt="s4", email="d@d.example")],
        rooms=[room()],
        leases=[
            lease(id="by_salt", userId="salt_2"),
            lease(id="by_look", userId="u_00"),
            lease(id="by_case", userId="U_2"),
            lease(id="by_none", userId="nobody"),
            lease(id="by_many", userId="uXI"),
            lease(id="no_room", userId="u_2", roomId="nowhere"),
        ],
    )  # fmt: skip

    with scope(tenant.pk):
        linked = dict(Lease.objects.values_list("source_id", "resident__source_id"))
        rooms = dict(Lease.objects.values_list("source_id", "room__source_id"))
    assert linked == {
        "by_salt": "u_2", "by_look": "u_O0", "by_case": "u_2", "by_none": None, "by_many": None,
        "no_room": "u_2",
    }  # fmt: skip
    assert rooms["no_room"] is None
    told = {(row[1], row[3]) for row in found if row[2] in ("userId", "roomId")}
    assert {
        ("by_salt", "user-by-salt"), ("by_look", "look-alike"), ("by_case", "letter-case"),
        ("by_none", "user-not-there"), ("by_many", "look-alike-many"),
        ("no_room", "room-not-there"),
    } <= told  # fmt: skip


def test_price_of_a_room_is_its_base_rent_else_its_rent(imports: Imports, tenant: Tenant) -> None:
    found = imports(
        rooms=[room(id="a"), room(id="b", baseRent="900.00"), room(id="c", rent=None),
               room(id="d", rent="NULL", baseRent="1000.005")]
    )  # fmt: skip

    with scope(tenant.pk):
        prices = dict(Room.objects.values_list("source_id", "price_minor"))
    assert prices == {"a": 100000, "b": 90000, "c": None, "d": 100001}
    assert {(row[1], row[3]) for row in found if row[2] in ("baseRent", "rent")} == {
        ("a", "base-rent-missing"), ("b", "base-rent-differs"), ("c", "room-without-price"),
        ("d", "null-as-text"), ("d", "amount-rounded"),
    }  # fmt: skip


def test_ids_of_an_older_account_are_kept_beside(imports: Imports, tenant: Tenant) -> None:
    found = imports(rooms=[room(id="a", stripeProductId="prod_old"),
                           room(id="b", stripeProductId="prod_old")])  # fmt: skip

    with scope(tenant.pk):
        former = FormerStripeId.objects.values_list("room__source_id", "kind", "stripe_id")
        kept = sorted(former)
        now = set(Room.objects.values_list("stripe_product_id", flat=True))
    assert kept == [("a", "product", "prod_old"), ("b", "product", "prod_old")]
    assert now == {None}
    assert [row[1] for row in found if row[3] == "old-stripe-id"] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"startDate": "2026-07-20 23:30:00"}, "day-by-zone"),
        ({"startDate": "0000-00-00 00:00:00"}, "date-zero"),
        ({"startDate": "2026-02-30 00:00:00"}, "date-unreadable"),
        ({"startDate": None}, "start-missing"),
        ({"endDate": None}, "end-missing"),
        ({"endDate": "2026-07-01 00:00:00"}, "end-before-start"),
        ({"moveoutDate": "2028-01-01 00:00:00"}, "moveout-after-end"),
        ({"moveoutDate": "2026-12-01 00:00:00"}, "moveout-before-end"),
        ({"moveoutDate": "2026-07-20 16:00:00"}, "moveout-before-start"),
        ({"signatureDate": "2026-08-01 00:00:00"}, "signed-after-start"),
        ({"moveInDate": "2025-07-20 00:00:00"}, "movein-off-start"),
        ({"hasMovedIn": 0}, "movein-without-flag"),
        ({"endDate": "2026-09-01 08:00:00"}, "active-but-over"),
        ({"status": "finished"}, "finished-early"),
        ({"status": "odd"}, "status-unknown"),
        ({"status": None}, "status-missing"),
        ({"rentAmount": None}, "rent-missing"),
        ({"rentAmount": "0.00"}, "rent-zero"),
        ({"rentAmount": "-5.00"}, "amount-negative"),
        ({"rentAmount": "1.200,00"}, "number-unreadable"),
        ({"name": "bru-merc-9-ada-1"}, "room-number-unlike"),
        ({"name": "bru-merc-8-gráinne -1"}, "name-unlike"),
        ({"name": " bru-merc-8-ada-1"}, "blanks-around"),
        ({"name": "bru-merc-8-grÃ¡inne-1"}, "letters-garbled"),
        ({"hasMovedOut": "maybe"}, "flag-unreadable"),
        ({"id": ""}, "id-missing"),
        ({"id": "x" * 33}, "id-too-long"),
    ],
)
def test_odd_lease_is_told(imports: Imports, fields: dict[str, Any], rule: str) -> None:
    clean = rules_of(imports(users=[user()], rooms=[room()], leases=[lease()]), "leases")

    found = rules_of(imports(users=[user()], rooms=[room()], leases=[lease(**fields)]), "leases")

    assert rule in found
    assert rule not in clean


def test_same_id_twice_is_told_and_the_later_row_counts(imports: Imports, tenant: Tenant) -> None:
    found = imports(rooms=[room(number=1), room(number=2)])

    with scope(tenant.pk):
        assert Room.objects.get().number == 2
    assert "id-twice" in rules_of(found)


def test_leases_that_overlap_are_told(imports: Imports, tenant: Tenant) -> None:
    found = imports(
        users=[user(), user(id="user_2", salt="s", email="b@b.example")],
        rooms=[room()],
        leases=[
            lease(id="a", endDate="2026-09-20 08:00:00", moveoutDate="2026-09-20 08:00:00"),
            lease(id="b", userId="user_2", startDate="2026-09-10 16:00:00"),
            lease(id="c", userId="user_2", status="cancelled"),
        ],
    )

    assert [row for row in found if row[3] == "room-overlap"] == [
        ("leases", "b", "roomId", "room-overlap")
    ]
    with scope(tenant.pk):
        row = Lease.objects.get(source_id="b")
    assert "room-overlap" in {one["rule"] for one in row.findings}


def test_houses_get_their_currency_by_rule(imports: Imports, tenant: Tenant) -> None:
    found = imports(
        houses=[house(id="own", currency="CHF", stripeAccountId=None),
                house(id="city", currency=None), house(id="mixed", currency=None),
                house(id="none", currency="XXQ")],
        rooms=[room(id=f"r_{name}", houseId=name) for name in ("own", "city", "mixed", "other")],
        leases=[
            lease(id="1", roomId="r_own", name="nyc-a-8-ada-1"),
            lease(id="2", roomId="r_city", name="nyc-a-8-ada-2"),
            lease(id="3", roomId="r_mixed", name="nyc-a-8-ada-3"),
            lease(id="4", roomId="r_mixed", name="nyc-a-8-ada-4"),
            lease(id="5", roomId="r_mixed", name="bru-a-8-ada-5"),
        ],
    )  # fmt: skip

    with scope(tenant.pk):
        money = {h.source_id: (h.currency, h.time_zone) for h in House.objects.all()}
        currencies = dict(Lease.objects.values_list("source_id", "currency"))
    assert money == {
        "own": ("CHF", ""), "city": ("USD", "America/New_York"),
        "mixed": ("USD", "America/New_York"), "none": ("EUR", ""), "other": ("EUR", ""),
    }  # fmt: skip
    assert currencies == {"1": "CHF", "2": "USD", "3": "USD", "4": "USD", "5": "USD"}
    told = {(row[1], row[3]) for row in found}
    assert {
        ("city", "house-currency"), ("mixed", "house-cities-differ"), ("none", "currency-unknown"),
        ("other", "house-inferred"), ("1", "city-unlike-house"), ("5", "city-unlike-house"),
        ("city", "house-account-shared"), ("mixed", "house-account-shared"),
    } <= told  # fmt: skip


def test_currency_that_staff_set_stays(imports: Imports, tenant: Tenant) -> None:
    imports(houses=[house()])
    with scope(tenant.pk):
        House.objects.update(currency="GBP", currency_from="staff")

    imports(houses=[house(name="Other")])

    with scope(tenant.pk):
        assert House.objects.values_list("name", "currency").get() == ("Other", "GBP")


def test_account_that_a_house_had_is_kept_beside(imports: Imports, tenant: Tenant) -> None:
    imports(houses=[house()])

    imports(houses=[house(stripeAccountId="acct_2House")])

    with scope(tenant.pk):
        assert House.objects.get().stripe_account_id == "acct_2House"
        assert FormerStripeId.objects.values_list("kind", "stripe_id").get() == (
            "account", "acct_1House",
        )  # fmt: skip


def test_odd_payments_are_told_and_none_is_lost(imports: Imports, tenant: Tenant) -> None:
    found = imports(
        users=[user(), user(id="user_2", salt="s", email="b@b.example")],
        leases=[lease()],
        payments=[
            payment(id="more", paid="800.00"),
            payment(id="twice", dueDate="2026-08-15 00:00:00", stripeChargeId="ch_2"),
            payment(id="both", dueDate="2026-09-01 00:00:00", pending=1),
            payment(id="part", dueDate="2026-10-01 00:00:00", paid="100.00"),
            payment(id="due", dueDate="2026-11-01 00:00:00", paid="NULL", stripeChargeId=None),
            payment(id="lost", leaseId="nowhere"),
            payment(id="other", dueDate=None, paymentDate=None, userId="user_2", disputed=1),
        ],
    )

    with scope(tenant.pk):
        states = dict(RentPayment.objects.values_list("source_id", "state"))
        twice = RentPayment.objects.select_related("duplicate_of").get(source_id="twice")
    assert states == {
        "more": "paid", "twice": "paid", "both": "pending", "part": "part", "due": "due",
        "lost": "paid", "other": "paid",
    }  # fmt: skip
    assert twice.duplicate_of is not None
    assert twice.duplicate_of.source_id == "more"
    assert {
        ("more", "paid-more"), ("twice", "month-twice"), ("both", "paid-and-pending"),
        ("part", "paid-in-part"), ("due", "null-as-text"), ("lost", "lease-not-there"),
        ("other", "month-unknown"), ("other", "user-unlike-lease"), ("other", "disputed"),
        ("more", "charge-twice"),
    } <= {(row[1], row[3]) for row in found}  # fmt: skip


def test_leases_of_an_export_have_a_house_and_no_room(imports: Imports, tenant: Tenant) -> None:
    row = lease(houseId="house_1", SOMETHING_NEW="kept")
    row["start_date"] = row.pop("startDate")
    del row["roomId"]

    found = imports(users=[user()], houses=[house()], leases=[row])

    with scope(tenant.pk):
        stay = Lease.objects.select_related("house").get()
    assert (stay.house and stay.house.name, stay.starts_on) == ("Mercelis", date(2026, 7, 20))
    assert stay.source_data["SOMETHING_NEW"] == "kept"
    assert "room-column-missing" in rules_of(found)


def test_unknown_table_is_told(imports: Imports) -> None:
    found = imports(users=[user()], lockers=[{"id": "1"}, {"id": "2"}])

    assert ("lockers", "", "", "table-unknown") in found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "nothing but blanks"),
        (b"hello world, this is no dump", "no MySQL dump"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not in utf-8"),
        (dumps.dump(users=[user()]).encode()[:-200], "cut off"),
        (gzip.compress(dumps.dump(users=[user()]).encode())[:-20], "cut off"),
        (dumps.dump(lockers=[{"id": "1"}]).encode(), "none of the tables"),
        (dumps.dump(users=[user(firstName="Zoë")]).encode("cp1252"), "not in utf-8"),
        (dumps.dump("klingon", users=[user()]).encode(), "klingon"),
    ],
)
def test_bad_file_is_refused_in_words_and_leaves_nothing(
    imports: Imports, tenant: Tenant, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "bad.dump"
    path.write_bytes(content)

    said = imports.refused(path)

    assert words in said
    assert counts(tenant) == [0, 0, 0, 0, 0]


def test_missing_file_and_folder_are_refused(imports: Imports, tmp_path: Path) -> None:
    assert "cannot be read" in imports.refused(tmp_path / "none.dump")
    assert "cannot be read" in imports.refused(tmp_path)


def test_two_imports_at_once_end_like_one(imports: Imports, tenant: Tenant) -> None:
    from django.utils import timezone

    from subscriptions.operations.lease_import.run import import_dump

    path = dumps.written(imports.folder / "a.dump", **everything())
    errors: list[BaseException] = []

    def run() -> None:
        try:
            import_dump(tenant=tenant, path=path, now=timezone.now()).told.close()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert counts(tenant) == [1, 1, 1, 1, 1]


def test_rules_are_all_told_in_the_document() -> None:
    text = (Path(__file__).parents[3] / "docs" / "leases.md").read_text(encoding="utf-8")

    assert [rule for rule in RULES if f"`{rule}`" not in text] == []
