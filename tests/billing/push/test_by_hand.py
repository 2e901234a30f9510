"""What staff and others do: drafts tampered with, voids, credit notes, pause, retry, reconcile."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from billing.models import BillingPeriod, CreditNote, Push, WalletEntry
from billing.operations.push.desk import (
    pause_pushes,
    request_new_draft,
    resume_pushes,
    retry_push,
)
from billing.operations.push.queue import queue_credit_note
from billing.operations.push.work import Outcome
from billing.operations.reconcile import reconcile_invoices
from billing.operations.voiding import NotVoidable, void_invoice
from core.tenancy import scope

FINALIZE = "/v1/invoices/{invoice}/finalize"
LINES = "/v1/invoices/{invoice}/add_lines"


@pytest.fixture
def lined(world):
    """An invoice whose draft is whole at Stripe, but not finalized."""
    invoice = world.invoice()
    world.fault("error_before", FINALIZE)
    world.push_once()
    assert world.push(invoice).step == "finalize"
    return invoice


@pytest.fixture
def sent(world):
    """An invoice that is open at Stripe."""
    invoice = world.invoice()
    world.push_all()
    return invoice


def there(world, invoice):
    return world.stripe("GET", f"invoices/{world.push(invoice).stripe_id}")


def void(world, invoice, reason="Wrong plan"):
    with scope(world.tenant.pk):
        return void_invoice(invoice_id=invoice.pk, reason=reason, by=None, now=world.clock())


# --- drafts that somebody else touched -----------------------------------------------------------


def change_line(world, invoice, **form):
    stripe_id = world.push(invoice).stripe_id
    line = world.stripe("GET", f"invoices/{stripe_id}/lines")["data"][0]["id"]
    world.stripe("POST", f"invoices/{stripe_id}/lines/{line}", **form)


def test_draft_with_another_amount_is_never_finalized(world, lined):
    change_line(world, lined, amount=1001)

    world.push_all()

    push = world.push(lined)
    assert (push.state, there(world, lined)["status"]) == ("mismatch", "draft")
    assert push.differences == [["Line 0 · 1 hours", "1000", "1001"]]
    assert push.last_error == (
        "The draft at Stripe differs. Line 0 · 1 hours: ours 1000, Stripe's 1001"
    )
    assert world.notices(lined) == {"not_sent": True}


def test_wrong_draft_is_deleted_and_made_anew(world, lined):
    change_line(world, lined, amount=1001)
    world.push_all()
    wrong = world.push(lined).stripe_id

    with scope(world.tenant.pk):
        assert request_new_draft(push_id=world.push(lined).pk, now=world.clock()) is True
    world.push_all()

    assert world.push(lined).stripe_id != wrong
    world.assert_right([lined])


def test_foreign_line_on_the_draft_stops_it(world, lined):
    stripe_id = world.push(lined).stripe_id
    customer = there(world, lined)["customer"]
    world.stripe(
        "POST", "invoiceitems", customer=customer, invoice=stripe_id, amount=5,
        description="Sticker", currency="usd",
    )  # fmt: skip

    world.push_all()

    push = world.push(lined)
    assert (push.state, push.differences) == ("mismatch", [["a line", "none", "Sticker: 5"]])


def test_mended_draft_goes_on_after_a_retry(world, lined):
    change_line(world, lined, amount=1001)
    world.push_all()
    change_line(world, lined, amount=1000)

    with scope(world.tenant.pk):
        assert retry_push(push_id=world.push(lined).pk, now=world.clock()) is True
    world.push_all()

    world.assert_right([lined])


def test_line_taken_off_the_draft_is_sent_again(world, lined):
    stripe_id = world.push(lined).stripe_id
    line = world.stripe("GET", f"invoices/{stripe_id}/lines")["data"][1]["id"]
    world.stripe(
        "POST", f"invoices/{stripe_id}/remove_lines",
        **{"lines[0][id]": line, "lines[0][behavior]": "delete"},
    )  # fmt: skip

    world.push_all()

    world.assert_right([lined])


def test_line_that_stands_twice_has_the_draft_made_anew(world, lined):
    stripe_id = world.push(lined).stripe_id
    line = world.stripe("GET", f"invoices/{stripe_id}/lines")["data"][0]
    world.stripe(
        "POST", f"invoices/{stripe_id}/add_lines",
        **{
            "lines[0][amount]": line["amount"], "lines[0][description]": line["description"],
            "lines[0][metadata][taproom_line]": line["metadata"]["taproom_line"],
        },
    )  # fmt: skip

    world.push_all()

    world.assert_right([lined])
    assert world.push(lined).stripe_id != stripe_id


def test_draft_deleted_at_stripe_is_made_anew(world, lined):
    world.stripe("DELETE", f"invoices/{world.push(lined).stripe_id}")

    world.push_all()

    world.assert_right([lined])


def test_draft_finalized_by_somebody_is_adopted(world, lined):
    world.stripe("POST", f"invoices/{world.push(lined).stripe_id}/finalize")

    world.push_all()

    world.assert_right([lined])
    assert world.push(lined).state == "done"


def test_draft_finalized_and_voided_by_somebody_is_left_to_a_person(world, lined):
    stripe_id = world.push(lined).stripe_id
    world.stripe("POST", f"invoices/{stripe_id}/finalize")
    world.stripe("POST", f"invoices/{stripe_id}/void")

    world.push_all()

    push = world.push(lined)
    assert (push.state, push.last_error) == (
        "blocked",
        "It was voided at Stripe. Void it here too, or send it anew.",
    )


def test_number_that_another_invoice_has_is_told(world):
    customer = world.stripe("POST", "customers", name="Somebody")["id"]
    world.stripe("POST", "invoices", customer=customer, number="TAKEN-1", auto_advance="false")
    invoice = world.invoice(number="TAKEN-1")

    world.push_all()

    push = world.push(invoice)
    assert push.state == "blocked"
    assert push.last_error == "Another invoice at Stripe has the number TAKEN-1 already."


def test_refused_invoice_says_why(world):
    invoice = world.invoice(amounts=[100_000_000])

    world.push_all()

    push = world.push(invoice)
    assert (push.state, push.step) == ("blocked", "lines")
    assert "999,999.99" in push.last_error
    assert there(world, invoice)["status"] == "draft"


# --- voids ---------------------------------------------------------------------------------------


def test_void_ends_the_invoice_at_stripe_and_opens_its_period(world, sent):
    void(world, sent)

    world.push_all()

    push = world.push(sent)
    assert (there(world, sent)["status"], push.state) == ("void", "done")
    assert world.standing(sent).state == "void"
    with scope(world.tenant.pk):
        assert BillingPeriod.objects.get(pk=sent.period_id).state == "closed"
    assert world.notices(sent) == {"voided": True}


def test_void_before_sending_sends_nothing(world):
    invoice = world.invoice()
    void(world, invoice)

    world.push_all()

    assert (world.push(invoice).state, world.at_stripe()) == ("dropped", [])


def test_void_of_a_draft_deletes_it(world, lined):
    void(world, lined)

    world.push_all()

    assert world.at_stripe() == []
    assert world.push(lined).state == "done"


def test_void_twice_is_one(world, sent):
    first, again = void(world, sent), void(world, sent, reason="Other")

    assert (first.void_reason, again.void_reason) == ("Wrong plan", "Wrong plan")


@pytest.mark.parametrize("kind", ["error_after", "lost_after", "error_before"])
def test_void_through_faults(world, sent, kind):
    void(world, sent)
    world.fault(kind, "/v1/invoices/{invoice}/void")

    world.push_all()

    assert (there(world, sent)["status"], world.push(sent).state) == ("void", "done")


def test_void_while_the_draft_is_in_the_dark_finds_it(world):
    invoice = world.invoice()
    world.fault("lost_after", "/v1/invoices")
    world.push_once()
    assert world.push(invoice).stripe_id is None
    void(world, invoice)

    world.push_all()

    assert (world.at_stripe(), world.push(invoice).state) == ([], "done")


def test_paid_invoice_is_not_voided(world, sent):
    world.stripe(
        "POST", f"invoices/{world.push(sent).stripe_id}/pay", payment_method="pm_card_visa"
    )
    world.hear()

    with pytest.raises(NotVoidable, match="This invoice is paid"):
        void(world, sent)


def test_invoice_paid_before_its_void_arrived_is_left_to_a_person(world, sent):
    world.stripe(
        "POST", f"invoices/{world.push(sent).stripe_id}/pay", payment_method="pm_card_visa"
    )
    void(world, sent)

    world.push_all()

    push = world.push(sent)
    assert push.state == "blocked"
    assert push.last_error.startswith("It was paid at Stripe before it could be voided there.")


def test_void_gives_prepaid_credit_back_once(world, sent):
    with scope(world.tenant.pk):
        WalletEntry.objects.create(
            tenant=world.tenant, organization=sent.organization, kind="used",
            amount_minor=-300, invoice=sent,
        )  # fmt: skip

    for _ in range(2):
        void(world, sent)

    with scope(world.tenant.pk):
        found = list(WalletEntry.objects.filter(kind="returned").values_list("amount_minor"))
    assert found == [(300,)]


# --- credit notes --------------------------------------------------------------------------------


def credit(world, invoice, amount, settled_by):
    note = world.credit_note(invoice, amount, settled_by)
    with scope(world.tenant.pk):
        queue_credit_note(note, now=world.clock())
    world.push_all()
    with scope(world.tenant.pk):
        return Push.objects.get(credit_note=note)


def test_credit_note_reduces_what_is_open(world, sent):
    push = credit(world, sent, 200, CreditNote.Settled.OPEN_AMOUNT)

    assert (push.state, there(world, sent)["amount_remaining"]) == ("done", 1000)
    assert world.standing(sent).credited_minor == 200


@pytest.mark.parametrize("kind", ["error_after", "lost_after", "error_before"])
def test_credit_note_through_faults_is_there_once(world, sent, kind):
    world.fault(kind, "/v1/credit_notes")

    push = credit(world, sent, 200, CreditNote.Settled.OPEN_AMOUNT)

    found = world.stripe("GET", "credit_notes", invoice=world.push(sent).stripe_id)["data"]
    assert ([one["amount"] for one in found], push.state) == ([200], "done")


def test_credit_note_of_a_paid_invoice_has_stripe_send_money_back(world, sent):
    world.stripe(
        "POST", f"invoices/{world.push(sent).stripe_id}/pay", payment_method="pm_card_visa"
    )
    world.hear()

    credit(world, sent, 200, CreditNote.Settled.REFUND)

    standing = world.standing(sent)
    assert (standing.state, standing.credited_minor, standing.refunded_minor) == ("paid", 200, 200)


def test_credit_note_kept_as_prepaid_sends_no_money_back(world, sent):
    world.stripe(
        "POST", f"invoices/{world.push(sent).stripe_id}/pay", payment_method="pm_card_visa"
    )
    world.hear()

    credit(world, sent, 200, CreditNote.Settled.PREPAID)

    standing = world.standing(sent)
    assert (standing.credited_minor, standing.refunded_minor) == (200, 0)


def test_credit_note_waits_for_its_invoice(world):
    invoice = world.invoice()
    note = world.credit_note(invoice, 200, CreditNote.Settled.OPEN_AMOUNT)
    with scope(world.tenant.pk):
        queue_credit_note(note, now=world.clock())

    world.push_all()

    assert world.standing(invoice).credited_minor == 200


@pytest.mark.parametrize("kind", [None, "error_after", "lost_after", "error_before"])
def test_voided_credit_note_is_voided_at_stripe(world, sent, kind):
    push = credit(world, sent, 200, CreditNote.Settled.OPEN_AMOUNT)
    if kind:
        world.fault(kind, "/v1/credit_notes/{id}/void")
    with scope(world.tenant.pk):
        CreditNote.objects.filter(pk=push.credit_note_id).update(
            state="void", voided_at=world.clock()
        )
        Push.objects.filter(pk=push.pk).update(
            step="void", state="queued", next_at=world.clock(), done_at=None
        )

    world.push_all()

    found = world.stripe("GET", "credit_notes", invoice=world.push(sent).stripe_id)["data"]
    assert [one["status"] for one in found] == ["void"]
    assert there(world, sent)["amount_remaining"] == 1200
    assert world.standing(sent).credited_minor == 0


# --- pause, commands, reconciling ----------------------------------------------------------------


def test_paused_desk_begins_nothing_until_resumed(world):
    invoice = world.invoice()
    with scope(world.tenant.pk):
        pause_pushes(reason="Prices are being checked", by=None, now=world.clock())

    outcome = world.push_once()

    assert (outcome, world.calls()) == (Outcome.NOTHING_DUE, [])
    with scope(world.tenant.pk):
        resume_pushes(now=world.clock())
    world.push_all()
    world.assert_right([invoice])


def command(world, *words):
    call_command(*words[:1], "--tenant", world.tenant.slug, *words[1:])


def test_command_pushes_all(world, capsys):
    invoices = [world.invoice() for _ in range(5)]

    command(world, "push_invoices")

    world.assert_right(invoices)
    assert capsys.readouterr().out == "10 done\n"


def test_command_says_that_the_desk_is_paused(world):
    with scope(world.tenant.pk):
        pause_pushes(reason="Checking", by=None, now=world.clock())

    with pytest.raises(CommandError, match=r"Paused: Checking\. Resume first") as refused:
        command(world, "push_invoices")

    assert refused.value.returncode == 1


def test_command_ends_with_3_when_stripe_is_silent(world):
    world.invoice()
    world.sandbox.control("POST", "faults", kind="error_before", method="*", path="*")

    with pytest.raises(CommandError, match="Nothing is lost: 2 wait") as refused:
        command(world, "push_invoices", "--once")

    assert refused.value.returncode == 3


def reconciled(world):
    month = world.clock().date().replace(day=1)
    return reconcile_invoices(tenant_id=world.tenant.pk, month=month, clock=world.clock)


def test_equal_sides_differ_in_nothing(world, sent):
    customer = world.stripe("POST", "customers", name="Somebody")["id"]
    world.stripe("POST", "invoices", customer=customer, auto_advance="false")

    found = reconciled(world)

    assert (found.compared, found.foreign, found.differences) == (1, 1, [])


def test_payment_nobody_told_of_is_mended(world, sent):
    world.stripe(
        "POST", f"invoices/{world.push(sent).stripe_id}/pay", payment_method="pm_card_visa"
    )

    found = reconciled(world)

    assert [one.what for one in found.differences] == ["status (mended)"]
    assert world.standing(sent).state == "paid"
    assert reconciled(world).differences == []


def test_second_invoice_and_unknown_one_are_told(world, sent):
    customer = there(world, sent)["customer"]
    for ref in (str(sent.pk), "0" * 8 + "-0000-4000-8000-" + "0" * 12):
        made = world.stripe(
            "POST", "invoices", customer=customer, auto_advance="false",
            **{"metadata[taproom_invoice]": ref},
        )  # fmt: skip
        world.stripe(
            "POST", "invoiceitems", customer=customer, invoice=made["id"], amount=900,
            currency="usd",
        )  # fmt: skip
        world.stripe("POST", f"invoices/{made['id']}/finalize")

    found = reconciled(world)

    assert sorted(one.what for one in found.differences) == [
        "missing here",
        "more than one at Stripe",
    ]


def test_reconcile_command_ends_with_3_when_something_differs(world, sent, capsys):
    world.stripe("POST", f"invoices/{world.push(sent).stripe_id}/void")

    with pytest.raises(CommandError, match="1 differ") as refused:
        command(world, "reconcile_invoices")

    assert refused.value.returncode == 3
    assert "1 compared" in capsys.readouterr().out
