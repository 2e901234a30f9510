"""What there is to set about billing."""

from __future__ import annotations

from django.urls import reverse

from billing.models import NumberSeries, TaxRate
from billing.queries.settings import settings_now
from core.backoffice.sections import Section, register_section
from core.models import Tenant


def state_of_billing(tenant: Tenant) -> str:
    """Say when periods close and invoices are due."""
    held = settings_now()
    return f"Closed after {held.grace_hours} hours · due in {held.net_days} days"


def state_of_numbers(tenant: Tenant) -> str:
    """Name the next numbers."""
    series = NumberSeries.objects.order_by("-kind")
    return " · ".join(f"next {one}" for one in series) or "INV-1 and CN-1 are the first"


def state_of_tax(tenant: Tenant) -> str:
    """Name the first few rates."""
    names = [str(rate) for rate in TaxRate.objects.all()[:4]]
    more = ["…"] if len(names) > 3 else []
    return " · ".join(names[:3] + more) or "None: invoices are without tax"


register_section(
    Section(
        name="billing",
        title="Billing",
        url=lambda: reverse("admin:billing_billingsettings_changelist"),
        words="When periods close, how late usage may come, and when invoices are due.",
        state=state_of_billing,
        order=50,
    )
)
register_section(
    Section(
        name="numbers",
        title="Numbers of invoices",
        url=lambda: reverse("admin:billing_numberseries_changelist"),
        words="With what the numbers of invoices and credit notes begin.",
        state=state_of_numbers,
        order=51,
    )
)
register_section(
    Section(
        name="tax",
        title="Tax rates",
        url=lambda: reverse("admin:billing_taxrate_changelist"),
        words="The rates that organizations may be billed with.",
        state=state_of_tax,
        order=52,
    )
)
