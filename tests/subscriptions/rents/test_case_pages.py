"""The pages of cases: the right words and amounts, for the right company, each step shown first."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.backoffice.worklists import waiting_work
from core.models import Tenant, User
from core.tenancy import scope
from subscriptions.models import Case, CaseNote, DisputeAct, Lease, RentPayment, RentTransfer
from subscriptions.operations.cases import close_case, open_case
from subscriptions.queries.cases import house_balances
from tests.payments.pages.conftest import log_in, words
from tests.subscriptions.rents.conftest import RENT, Landlord
from tests.subscriptions.rents.test_disputes import disputed

__all__ = ["log_in"]
pytestmark = pytest.mark.django_db(transaction=True)
LogIn = Callable[[User], Client]
HELD = "The resident disputes the payment (fraudulent). The bank has the money until it is decided."


def page(rent: RentPayment, rest: str = "") -> str:
    return f"/cases/{rent.pk}/{rest}"


def test_case_page_says_why_and_what_next(landlord: Landlord, log_in: LogIn) -> None:
    rent, dispute = disputed(landlord)

    said = words(log_in(landlord.by).get(page(rent)))

    assert HELD in said
    for told in (
        "Zoé Vidal", "Kleine Gasse 4", "Rent of March 2026", "€900.00", dispute["id"],
        rent.stripe_charge_id, "8 days left", "Needs an answer", "Submit the evidence",
        "Accept the dispute as lost", "the fee of €15.00",
    ):  # fmt: skip
        assert told in said, told


def test_worklist_shows_case_with_deadline_and_reason(landlord: Landlord, log_in: LogIn) -> None:
    disputed(landlord)
    client = log_in(landlord.by)

    shown = {
        cause: "Zoé Vidal" in words(client.get(f"/cases/?cause={cause}"))
        for cause in ("", "disputed", "held", "inquiry", "warning", "lost", "reversal")
    }

    assert shown == {
        "": True, "disputed": True, "held": True, "inquiry": False, "warning": False,
        "lost": False, "reversal": False,
    }  # fmt: skip
    assert HELD in words(client.get("/cases/"))
    assert "Zoé Vidal" not in words(client.get("/cases/?whose=mine"))
    assert client.get("/cases/?state=what").status_code == 400


@pytest.mark.parametrize("is_inquiry", [False, True])
def test_worklist_leads_to_all_that_it_counts(
    landlord: Landlord, log_in: LogIn, is_inquiry: bool
) -> None:
    disputed(landlord, inquiry=is_inquiry)
    with scope(landlord.tenant.pk):
        [case] = Case.objects.all()
        close_case(case=case, outcome="Too early", by=landlord.by, now=timezone.now())
        waiting = waiting_work(user=landlord.by, now=timezone.now())

    [told] = [one for one in waiting if one.worklist.name == "rent_disputes"]
    assert told.count == 1
    assert "Zoé Vidal" in words(log_in(landlord.by).get(told.worklist.url()))


def test_foreign_company_sees_nothing(landlord: Landlord, other_admin: User, log_in: LogIn) -> None:
    rent, dispute = disputed(landlord)
    client = log_in(other_admin)
    paths = [
        page(rent), page(rent, "do/accept/"), page(rent, "report/md/"), page(rent, "report/zip/"),
        f"/houses/{landlord.house.pk}/",
    ]  # fmt: skip

    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    assert client.post(page(rent, "note/"), {"text": "x"}).status_code == 404
    assert "Zoé Vidal" not in words(client.get("/cases/"))
    assert "Nothing here has this id" in words(client.get(f"/cases/look-up/?id={dispute['id']}"))


def test_any_id_leads_to_the_rent(landlord: Landlord, log_in: LogIn) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    transfer = landlord.send(rent)
    dispute = landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")
    landlord.refresh(rent)
    with scope(landlord.tenant.pk):
        intent = RentPayment.objects.get().stripe_payment_intent_id
        Lease.objects.update(number=4711)
    client = log_in(landlord.by)
    ids = [
        rent.stripe_charge_id, intent, dispute["id"], str(transfer.stripe_transfer_id),
        landlord.house_account, "L-7", "4711", str(rent.pk), str(landlord.lease.pk),
    ]  # fmt: skip

    for text in ids:
        assert client.get("/cases/look-up/", {"id": f" {text} "})["Location"] == page(rent), text
    for odd in ("", "\0", "9" * 300, "É\u202e", "2" * 30, "'; --"):
        assert client.get("/cases/look-up/", {"id": odd}).status_code == 200


def test_step_shows_cash_first_and_is_taken_once(landlord: Landlord, log_in: LogIn) -> None:
    rent, _ = disputed(landlord)
    client = log_in(landlord.by)

    review = words(client.get(page(rent, "do/accept/")))
    with scope(landlord.tenant.pk):
        before = DisputeAct.objects.count()
    client.post(page(rent, "do/accept/"))
    client.post(page(rent, "do/accept/"))

    assert "€900.00 stays with the resident's bank, and the fee of €15.00 is not given" in review
    with scope(landlord.tenant.pk):
        assert (before, DisputeAct.objects.count()) == (0, 1)
    assert client.get(page(rent, "do/nothing/")).status_code == 302


def test_step_that_wants_a_reason_asks_for_it(landlord: Landlord, log_in: LogIn) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    client = log_in(landlord.by)

    refused = client.post(page(rent, "do/stop/"), {"text": " "})
    client.post(page(rent, "do/stop/"), {"text": "Ask the owner"})

    assert refused.status_code == 400
    assert landlord.transfer(rent).hold_words == "Stopped by hand: Ask the owner"


def test_counselors_see_but_do_not_move_money(
    landlord: Landlord, counselor: User, log_in: LogIn
) -> None:
    rent, _ = disputed(landlord)
    client = log_in(counselor)

    assert client.get(page(rent)).status_code == 200
    assert client.post(page(rent, "do/accept/")).status_code == 403


def test_case_is_taken_noted_and_closed(landlord: Landlord, log_in: LogIn) -> None:
    rent, _ = disputed(landlord)
    client = log_in(landlord.by)

    client.post(page(rent, "take/"))
    client.post(page(rent, "note/"), {"text": "Called her"})
    client.post(page(rent, "note/"), {"text": "\0"})
    client.post(page(rent, "close/"), {"text": "Settled"})

    with scope(landlord.tenant.pk):
        case = Case.objects.get()
        assert (case.owner_id, case.state, case.outcome) == (landlord.by.pk, "closed", "Settled")
        assert CaseNote.objects.filter(text="Called her").count() == 1


def test_house_ledger_adds_up(landlord: Landlord, log_in: LogIn) -> None:
    sent = landlord.rent()
    landlord.refresh(sent)
    landlord.send(sent)
    disputed_too = landlord.rent(date(2026, 4, 1))
    landlord.refresh(disputed_too)
    landlord.sandbox.control("POST", f"charges/{disputed_too.stripe_charge_id}/dispute")
    landlord.refresh(disputed_too)

    with scope(landlord.tenant.pk):
        [balance] = house_balances(landlord.house)
    said = words(log_in(landlord.by).get(f"/houses/{landlord.house.pk}/"))

    amounts = [balance.expected, balance.received, balance.sent, balance.held, balance.owed]
    assert [one.minor for one in amounts] == [2 * RENT, RENT, RENT, 0, RENT]
    assert "Expected €1,800.00" in said
    assert "Owed by residents €900.00" in said


def test_lists_cost_the_same_for_many(landlord: Landlord, log_in: LogIn) -> None:
    client = log_in(landlord.by)

    def add(count: int) -> None:
        with scope(landlord.tenant.pk):
            start = RentPayment.objects.count()
            for number in range(start, start + count):
                rent = RentPayment.objects.create(
                    tenant=landlord.tenant, lease=landlord.lease, currency="EUR",
                    resident=landlord.lease.resident, amount_minor=RENT,
                    month=date(2000 + number // 12, 1 + number % 12, 1),
                )  # fmt: skip
                RentTransfer.objects.create(
                    tenant=landlord.tenant, rent=rent, house=landlord.house, state="held",
                    hold="not_paid", hold_words="Not paid", amount_minor=RENT, currency="EUR",
                )  # fmt: skip
                open_case(rent, cause="Seeded", now=timezone.now())

    def queries(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(path).status_code == 200
        return len(found)

    add(1)
    few = [queries("/cases/"), queries(f"/houses/{landlord.house.pk}/")]
    add(28)

    assert [queries("/cases/"), queries(f"/houses/{landlord.house.pk}/")] == few


def test_report_and_evidence_pack(landlord: Landlord, log_in: LogIn) -> None:
    rent, dispute = disputed(landlord)
    client = log_in(landlord.by)

    markdown = client.get(page(rent, "report/md/")).content.decode()
    pdf = client.get(page(rent, "report/pdf/")).content
    pack = zipfile.ZipFile(io.BytesIO(client.get(page(rent, "report/zip/")).content))

    assert f"The rent was not transferred: {HELD}" in markdown
    assert dispute["id"] in markdown
    assert "## What to tell the tenant" in markdown
    assert "until the bank has decided" in markdown.lower()
    assert pdf.startswith(b"%PDF")
    assert pack.namelist() == ["evidence.pdf", "evidence.md", "facts.json"]
    assert client.get(page(rent, "report/exe/")).status_code == 404


def test_case_report_command_finds_by_any_id(landlord: Landlord, tmp_path: Any) -> None:
    rent, dispute = disputed(landlord)
    said, out = StringIO(), tmp_path / "case.pdf"

    call_command("case_report", dispute["id"], tenant=str(landlord.tenant.pk), stdout=said)
    call_command("case_report", "L-7", tenant=str(landlord.tenant.pk), format="pdf", out=str(out))

    assert rent.stripe_charge_id in said.getvalue()
    assert out.read_bytes().startswith(b"%PDF")
    with pytest.raises(CommandError, match="No rent of this tenant"):
        call_command("case_report", "du_nothing", tenant=str(landlord.tenant.pk))


def test_reconciliation_agrees_and_says_where_not(landlord: Landlord, tenant: Tenant) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    transfer = landlord.send(rent)
    said = StringIO()

    call_command("reconcile_rents", tenant=str(tenant.pk), stdout=said)
    landlord.post(f"/v1/transfers/{transfer.stripe_transfer_id}/reversals", {"amount": 500})

    assert "1 rents, 1 transfers" in said.getvalue()
    assert said.getvalue().strip().endswith(" 0 differences")
    differs = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_rents", tenant=str(tenant.pk), stdout=differs)
    assert f"{transfer.stripe_transfer_id}: Here €0.00 came back, at Stripe €5.00." in (
        differs.getvalue()
    )
