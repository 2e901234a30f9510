"""The houses of the demo: who lives where, and rents that were sent, held and disputed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from core.demo_story import Stage
from core.periods import today
from core.tenancy import scope
from payments.demo_customers import is_sandbox, post_to_sandbox
from payments.models import StripeAccount
from subscriptions.models import House, Lease, RentPayment, RentTransfer, Resident, Room
from subscriptions.operations.cases import add_note, open_case, take_case
from subscriptions.operations.lease_links.run import KINDS, link_all
from subscriptions.operations.rent_collections import ask_to_collect, push_collection
from subscriptions.operations.rent_money import refresh_rent
from subscriptions.operations.rents import open_rents, send_rent


@dataclass(frozen=True, slots=True)
class _Home:
    """Somebody's room: house, name, rent in minor units, and how they pay."""

    house: str
    first_name: str
    last_name: str
    room: int
    rent_minor: int
    method: str = ""
    iban: str = ""


COOPERAGE, MALTINGS, GRANARY = "Cooperage House", "Maltings Yard", "The Old Granary"
HOMES = (
    _Home(COOPERAGE, "Ines", "Duarte", 1, 82500, method="pm_card_visa"),
    # This card's payments are disputed at once.
    _Home(COOPERAGE, "Tomasz", "Lis", 2, 79000, method="pm_card_createDispute"),
    _Home(MALTINGS, "Amina", "Diallo", 1, 91000, iban="DE89370400440532013000"),
    _Home(MALTINGS, "Jonas", "Berg", 2, 88000),
    _Home(GRANARY, "Yara", "Haddad", 1, 74500, method="pm_card_visa"),
)


def tell_leases(stage: Stage) -> None:
    """Let rooms, link them with Stripe, and have this month's rents paid, each in its own way."""
    with scope(stage.tenant.pk):
        is_told = House.objects.filter(name=COOPERAGE).exists()
        if not is_told:
            _let_rooms(stage)
        account = StripeAccount.objects.first()
    if not is_told and account is not None and is_sandbox():
        _Rents(stage, account).tell()
    stage.say("houses, leases and their rents")


def _let_rooms(stage: Stage) -> None:
    tenant, now = stage.tenant, timezone.now()
    houses: dict[str, House] = {}
    for number, home in enumerate(HOMES, 1):
        house = houses.get(home.house) or House.objects.create(
            tenant=tenant, name=home.house, currency=tenant.default_currency
        )
        houses[home.house] = house
        email = f"{home.first_name.lower()}@example.com"
        resident = Resident.objects.create(
            tenant=tenant, first_name=home.first_name, last_name=home.last_name, email=email
        )
        room = Room.objects.create(
            tenant=tenant,
            house=house,
            number=home.room,
            currency=house.currency,
            price_minor=home.rent_minor,
        )
        Lease.objects.create(
            tenant=tenant,
            resident=resident,
            room=room,
            house=house,
            number=number,
            name=f"HB-{number:03d}",
            status=Lease.Status.ACTIVE,
            starts_on=_month(stage, now.year - 1),
            currency=house.currency,
            rent_minor=home.rent_minor,
        )


def _month(stage: Stage, year: int | None = None) -> date:
    first = today(timezone.now(), stage.tenant.zone).replace(day=1)
    return first if year is None else first.replace(year=year)


class _Rents:
    """Rents of this month at Stripe, in the sandbox."""

    def __init__(self, stage: Stage, account: StripeAccount) -> None:
        self.stage, self.account = stage, account

    def tell(self) -> None:
        """Connect houses, link leases, and let everybody pay who does."""
        tenant = self.stage.tenant
        with scope(tenant.pk):
            for house in House.objects.filter(name__in=(COOPERAGE, MALTINGS)):
                house.stripe_account_id = self._post("accounts", country="NL")["id"]
                house.save(update_fields=["stripe_account_id"])
        link_all(
            tenant=tenant,
            kinds=KINDS,
            limit=None,
            clock=timezone.now,
            on_progress=lambda kind, done, total: None,
        )
        with scope(tenant.pk):
            open_rents(month=_month(self.stage), now=timezone.now())
            rents = list(RentPayment.objects.select_related("resident", "lease"))
        for rent in rents:
            self._pay(rent, HOMES[(rent.lease.number or 1) - 1 if rent.lease else 0])
        self._look_into_dispute()

    def _post(self, path: str, **form: Any) -> Any:
        return post_to_sandbox(self.account, path, **form)

    def _pay(self, rent: RentPayment, home: _Home) -> None:
        """Have a rent taken from what its resident saved, if anything, and sent on."""
        method = home.method
        if home.iban:
            form = {"type": "sepa_debit", "sepa_debit[iban]": home.iban}
            method = self._post("payment_methods", **form)["id"]
        if not method or rent.resident is None:
            return
        customer = str(rent.resident.stripe_customer_id)
        saved = self._post(f"payment_methods/{method}/attach", customer=customer)["id"]
        key = "invoice_settings[default_payment_method]"
        self._post(f"customers/{customer}", **{key: saved})
        tenant_id = self.stage.tenant.pk
        with scope(tenant_id):
            asked = ask_to_collect(rent=rent, by=self.stage.admin, now=timezone.now())
        push_collection(tenant_id=tenant_id, collection_id=asked.pk, now=timezone.now())
        refresh_rent(tenant_id=tenant_id, rent_id=rent.pk, now=timezone.now())
        with scope(tenant_id):
            transfer = RentTransfer.objects.filter(rent=rent).first()
        if transfer is not None:
            send_rent(tenant_id=tenant_id, transfer_id=transfer.pk, now=timezone.now())

    def _look_into_dispute(self) -> None:
        now, admin = timezone.now(), self.stage.admin
        with scope(self.stage.tenant.pk):
            rent = RentPayment.objects.filter(is_disputed=True).first()
            if rent is None:
                return
            case = open_case(rent, cause="Disputed", now=now)
            take_case(case=case, by=admin, now=now)
            words = "Called Tomasz: he did not know our name on his statement. Asked him to write."
            add_note(case=case, text=words, by=admin, now=timezone.now())
