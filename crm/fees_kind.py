"""The application fee as a kind of thing to pay."""

from __future__ import annotations

from crm.operations import fee_outcomes
from crm.operations.fee_requests import KIND
from payments import kinds

kinds.register(
    kinds.Kind(
        name=KIND,
        on_paid=fee_outcomes.record_fee_paid,
        on_unexpected=fee_outcomes.record_fee_unexpected,
        on_kept=fee_outcomes.record_fee_kept,
        on_failed=fee_outcomes.note_fee_declined,
        on_ended=fee_outcomes.record_fee_ended,
        on_refunded=fee_outcomes.record_fee_refunded,
        on_disputed=fee_outcomes.record_fee_disputed,
        standing_of=fee_outcomes.standing_of_fee,
        is_wanted=fee_outcomes.is_fee_wanted,
    )
)
