"""What staff set about a house: checked against other houses before money moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import User
from core.tenancy import scope
from subscriptions.models import FormerStripeId, House, Lease, Room
from tests.payments.pages.conftest import log_in, words
from tests.subscriptions.rents.conftest import RENT, Landlord

__all__ = ["log_in"]
pytestmark = pytest.mark.django_db(transaction=True)
LogIn = Callable[[User], Client]


def edit(client: Client, house: House, **fields: Any) -> Any:
    typed = {
        "version": house.version, "name": house.name, "currency": house.currency,
        "time_zone": house.time_zone, "stripe_account_id": house.stripe_account_id or "",
    }  # fmt: skip
    return client.post(f"/houses/{house.pk}/edit/", {**typed, **fields})


def held(landlord: Landlord, house: House) -> House:
    with scope(landlord.tenant.pk):
        return House.objects.get(pk=house.pk)


def another(landlord: Landlord, **fields: Any) -> House:
    with scope(landlord.tenant.pk):
        return House.objects.create(tenant=landlord.tenant, currency="EUR", **fields)


def test_house_is_changed_and_its_account_before_is_kept(landlord: Landlord, log_in: LogIn) -> None:
    client = log_in(landlord.by)

    answer = edit(
        client, landlord.house, name="Große Gasse 4", time_zone="Europe/Berlin",
        stripe_account_id="acct_1NewOne",
    )  # fmt: skip

    found = held(landlord, landlord.house)
    assert answer.status_code == 302
    assert (found.name, found.time_zone, found.currency_from) == (
        "Große Gasse 4", "Europe/Berlin", "staff",
    )  # fmt: skip
    assert found.stripe_account_id == "acct_1NewOne"
    with scope(landlord.tenant.pk):
        assert [one.stripe_id for one in FormerStripeId.objects.all()] == [landlord.house_account]
    said = words(client.get(f"/houses/{landlord.house.pk}/"))
    assert landlord.house_account in said


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("stripe_account_id", "ba_123456", "begins with acct_"),
        ("stripe_account_id", "acct_1\0abcdef", "Null characters"),
        ("currency", "XXY", "XXY"),
        ("currency", "euro", "at most 3"),
        ("time_zone", "Mars/Base", "Europe/Brussels"),
        ("name", "a\x07b", "Control characters"),
        ("version", "one", "Open it again"),
    ],
)
def test_odd_input_is_told_at_its_field(
    landlord: Landlord, log_in: LogIn, field: str, typed: str, told: str
) -> None:
    answer = edit(log_in(landlord.by), landlord.house, **{field: typed})

    assert answer.status_code == 400
    assert told in words(answer)
    assert held(landlord, landlord.house).version == 1


@pytest.mark.parametrize("theirs", ["acct_1O0lIS5B", "acct_100lI558"])
def test_account_like_another_houses_has_to_be_checked(
    landlord: Landlord, log_in: LogIn, theirs: str
) -> None:
    another(landlord, name="Nebenan", stripe_account_id=theirs)
    client, mine = log_in(landlord.by), "acct_1O0lIS5B"

    refused = edit(client, landlord.house, stripe_account_id=mine)
    before = held(landlord, landlord.house).stripe_account_id
    taken = edit(client, landlord.house, stripe_account_id=mine, is_checked="on")

    found = held(landlord, landlord.house)
    assert (refused.status_code, before) == (400, landlord.house_account)
    assert f"Nebenan ({theirs})" in words(refused)
    assert (taken.status_code, found.stripe_account_id) == (302, mine)
    assert found.checked_account_id == mine


def test_checked_account_lets_its_rent_go_until_it_changes(
    landlord: Landlord, log_in: LogIn
) -> None:
    another(landlord, name="Nebenan", stripe_account_id=landlord.house_account)
    rent = landlord.rent()
    landlord.refresh(rent)
    before = landlord.transfer(rent).hold

    edit(log_in(landlord.by), landlord.house, is_checked="on")
    landlord.refresh(rent)
    landlord.send(rent)
    with scope(landlord.tenant.pk):
        House.objects.filter(pk=landlord.house.pk).update(stripe_account_id="acct_1Changed")
        House.objects.exclude(pk=landlord.house.pk).update(stripe_account_id="acct_lChanged")
    later = landlord.rent(date(2026, 4, 1))
    landlord.refresh(later)

    assert before == "shared_account"
    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]
    assert landlord.transfer(later).hold == "look_alike_account"


def test_currency_changes_with_rooms_and_leases_until_it_was_billed(
    landlord: Landlord, log_in: LogIn
) -> None:
    client = log_in(landlord.by)

    edit(client, landlord.house, currency="jpy")
    with scope(landlord.tenant.pk):
        room = Room.objects.values_list("currency", "price_minor").get()
        lease = Lease.objects.values_list("currency", "rent_minor").get()
    landlord.rent()
    refused = edit(client, held(landlord, landlord.house), currency="EUR")

    assert (room, lease) == (("JPY", RENT // 100), ("JPY", RENT // 100))
    assert refused.status_code == 400
    assert "were billed in JPY already" in words(refused)


def test_change_of_what_somebody_else_changed_is_refused(landlord: Landlord, log_in: LogIn) -> None:
    client = log_in(landlord.by)
    edit(client, landlord.house, name="First")

    second = edit(client, landlord.house, name="Second")

    assert second.status_code == 400
    assert "Somebody has changed this house" in words(second)
    assert held(landlord, landlord.house).name == "First"


def test_only_admins_of_the_company_change_a_house(
    landlord: Landlord, counselor: User, other_admin: User, log_in: LogIn
) -> None:
    path = f"/houses/{landlord.house.pk}/edit/"

    found = [log_in(user).get(path).status_code for user in (counselor, other_admin)]

    assert found == [403, 404]
    assert edit(log_in(other_admin), landlord.house, name="Mine").status_code == 404


def test_list_of_houses_costs_the_same_for_many(landlord: Landlord, log_in: LogIn) -> None:
    client = log_in(landlord.by)
    client.get("/houses/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get("/houses/").status_code == 200
        return len(found)

    few = queries()
    for number in range(29):
        another(landlord, name=f"House {number}")

    assert queries() == few
