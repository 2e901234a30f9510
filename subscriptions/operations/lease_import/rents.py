"""Rent payments of a dump: the payments of a support export."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q

from core.currencies import UnknownCurrency, UnusableCurrency, get_currency
from subscriptions.models import Lease, RentPayment, Resident
from subscriptions.operations.cases import open_case
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.leases import tell_reference
from subscriptions.operations.lease_import.references import Found, find_rows, model_rows, pk_of
from subscriptions.operations.lease_import.tables import TableImport
from subscriptions.operations.lease_import.writing import row_key
from subscriptions.operations.transfers import weigh_transfer

State = RentPayment.State


class RentImport(TableImport):
    """Takes in payments: each the rent of a lease for a month. A second one of a month is told."""

    model = RentPayment
    fields = (
        "lease", "resident", "duplicate_of", "lease_source_id", "user_source_id", "month",
        "currency", "amount_minor", "paid_minor", "pending_minor", "state", "is_pending",
        "is_disputed", "due_on", "paid_on", "comment", "retries", "stripe_charge_id",
        "stripe_invoice_id", "stripe_payment_intent_id", "source_data", "findings",
    )  # fmt: skip

    def prepare(self, batch: list[Cells]) -> None:
        """Look up leases, residents and what is held for the same months."""
        self.keys = {
            one.source_id: (one.key("lease_source_id"), one.key("user_source_id")) for one in batch
        }
        leases, users = ([keys[place] for keys in self.keys.values()] for place in range(2))
        self.leases = find_rows(
            model_rows(Lease), leases, fields=("currency", "resident_id", "time_zone")
        )
        self.residents = find_rows(model_rows(Resident), users)
        wanted = {found.row["id"] for found in self.leases.values() if found.row}
        held = RentPayment.objects.filter(lease_id__in=wanted, duplicate_of=None)
        self.months: dict[tuple[Any, date], tuple[Any, str | None]] = {
            (lease, month): (pk, source_id)
            for lease, month, pk, source_id in held.values_list(
                "lease_id", "month", "id", "source_id"
            )
            if month
        }

    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a rent payment."""
        lease_id, user_id = self.keys[cells.source_id]
        lease = self.leases.get(lease_id)
        tell_reference(cells, "lease_source_id", lease, "lease-not-there")
        resident = self._resident(cells, user_id, lease)
        currency = self._currency(cells, lease)
        due_on, paid_on = cells.day("due_on"), cells.day("paid_on")
        month = self._month(cells, due_on, paid_on)
        return {
            "lease": pk_of(lease),
            "resident": resident,
            "duplicate_of": self._earlier(cells, pk_of(lease), month),
            "lease_source_id": lease_id,
            "user_source_id": user_id,
            "month": month,
            "currency": currency,
            **self._money(cells, currency),
            "is_disputed": self._is_disputed(cells),
            "due_on": due_on,
            "paid_on": paid_on,
            "comment": cells.text("comment", 5000),
            "retries": cells.integer("retries") or 0,
            "stripe_charge_id": cells.key("stripe_charge_id", longest=255),
            "stripe_invoice_id": cells.key("stripe_invoice_id", longest=255),
            "stripe_payment_intent_id": cells.key("stripe_payment_intent_id", longest=255),
            "source_data": cells.rest(),
        }

    def after(self, batch: dict[str, Cells], ids: dict[str, UUID]) -> None:
        """Open cases of what is disputed, or paid and pending at once, and hold their transfers."""
        odd = Q(is_disputed=True) | Q(is_pending=True, paid_minor__gt=0)
        rows = RentPayment.objects.filter(odd, pk__in=list(ids.values()), duplicate_of=None)
        rows = rows.filter(cases=None, transfers=None).select_related("lease__house", "tenant")
        for rent in rows:
            is_pending = rent.is_pending and not rent.is_disputed
            what = "paid and pending at once" if is_pending else "disputed"
            open_case(rent, cause=f"Marked as {what} in an import", now=self.former.now)
            weigh_transfer(rent, now=self.former.now)

    def _resident(self, cells: Cells, user_id: str, lease: Found | None) -> Any:
        of_lease = lease.row["resident_id"] if lease and lease.row else None
        if not user_id:
            return of_lease
        found = self.residents.get(user_id)
        tell_reference(cells, "user_source_id", found, "user-not-there")
        if found and found.row and of_lease and found.row["id"] != of_lease:
            cells.tell("user_source_id", "user-unlike-lease")
        return pk_of(found) or of_lease

    def _currency(self, cells: Cells, lease: Found | None) -> str:
        code = cells.key("currency", longest=10).upper()
        try:
            return get_currency(code).code if code else self._usual(lease)
        except (UnknownCurrency, UnusableCurrency):
            cells.tell("currency", "currency-unknown")
            return self._usual(lease)

    def _usual(self, lease: Found | None) -> str:
        return str(lease.row["currency"]) if lease and lease.row else self.tenant.default_currency

    def _month(self, cells: Cells, due_on: date | None, paid_on: date | None) -> date | None:
        day = due_on or paid_on or cells.day("made_on")
        if due_on is None:
            cells.tell("due_on", "month-from-payment" if day else "month-unknown")
        return day.replace(day=1) if day else None

    def _earlier(self, cells: Cells, lease: Any, month: date | None) -> Any:
        """Return the payment that holds this month already, unless it is this very one."""
        if lease is None or month is None:
            return None
        pk, source_id = self.months.setdefault((lease, month), (None, cells.source_id))
        if source_id == cells.source_id:
            return None
        cells.tell("due_on", "month-twice", wrong=f"Payment {source_id} is for this month too.")
        return pk or row_key(self.tenant.pk, RentPayment, str(source_id))

    def _is_disputed(self, cells: Cells) -> bool:
        is_disputed = cells.flag("is_disputed")
        if is_disputed:
            cells.tell("is_disputed", "disputed")
        return is_disputed

    def _money(self, cells: Cells, currency: str) -> dict[str, Any]:
        amount = cells.minor("amount", currency)
        paid, is_paid = self._flag_or_amount(cells, "paid", amount, currency)
        pending, is_pending = self._flag_or_amount(cells, "pending", amount, currency)
        if is_paid and is_pending:
            cells.tell("pending", "paid-and-pending")
        if amount is not None and paid > max(amount, 0):
            cells.tell("paid", "paid-more")
        elif amount is not None and 0 < paid < amount:
            cells.tell("paid", "paid-in-part")
        if is_paid and not (cells.key("stripe_charge_id") or cells.key("stripe_invoice_id")):
            cells.tell("paid", "paid-without-charge")
        return {
            "amount_minor": amount,
            "paid_minor": paid,
            "pending_minor": pending,
            "is_pending": is_pending,
            "state": _state(amount, paid, is_pending=is_pending),
        }

    def _flag_or_amount(
        self, cells: Cells, field: str, amount: int | None, currency: str
    ) -> tuple[int, bool]:
        """Read a column that is a yes or no in some dumps and an amount in others."""
        text = (cells.raw(field) or "").strip()
        is_number = "DECIMAL" in cells.layout.types.get(field, "").upper() or "." in text
        if is_number or (text.lstrip("-").isdigit() and int(text) > 1):
            minor = cells.minor(field, currency) or 0
            return minor, minor > 0
        is_set = cells.flag(field)
        return ((amount or 0) if is_set else 0), is_set


def _state(amount: int | None, paid: int, *, is_pending: bool) -> str:
    if is_pending:
        return State.PENDING.value
    if paid <= 0:
        return State.DUE.value
    return (State.PART if amount is not None and paid < amount else State.PAID).value
