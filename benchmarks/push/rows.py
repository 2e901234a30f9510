"""Final invoices on their way: rows made by SQL, and what of them is to be at Stripe in the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests

from benchmarks.push.count import Wanted

# Amounts differ from line to line and some are below zero; currencies have two decimals or none.
ROWS = """
WITH organization AS (
    INSERT INTO billing_organization (tenant_id, code, name, payer, currency, time_zone, anchor_day,
        billing_starts_on, net_days, collection, below_minimum, state, portal_token)
    SELECT %(tenant)s, 'org-' || n, 'Org ' || n, %(nobody)s,
        (ARRAY['USD', 'EUR', 'JPY'])[1 + n %% 3], 'UTC', 1,
        '2026-01-01', 14, 'send_invoice', 'carry', 'active', %(token)s
    FROM generate_series(1, %(count)s) n RETURNING id, tenant_id, currency
), period AS (
    INSERT INTO billing_billingperiod (tenant_id, organization_id, starts_on, ends_on, starts_at,
        ends_at, month, whole_days, state)
    SELECT tenant_id, id, '2026-10-01', '2026-11-01', '2026-10-01Z', '2026-11-01Z', '2026-10-01',
        31, 'invoiced' FROM organization RETURNING id, tenant_id, organization_id
)
INSERT INTO billing_invoice (tenant_id, organization_id, period_id, state, currency, payer,
    collection, tax_name, tax_percentage, tax_is_inclusive, net_minor, tax_minor, total_minor,
    lines_count, compiled_at, content_sha256, void_reason)
SELECT period.tenant_id, organization_id, period.id, 'draft', currency, %(nobody)s,
    'send_invoice', '', 0, false, 0, 0, 0, %(lines)s, now(), '', ''
FROM period JOIN organization ON organization.id = organization_id
"""
LINES = """
INSERT INTO billing_invoiceline (id, tenant_id, invoice_id, organization_id, position, kind, source,
    source_id, charged_from, product, description, starts_on, ends_on, quantity, unit, exact,
    amount_minor)
SELECT gen_random_uuid(), tenant_id, id, organization_id, n, 'usage', 'usage', gen_random_uuid(),
    '2026-10-01', 'Machines', 'Machines ' || n, '2026-10-01', '2026-11-01', n, 'hours', amount,
    amount
FROM billing_invoice, generate_series(1, %(lines)s) n,
    LATERAL (SELECT CASE WHEN n > 1 AND n %% 5 = 0 THEN -n
                         ELSE 200 + abs(hashtext(id::text || n)) %% 9000 END AS amount) a
WHERE tenant_id = %(tenant)s
"""
FINAL = """
UPDATE billing_invoice i SET state = 'final', number = %(series)s || r.n, issued_on = current_date,
    due_on = current_date + 14, finalized_at = now(), content_sha256 = repeat('a', 64),
    net_minor = r.total, total_minor = r.total
FROM (SELECT invoice_id, sum(amount_minor) AS total, row_number() OVER (ORDER BY invoice_id) n
      FROM billing_invoiceline WHERE tenant_id = %(tenant)s GROUP BY invoice_id) r
WHERE r.invoice_id = i.id
"""


def make_invoices(slug: str, key: str, *, invoices: int, lines: int) -> Any:
    """Make a tenant with final invoices on their way; returns the tenant's id."""
    from django.db import connection
    from django.utils import timezone

    from billing.models import Invoice, Organization
    from billing.operations.push.queue import queue_pushes
    from core.models import Tenant
    from core.tenancy import scope
    from payments.models import StripeAccount

    tenant = Tenant.objects.create(name=slug, slug=slug, default_currency="USD")
    with scope(tenant.pk):
        StripeAccount.objects.create(
            tenant=tenant, stripe_account_id=f"acct_{slug}", secret_key=key
        )
        fields = Organization._meta
        found = {
            "tenant": tenant.pk,
            "count": invoices,
            "lines": lines,
            "nobody": fields.get_field("payer").get_prep_value({}),
            "token": fields.get_field("portal_token").get_prep_value(""),
            "series": f"{slug[:6].upper()}-",
        }
        with connection.cursor() as cursor:
            for statement in (ROWS, LINES, FINAL):
                cursor.execute(statement, found)
        queue_pushes(list(Invoice.objects.values_list("pk", flat=True)), now=timezone.now())
    return tenant.pk


def make_customers(tenant_id: Any, base: str, key: str) -> None:
    """Make the customers beforehand, as in any month but an organization's first."""
    from billing.models import Organization
    from core.tenancy import scope

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    limit(base, is_on=False)
    with scope(tenant_id):
        for organization in Organization.objects.all():
            answer = session.post(f"{base}/v1/customers", data={"name": organization.name})
            organization.stripe_customer_id = answer.json()["id"]
            organization.save(update_fields=["stripe_customer_id"])
    limit(base, is_on=True)
    requests.delete(f"{base}/_sandbox/requests", timeout=60).raise_for_status()


def limit(base: str, *, is_on: bool) -> None:
    """Switch the sandbox's limits, which are Stripe's, on or off."""
    body = {"rate_limit": {"enabled": is_on}}
    requests.post(f"{base}/_sandbox/settings", json=body, timeout=60).raise_for_status()


def wanted_of(tenant_id: Any) -> dict[str, Wanted]:
    """Return what is to be at Stripe of each final invoice: id, and all that is compared."""
    from billing.models import Invoice
    from core.tenancy import scope

    with scope(tenant_id):
        invoices = Invoice.objects.filter(state="final").prefetch_related("lines")
        return {
            str(one.pk): Wanted(
                number=one.number or "",
                currency=one.currency.lower(),
                total=one.total_minor,
                lines=tuple(sorted((str(line.pk), line.amount_minor) for line in one.lines.all())),
            )
            for one in invoices
        }


def organizations_of(tenant_id: Any) -> set[str]:
    """Return the ids of a tenant's organizations."""
    from billing.models import Organization
    from core.tenancy import scope

    with scope(tenant_id):
        return {str(pk) for pk in Organization.objects.values_list("pk", flat=True)}


def open_pushes(tenant_id: Any) -> int:
    """Return how many invoices are still on their way."""
    from billing.models import Push
    from core.tenancy import scope

    with scope(tenant_id):
        return Push.objects.filter(state__in=Push.OPEN, invoice__isnull=False).count()


def customers_at(base: str, keys: Iterable[str], owners: set[str]) -> list[str]:
    """Return the organization of each customer at Stripe that names one of ours."""
    limit(base, is_on=False)
    found = []
    for key in keys:
        params = {"limit": "100"}
        while True:
            answer = requests.get(
                f"{base}/v1/customers",
                params=params,
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            )
            page = answer.json()
            found += [one["metadata"].get("taproom_organization", "") for one in page["data"]]
            if not page["has_more"]:
                break
            params["starting_after"] = page["data"][-1]["id"]
    return [ref for ref in found if ref in owners]
