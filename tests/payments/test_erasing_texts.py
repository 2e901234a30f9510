"""Erasing takes a person out of what people and programs wrote about them, and tells what is left.

Every row of every table is read as it lies there, with what lies encrypted read by its models.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from billing.models import Notice, Organization
from core.models import Letter, StoredAnswer, Tenant, User, WebhookMessage
from core.operations.blotting import BLOTTED, blot, needles_of
from core.operations.erasure import parts
from core.tenancy import scope
from crm.models import Lead
from payments.models import LinkTemplate, Payment, PaymentLink, Refund
from subscriptions.models import Case, CaseNote, House, Lease, RentPayment, Resident, Room
from tests.payments.conftest import Customer
from tests.payments.test_erasing import EVA, everything, payment, run

__all__ = ["payment"]
pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
PHONE = "+31 6 1234 5678"
SIGNS = ("eva.smit", "eva smit", PHONE)


def raw_rows() -> str:
    """Every row of every table as the database has it, in the scope that is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'clubs')")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(found)


@pytest.fixture
def everywhere(customer: Customer, payment: Payment, admin: User, now: datetime) -> Payment:
    """Eva is named in texts of all apps, some of which hang on nobody."""
    tenant = customer.tenant
    with scope(tenant.pk):
        Lead.objects.filter(email=EVA).update(phone=PHONE)
        PaymentLink.objects.filter(pk=payment.link_id).update(
            title="Deposit of Eva Smit", description=f"Call {PHONE}", reference="EVA SMIT"
        )
        Refund.objects.create(
            tenant=tenant, payment=payment, amount_minor=1, currency="EUR", state="failed",
            reason="Eva Smit asked", settled_at=now, settled_note=f"to {EVA}",
        )  # fmt: skip
        _about_a_rent(tenant, admin, now)
        organization = Organization.objects.get(code="eva")
        Notice.objects.create(
            tenant=tenant, organization=organization, kind="x", once="x", title="Eva Smit BV",
            text=f"Write to {EVA}",
        )  # fmt: skip
        _on_their_way(tenant, now)
        LinkTemplate.objects.create(
            tenant=tenant, name="Keg", terms={"title": "Keg", "description": f"ask {EVA}"}
        )
        _edited(admin, organization)
    return payment


def _about_a_rent(tenant: Tenant, by: User, now: datetime) -> None:
    resident = Resident.objects.get()
    resident.last_name, resident.phone = "Smit", PHONE
    resident.save()
    house = House.objects.create(tenant=tenant, name="Gasse 4", currency="EUR")
    room = Room.objects.create(
        tenant=tenant, house=house, number=7, currency="EUR", price_minor=90000
    )
    lease = Lease.objects.create(
        tenant=tenant, resident=resident, room=room, house=house, name="Eva Smit / 7",
        status="active", starts_on=date(2026, 1, 1), currency="EUR", rent_minor=90000,
        source_data={"tenantName": "Eva Smit"},
    )  # fmt: skip
    rent = RentPayment.objects.create(
        tenant=tenant, lease=lease, resident=resident, month=date(2026, 3, 1), currency="EUR",
        amount_minor=90000, comment="Eva Smit pays late", source_data={"user": EVA},
    )  # fmt: skip
    case = Case.objects.create(tenant=tenant, rent=rent, cause="Eva Smit objects", opened_at=now)
    for text, who in (("Called Eva", by), (f"Stripe names {EVA}", None)):
        CaseNote.objects.create(tenant=tenant, case=case, by=who, text=text, written_at=now)


def _on_their_way(tenant: Tenant, now: datetime) -> None:
    WebhookMessage.objects.create(
        tenant=tenant, event_type="payment.succeeded", body=f'{{"payer": "{EVA}"}}',
        happened_at=now,
    )  # fmt: skip
    StoredAnswer.objects.create(
        tenant=tenant, caller="key", key="k", request_hash="h", status=201, lease_until=now,
        body=f'{{"email": "{EVA}"}}',
    )  # fmt: skip
    Letter.objects.create(
        tenant=tenant, kind="reminder", subject_id=uuid4(), next_at=now,
        envelope={"to": "staff@amber.example", "subject": "Call", "text": f"Call {PHONE}"},
    )  # fmt: skip


def _edited(by: User, organization: Organization) -> None:
    kind = ContentType.objects.get_for_model(Organization)
    LogEntry.objects.create(
        user=by, content_type=kind, object_id=str(organization.pk), object_repr="Eva Smit BV",
        action_flag=CHANGE, change_message="",
    )  # fmt: skip


def test_person_who_is_everywhere_is_in_no_row_afterwards(
    customer: Customer, everywhere: Payment
) -> None:
    with scope(customer.tenant.pk):
        before = (raw_rows() + everything(customer.tenant)).casefold()

    out = run(EVA)

    with scope(customer.tenant.pk):
        after = (raw_rows() + everything(customer.tenant)).casefold()
    for sign in SIGNS:
        assert sign in before
        assert [line[:300] for line in after.splitlines() if sign in line] == []
    assert "otto@example.org" in after
    assert "The name stands in others" not in out
    assert customer.reload(everywhere).amount_minor == 12500
    assert "\n0 rows erased" in run(EVA)


def test_name_in_what_hangs_on_somebody_else_stays_and_is_told(
    customer: Customer, everywhere: Payment, new_link: NewLink
) -> None:
    other = new_link(title="For another Eva Smit")

    out = run(EVA)

    assert customer.reload(other).title == "For another Eva Smit"
    assert f"The name stands in others: look at payments.PaymentLink {other.pk}" in out


def test_every_named_column_can_be_looked_through(tenant: Tenant) -> None:
    texts = [one for part in parts() for one in part.texts]
    needles = needles_of([EVA.casefold()], ["Eva Smit", PHONE, "", "Eva", "1234"])

    with scope(tenant.pk):
        found = list(blot(texts, needles, frozenset({uuid4()})))

    assert needles.names == ("Eva Smit",)
    assert needles.own == tuple(sorted([EVA.casefold(), PHONE]))
    assert {(one.rows, one.named) for one in found} == {(0, ())}
    assert len(found) == len(texts)
    assert BLOTTED == "[erased]"
