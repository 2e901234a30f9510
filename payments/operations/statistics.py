"""Whether payment pages may ask a visitor to be counted by Google Analytics."""

from __future__ import annotations

from core.models import Tenant


def choose_measurement_id(*, tenant: Tenant, measurement_id: str) -> Tenant:
    """Keep a company's measurement id of Google Analytics 4; empty: Google is never asked.

    Repeating changes nothing. Raises ValidationError for an id of another shape.
    """
    tenant.google_measurement_id = measurement_id
    tenant.clean_fields(exclude={"time_zone", "name", "slug", "default_currency"})
    tenant.save(update_fields=["google_measurement_id"])
    return tenant
