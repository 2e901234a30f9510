"""A rent as a kind of thing to pay."""

from __future__ import annotations

from payments import kinds
from subscriptions.operations import rent_pages

kinds.register(
    kinds.Kind(
        name=rent_pages.KIND,
        on_paid=rent_pages.record_rent_paid,
        on_pending=rent_pages.record_rent_pending,
        on_failed=rent_pages.record_rent_moved,
        on_unexpected=rent_pages.record_rent_surplus,
        on_refunded=rent_pages.record_rent_moved,
        on_disputed=rent_pages.record_rent_moved,
        standing_of=rent_pages.standing_of_rent,
        is_wanted=rent_pages.is_rent_wanted,
    )
)
