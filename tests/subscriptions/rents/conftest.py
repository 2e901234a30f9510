"""A company whose houses have accounts, and a lease whose rent was paid in the sandbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
import requests
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import StripeAccount
from subscriptions.models import House, Lease, RentPayment, RentTransfer, Resident, Room
from subscriptions.operations import rent_money, rents, reversals
from tests.stripe import Sandbox

RENT = 90000


class Landlord:
    """Speaks to the sandbox as the company, and brings what happened there in."""

    def __init__(self, tenant: Tenant, account: StripeAccount, sandbox: Sandbox, by: User) -> None:
        self.tenant, self.account, self.sandbox, self.by = tenant, account, sandbox, by
        self.house_account = self.post("/v1/accounts", {"country": "DE"})["id"]
        with scope(tenant.pk):
            self.house = House.objects.create(
                tenant=tenant,
                name="Kleine Gasse 4",
                currency="EUR",
                stripe_account_id=self.house_account,
            )
            resident = Resident.objects.create(tenant=tenant, first_name="Zoé", last_name="Vidal")
            room = Room.objects.create(
                tenant=tenant, house=self.house, number=7, currency="EUR", price_minor=RENT
            )
            self.lease = Lease.objects.create(
                tenant=tenant,
                resident=resident,
                room=room,
                house=self.house,
                name="L-7",
                status=Lease.Status.ACTIVE,
                starts_on=date(2026, 1, 1),
                currency="EUR",
                rent_minor=RENT,
            )

    def post(self, path: str, form: dict[str, Any] | None = None) -> Any:
        answer = requests.post(
            self.sandbox.base + path, data=form, auth=(self.account.secret_key, ""), timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        answer = requests.get(
            self.sandbox.base + path, params=query, auth=(self.account.secret_key, ""), timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pay(self, amount: int = RENT, iban: str = "") -> str:
        """Pay in the sandbox, by card or by a bank account. Returns the charge."""
        method, kind = "pm_card_visa", "card"
        if iban:
            kind = "sepa_debit"
            method = self.post("/v1/payment_methods", {"type": kind, "sepa_debit[iban]": iban})[
                "id"
            ]
        form = {
            "amount": amount,
            "currency": "eur",
            "payment_method": method,
            "confirm": "true",
            "payment_method_types[]": kind,
        }
        return str(self.post("/v1/payment_intents", form)["latest_charge"])

    def rent(self, month: date = date(2026, 3, 1), charge: str | None = None) -> RentPayment:
        """The rent of a month, paid by a charge."""
        with scope(self.tenant.pk):
            rents.open_rents(month=month, now=timezone.now())
            rent = RentPayment.objects.get(lease=self.lease, month=month)
            rent.stripe_charge_id = charge or self.pay()
            rent.save()
        return rent

    def refresh(self, rent: RentPayment, now: datetime | None = None) -> RentPayment:
        return rent_money.refresh_rent(
            tenant_id=self.tenant.pk, rent_id=rent.pk, now=now or timezone.now()
        )

    def transfer(self, rent: RentPayment) -> RentTransfer:
        with scope(self.tenant.pk):
            return RentTransfer.objects.filter(rent=rent).first()

    def send(self, rent: RentPayment) -> RentTransfer:
        rents.send_rent(
            tenant_id=self.tenant.pk, transfer_id=self.transfer(rent).pk, now=timezone.now()
        )
        return self.transfer(rent)

    def sent(self, rent: RentPayment) -> list[tuple[str, int, int]]:
        """What Stripe has for a rent: destination, amount, taken back."""
        listed = self.get("/v1/transfers", {"transfer_group": f"rent-{rent.pk}"})["data"]
        return [(one["destination"], one["amount"], one["amount_reversed"]) for one in listed]

    def take_back(self, rent: RentPayment) -> Any:
        """Approve the proposal and have it done."""
        with scope(self.tenant.pk):
            proposal = self.transfer(rent).reversals.get()
            reversals.decide_reversal(
                reversal=proposal, approve=True, by=self.by, now=timezone.now()
            )
        return reversals.push_reversal(
            tenant_id=self.tenant.pk, reversal_id=proposal.pk, now=timezone.now()
        )

    def ledger(self, rent: RentPayment) -> list[tuple[str, int]]:
        with scope(self.tenant.pk):
            return list(rent.ledger.values_list("kind", "amount_minor"))


@pytest.fixture
def landlord(tenant: Tenant, account: StripeAccount, sandbox: Sandbox, admin: User) -> Landlord:
    """A company that lets a room."""
    return Landlord(tenant, account, sandbox, admin)
