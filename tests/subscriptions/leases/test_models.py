"""The rows of leases: hidden from other companies, once each, encrypted where they name people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError

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
    StripeLink,
)
from subscriptions.models.resident import search_key, search_keys

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MODELS = (House, Resident, Room, Lease, RentPayment, StripeLink, FormerStripeId, LeaseImport)


@pytest.fixture
def lease(tenant: Tenant) -> Lease:
    """A lease with everything that hangs on one."""
    own = {"tenant": tenant}
    with scope(tenant.pk):
        house = House.objects.create(**own, source_id="h", currency="EUR")
        resident = Resident.objects.create(
            **own, source_id="u", first_name="Zoë", last_name="Vos", email="zoe@example.com"
        )
        room = Room.objects.create(**own, source_id="r", house=house, currency="EUR")
        lease = Lease.objects.create(
            **own, source_id="l", resident=resident, room=room, house=house, currency="EUR"
        )
        RentPayment.objects.create(**own, lease=lease, month=date(2026, 3, 1), currency="EUR")
        StripeLink.objects.create(**own, step="customer", resident=resident)
        FormerStripeId.objects.create(
            **own, kind="product", room=room, stripe_id="prod_1", noted_at=NOW
        )
        LeaseImport.objects.create(**own, file_name="a.dump", sha256="0" * 64, imported_at=NOW)
    return lease


def test_rows_of_another_tenant_stay_hidden(lease: Lease, other_tenant: Tenant) -> None:
    with scope(lease.tenant_id):
        seen = [model.objects.count() for model in MODELS]

    with scope(other_tenant.pk):
        hidden = [model.objects.count() for model in MODELS]
    assert (seen, hidden) == ([1] * len(MODELS), [0] * len(MODELS))


@pytest.mark.parametrize(
    ("rule", "model", "fields"),
    [
        ("house_source_id_once_per_tenant", House, {"source_id": "h"}),
        ("house_source_id_is_not_empty", House, {"source_id": ""}),
        ("house_currency_is_upper_case", House, {"currency": "eur"}),
        ("house_account_is_not_empty", House, {"stripe_account_id": ""}),
        ("room_source_id_once_per_tenant", Room, {"source_id": "r"}),
        ("room_price_belongs_to_product", Room, {"stripe_price_id": "price_1"}),
        ("lease_source_id_once_per_tenant", Lease, {"source_id": "l"}),
        ("rent_month_is_its_first_day", RentPayment, {"month": date(2026, 3, 2)}),
    ],
)
def test_row_that_breaks_a_rule_is_refused(
    lease: Lease, rule: str, model: Any, fields: dict[str, Any]
) -> None:
    with scope(lease.tenant_id), pytest.raises(IntegrityError, match=rule):
        model.objects.create(tenant_id=lease.tenant_id, **{"currency": "EUR", **fields})


def test_rent_of_a_month_counts_once(lease: Lease) -> None:
    own = {"tenant_id": lease.tenant_id, "lease": lease, "currency": "EUR"}
    with scope(lease.tenant_id):
        first = RentPayment.objects.get()
        RentPayment.objects.create(**own, month=date(2026, 3, 1), duplicate_of=first)

    with scope(lease.tenant_id), pytest.raises(IntegrityError, match="rent_once_per_lease"):
        RentPayment.objects.create(**own, month=date(2026, 3, 1))


def test_link_has_one_subject_and_is_there_once(lease: Lease) -> None:
    own = {"tenant_id": lease.tenant_id, "step": "customer"}

    with scope(lease.tenant_id), pytest.raises(IntegrityError, match="has_one_subject"):
        StripeLink.objects.create(**own, resident=lease.resident, lease=lease)
    with scope(lease.tenant_id), pytest.raises(IntegrityError, match="once_per_resident"):
        StripeLink.objects.create(**own, resident=lease.resident)


def test_resident_lies_encrypted_and_is_found_by_words(
    lease: Lease, superuser_connection: Any
) -> None:
    with scope(lease.tenant_id):
        Resident.objects.update(search_keys=search_keys("Zoë Vos", "zoe@example.com"))
        found = list(Resident.objects.filter(search_keys__contains=[search_key("ZOE")]))

    stored = superuser_connection.execute("SELECT * FROM subscriptions_resident").fetchall()
    assert [person.name for person in found] == ["Zoë Vos"]
    assert "zoe@example.com" not in str(stored).lower()


@pytest.mark.parametrize(
    ("ends", "moves_out", "last"),
    [
        (date(2026, 6, 30), None, date(2026, 6, 30)),
        (date(2026, 6, 30), date(2026, 5, 1), date(2026, 5, 1)),
        (date(2026, 6, 30), date(2026, 8, 1), date(2026, 6, 30)),
        (date(2026, 6, 30), date(2026, 1, 1), date(2026, 6, 30)),
        (None, None, None),
    ],
)
def test_last_day_is_the_earlier_end_after_the_start(
    ends: date | None, moves_out: date | None, last: date | None
) -> None:
    lease = Lease(starts_on=date(2026, 3, 1), ends_on=ends, moves_out_on=moves_out)

    assert lease.last_day == last
