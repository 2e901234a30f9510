"""A credit note that makes less to pay, and a payer who was quicker."""

from __future__ import annotations

import pytest

from billing.operations.credit_notes import issue_credit_note
from billing.queries.audit import audit
from core.tenancy import scope


@pytest.mark.parametrize("is_heard_first", [True, False])
def test_what_was_paid_before_stripe_heard_of_the_note_goes_back(world, is_heard_first):
    invoice = world.invoice()
    world.push_all()
    with scope(world.tenant.pk):
        issue_credit_note(
            invoice_id=invoice.pk, settled_by="open_amount", reason="Outage", key=None, by=None,
            now=world.clock(), amount_minor=500,
        )  # fmt: skip
    world.stripe("POST", f"invoices/{world.push(invoice).stripe_id}/pay",
                 payment_method="pm_card_visa")  # fmt: skip

    if is_heard_first:
        world.hear()
    world.push_all()
    world.hear()

    standing = world.standing(invoice)
    assert (standing.state, standing.paid_minor, standing.refunded_minor) == ("paid", 1200, 500)
    assert {state for _, state, _ in world.pushes()} == {"done"}
    with scope(world.tenant.pk):
        broken = [one.check.name for one in audit(everything=True) if not one.is_kept]
    assert "money_is_conserved" not in broken


def test_key_that_came_with_other_parameters_is_looked_at_and_given_up(world):
    """Somebody changed what is sent between two tries: the same key is refused from then on."""
    invoice = world.invoice()
    path = "invoices"
    key = f"tap:inv:{invoice.pk}:create:0:1"
    headers = {"Authorization": f"Bearer {world.account.secret_key}", "Idempotency-Key": key}
    customer = world.stripe("POST", "customers", name="Other")["id"]
    world.sandbox.http.post(
        f"{world.sandbox.base}/v1/{path}", data={"customer": customer}, headers=headers
    ).raise_for_status()

    world.push_all()

    assert world.push(invoice).state == "done"
    assert world.push(invoice).generation > 1
