"""Start a payment from a link's page: what was chosen before is dropped, then Stripe is asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.tenancy import scope
from payments.models import Checkout
from payments.operations.checkouts import (
    ChoiceChanged,
    LinkBusy,
    claim_link_checkout,
    open_checkout,
)
from payments.operations.choices import Choice
from payments.operations.passage import Verdict, remember_passage
from payments.operations.sweeps import drop_checkout


def start_checkout(
    *,
    tenant_id: UUID,
    link_id: UUID,
    visitor_hash: str,
    choice: Choice,
    now: datetime,
    verdict: Verdict | None = None,
    language: str = "",
) -> Checkout:
    """Return an open checkout of a link for what a visitor chose; opens its own short scopes.

    Who comes back and chooses something else has the earlier page closed at Stripe first, so
    that not both can be paid. Raises what `claim_link_checkout` and `open_checkout` raise, but
    ChoiceChanged: a link at which somebody else chooses anew at the same moment is busy. The
    `verdict` that let them through is kept with the checkout.
    """

    def claim() -> Checkout:
        with scope(tenant_id, role="public"):
            checkout = claim_link_checkout(
                link_id=link_id,
                visitor_hash=visitor_hash,
                now=now,
                choice=choice,
                language=language,
            )
            if verdict is not None:
                remember_passage(verdict, checkout)
            return checkout

    try:
        checkout = claim()
    except ChoiceChanged as earlier:
        drop_checkout(tenant_id=tenant_id, checkout_id=earlier.checkout_id, now=now)
        try:
            checkout = claim()
        except ChoiceChanged:
            raise LinkBusy(None) from None
    return open_checkout(tenant_id=tenant_id, checkout_id=checkout.pk, now=now)
