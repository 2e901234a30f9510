"""Link residents with customers at Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from core.tenancy import scope
from subscriptions.models import Resident, StripeLink
from subscriptions.operations.lease_links.at_stripe import AtStripe
from subscriptions.operations.lease_links.steps import Step, Work, do_step, link_of, record
from subscriptions.operations.lease_links.wanted import customer_params, digest


def link_resident(*, tenant_id: UUID, resident_id: UUID, stripe: AtStripe, now: datetime) -> None:
    """Make the customer of a resident, or bring it to what is known of the resident now.

    Repeating is safe. Raises BeingLinked, NotLinked, and StripeUnavailable for a change.
    """
    with scope(tenant_id):
        resident = Resident.objects.get(pk=resident_id)
        link = link_of(Step.CUSTOMER, resident_id)
    params = customer_params(resident)
    if resident.stripe_customer_id is None:
        do_step(_work(tenant_id, resident, params, stripe), now=now)
    elif link is None or link.sent_digest != digest(params):
        _change(tenant_id, resident, params, stripe, link)


def _work(tenant_id: UUID, resident: Resident, params: dict[str, Any], stripe: AtStripe) -> Work:
    ours = {"taproom_resident": str(resident.pk)}

    def find(since: datetime) -> str | None:
        found = stripe.customers.find(ours, since=since)
        return found.customer_id if found else None

    def keep(stripe_id: str) -> None:
        Resident.objects.filter(pk=resident.pk).update(stripe_customer_id=stripe_id)

    return Work(
        tenant_id=tenant_id,
        step=Step.CUSTOMER,
        subject_id=resident.pk,
        params=lambda at: params,
        create=lambda given, key: stripe.customers.create(given, key=key).customer_id,
        find=find,
        keep=keep,
        digest=digest(params),
    )


def _change(
    tenant_id: UUID,
    resident: Resident,
    params: dict[str, Any],
    stripe: AtStripe,
    link: StripeLink | None,
) -> None:
    customer_id = str(resident.stripe_customer_id)
    if link is not None:
        stripe.customers.update(customer_id, params)
    with scope(tenant_id):
        record(tenant_id, Step.CUSTOMER, resident.pk, customer_id, digest(params))
