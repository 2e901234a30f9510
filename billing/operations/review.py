"""What people change in a run while they look at it: one draft anew, or left out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from billing.models import BillingRun, Invoice
from billing.operations.compiling import recompile
from billing.operations.drafts import take_back_drafts
from billing.operations.runs import WrongState

log = structlog.get_logger(__name__)


class NotADraft(Exception):
    """The invoice is final: it is corrected by a credit note, or voided and billed again."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(
            f"Invoice {invoice} is {invoice.get_state_display().lower()} and does not change any "
            "more. Correct it with a credit note, or void it and bill the period again."
        )


def recompile_draft(*, invoice_id: UUID, now: datetime) -> Invoice | None:
    """Make a draft anew, with usage, prices and credit as they are now. In scope.

    Returns the new draft; None when there is nothing to invoice any more. Raises NotADraft,
    WrongState (its run is not in review), Invoice.DoesNotExist.
    """
    draft = _reviewed(invoice_id, "changed")
    recompile(draft.period, run=draft.run, now=now)
    log.info("draft_recompiled", period_id=str(draft.period_id))
    return Invoice.objects.filter(period=draft.period, state=Invoice.State.DRAFT).first()


def drop_draft(*, invoice_id: UUID) -> None:
    """Leave a draft out of its run: the period waits, for this run compiled again or the next.

    In scope. Raises NotADraft, WrongState, Invoice.DoesNotExist.
    """
    draft = _reviewed(invoice_id, "changed")
    take_back_drafts([draft.pk])
    log.info("draft_dropped", period_id=str(draft.period_id))


def _reviewed(invoice_id: UUID, wish: str) -> Invoice:
    """Return a draft, locked, of a run that stays in review meanwhile."""
    found = Invoice.objects.get(pk=invoice_id)
    if found.run_id is not None:
        # One change of a run's drafts at a time; nor does it go on meanwhile.
        run = BillingRun.objects.select_for_update().get(pk=found.run_id)
        if run.state in BillingRun.OPEN and run.state != BillingRun.State.REVIEW:
            raise WrongState(run, wish)
    rows = Invoice.objects.select_for_update(of=("self",))
    draft = rows.select_related("period__organization", "run").get(pk=invoice_id)
    if draft.state != Invoice.State.DRAFT:
        raise NotADraft(draft)
    return draft
