"""What staff set about a house: name, currency, time zone, and the account that gets its rents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db.models import F, Func, QuerySet
from django.db.models.fields import BigIntegerField

from core.currencies import UnknownCurrency, UnusableCurrency, get_currency
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.jobs import enqueue
from core.models import User
from core.models.tenant import validate_zone
from subscriptions.models import (
    FormerStripeId,
    House,
    HouseEntry,
    Lease,
    RentPayment,
    RentTransfer,
    Room,
)
from subscriptions.queries.holds import alike_houses

log = structlog.get_logger(__name__)

LONGEST = {"name": 255, "time_zone": 60, "stripe_account_id": 64}
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{5,58}")
_ROOM_AMOUNTS = ("base_rent_minor", "rent_minor", "price_minor", "deposit_minor")
_LEASE_AMOUNTS = ("rent_minor", "deposit_minor")
_RENT_AMOUNTS = ("amount_minor", "paid_minor", "pending_minor")


class HouseChanged(Exception):
    """Somebody has changed the house since it was shown; nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseFields:
    """What is typed about a house. `is_checked`: the account is its own, though it looks like
    another house's.
    """

    name: str
    currency: str
    time_zone: str
    stripe_account_id: str
    is_checked: bool = False


def edit_house(
    *, house_id: UUID, version: int, fields: HouseFields, by: User, now: datetime
) -> House:
    """Store what staff say of a house; an import leaves its currency alone from then on. In scope.

    The account before is kept as a former one, and held rents are weighed anew. Amounts of rooms
    and leases keep their worth in major units when the currency changes. Raises FieldsInvalid,
    HouseChanged, House.DoesNotExist.
    """
    house = House.objects.select_for_update().get(pk=house_id)
    if house.version != version:
        raise HouseChanged("Somebody has changed this house since you opened it. Look again.")
    errors = list(_wrong(house, fields))
    if errors:
        raise FieldsInvalid(*errors)
    affected = _with_account_of(house, fields.stripe_account_id)
    _change_currency(house, fields.currency.upper())
    _change_account(house, fields, now)
    house.name, house.time_zone = fields.name.strip(), fields.time_zone.strip()
    house.version += 1
    house.save()
    _weigh_again(affected)
    log.info("house_edited", house_id=str(house.pk), user_id=str(by.pk))
    return house


def _wrong(house: House, fields: HouseFields) -> Iterator[WrongField]:
    texts = {name: getattr(fields, name) for name in LONGEST}
    yield from wrong_texts(texts, LONGEST)
    if "\0" in "".join(texts.values()):
        return
    yield from _wrong_zone(fields.time_zone.strip())
    yield from _wrong_currency(house, fields.currency.upper())
    yield from _wrong_account(house, fields)


def _wrong_zone(zone: str) -> Iterator[WrongField]:
    try:
        validate_zone(zone)
    except ValidationError:
        if zone:
            yield WrongField("time_zone", "unknown", "Name a zone such as Europe/Brussels.")


def _wrong_currency(house: House, code: str) -> Iterator[WrongField]:
    try:
        get_currency(code)
    except (UnknownCurrency, UnusableCurrency) as error:
        yield WrongField("currency", "unknown", str(error))
        return
    if code == house.currency:
        return
    billed = Lease.objects.filter(house=house, status__in=Lease.LIVING).exclude(
        stripe_subscription_id=None
    )
    if HouseEntry.objects.filter(house=house).exists() or billed.exists():
        yield WrongField(
            "currency",
            "in_use",
            f"Rents of this house were billed in {house.currency} already; its ledger and its"
            " subscriptions at Stripe cannot change. Cancel those subscriptions first, or make a"
            " house of its own for the new currency.",
        )


def _wrong_account(house: House, fields: HouseFields) -> Iterator[WrongField]:
    account = fields.stripe_account_id.strip()
    if not account:
        return
    if not _ACCOUNT.fullmatch(account):
        detail = "An account of Stripe's begins with acct_ and goes on with letters and digits."
        yield WrongField("stripe_account_id", "invalid", detail)
        return
    alike = list(alike_houses(house.pk, account, _accounts()))
    if alike and not fields.is_checked:
        others = ", ".join(f"{one} ({one.stripe_account_id})" for one in alike[:5])
        yield WrongField(
            "stripe_account_id",
            "alike",
            f"This account is that of another house, or looks like it: {others}. Compare both"
            " letter by letter with their papers. If it is right, tick the box below.",
        )


def _accounts() -> QuerySet[House]:
    return House.objects.exclude(stripe_account_id=None)


def _with_account_of(house: House, account: str) -> set[UUID]:
    """Return the houses whose holds may change: this one, and those with an account like it."""
    found = {house.pk}
    for one in (house.stripe_account_id, account.strip()):
        if one:
            found |= {other.pk for other in alike_houses(house.pk, one, _accounts())}
    return found


def _change_account(house: House, fields: HouseFields, now: datetime) -> None:
    account = fields.stripe_account_id.strip() or None
    if house.stripe_account_id and house.stripe_account_id != account:
        FormerStripeId.objects.get_or_create(
            tenant_id=house.tenant_id,
            kind=FormerStripeId.Kind.ACCOUNT,
            house=house,
            stripe_id=house.stripe_account_id,
            defaults={"reason": "Changed by staff", "noted_at": now},
        )
    house.stripe_account_id = account
    house.checked_account_id = (account or "") if fields.is_checked else ""


def _change_currency(house: House, code: str) -> None:
    house.currency_from = House.CurrencyFrom.STAFF
    if code == house.currency:
        return
    before, after = get_currency(house.currency).exponent, get_currency(code).exponent
    worth = Decimal(10) ** (after - before)
    for model, which, names in (
        (Room, {"house": house}, _ROOM_AMOUNTS),
        (Lease, {"house": house}, _LEASE_AMOUNTS),
        (RentPayment, {"lease__house": house}, _RENT_AMOUNTS),
    ):
        scaled = {name: _times(name, worth) for name in names} if worth != 1 else {}
        model._default_manager.filter(**which).update(currency=code, **scaled)
    house.currency = code


def _times(name: str, worth: Decimal) -> Func:
    return Func(F(name) * worth, function="round", output_field=BigIntegerField())


def _weigh_again(houses: set[UUID]) -> None:
    """Have rents weighed anew that were held for the house's account."""
    held = RentTransfer.objects.filter(
        house__in=houses, state=RentTransfer.State.HELD, hold__contains="account"
    )
    for rent_id in held.values_list("rent_id", flat=True)[:1000]:
        enqueue("subscriptions.refresh_rent", rent_id=rent_id)
