"""`python -m benchmarks.push`: push invoices to the sandbox at Stripe's limits.

Processes of their own push, as Celery's workers do, on a PostgreSQL that writes to disk; the
sandbox counts requests as Stripe does and answers 429 above the limit. Told are the calls a second
from the first to the last against the allowed rate, refusals, calls for each invoice, and whether
the sandbox has each invoice once, with all lines and its total.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import requests
from django.core.management import call_command
from rich.console import Console

from benchmarks.stage import HOST, free_port, servers, settings_of
from core.demo.layout import PROJECT
from core.demo.postgres import OWNER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-push"
KEY = "sk_test_benchmark0000000000000000"
ROWS = """
WITH organization AS (
    INSERT INTO billing_organization (tenant_id, code, name, payer, currency, time_zone, anchor_day,
        billing_starts_on, net_days, collection, below_minimum, state, portal_token)
    SELECT %(tenant)s, 'org-' || n, 'Org ' || n, %(nobody)s, 'USD', 'UTC', 1,
        '2026-01-01', 14, 'send_invoice', 'carry', 'active', %(token)s
    FROM generate_series(1, %(count)s) n RETURNING id, tenant_id
), period AS (
    INSERT INTO billing_billingperiod (tenant_id, organization_id, starts_on, ends_on, starts_at,
        ends_at, month, whole_days, state)
    SELECT tenant_id, id, '2026-10-01', '2026-11-01', '2026-10-01Z', '2026-11-01Z', '2026-10-01',
        31, 'invoiced' FROM organization RETURNING id, tenant_id, organization_id
)
INSERT INTO billing_invoice (tenant_id, organization_id, period_id, state, currency, payer,
    collection, tax_name, tax_percentage, tax_is_inclusive, net_minor, tax_minor, total_minor,
    lines_count, compiled_at, content_sha256, void_reason)
SELECT tenant_id, organization_id, id, 'draft', 'USD', %(nobody)s, 'send_invoice', '', 0, false,
    %(lines)s * 1000, 0, %(lines)s * 1000, %(lines)s, now(), '', '' FROM period
"""
LINES = """
INSERT INTO billing_invoiceline (id, tenant_id, invoice_id, organization_id, position, kind, source,
    source_id, charged_from, product, description, starts_on, ends_on, quantity, unit, exact,
    amount_minor)
SELECT gen_random_uuid(), tenant_id, id, organization_id, n, 'usage', 'usage', gen_random_uuid(),
    '2026-10-01', 'Machines', 'Machines ' || n, '2026-10-01', '2026-11-01', n, 'hours', 1000, 1000
FROM billing_invoice, generate_series(1, %(lines)s) n
"""
FINAL = """
UPDATE billing_invoice i SET state = 'final', number = 'B-' || r.n, issued_on = current_date,
    due_on = current_date + 14, finalized_at = now(), content_sha256 = repeat('a', 64)
FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM billing_invoice) r WHERE r.id = i.id
"""


@contextmanager
def sandbox(options: argparse.Namespace) -> Iterator[str]:
    """Run the sandbox with Stripe's limits; yields its address."""
    port = free_port()
    limits = ["--total", str(options.total), "--per-endpoint", str(options.per_endpoint)]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), *limits]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()


def make_invoices(options: argparse.Namespace) -> Any:
    """Make a tenant with final invoices on their way; returns the tenant's id."""
    from django.db import connection
    from django.utils import timezone

    from billing.models import Invoice, Organization
    from billing.operations.push_queue import queue_pushes
    from core.models import Tenant
    from core.tenancy import scope
    from payments.models import StripeAccount

    tenant = Tenant.objects.create(name="Benchmark", slug="benchmark", default_currency="USD")
    with scope(tenant.pk):
        StripeAccount.objects.create(
            tenant=tenant, stripe_account_id="acct_benchmark", secret_key=KEY
        )
        fields = Organization._meta
        found = {
            "tenant": tenant.pk,
            "count": options.invoices,
            "lines": options.lines,
            "nobody": fields.get_field("payer").get_prep_value({}),
            "token": fields.get_field("portal_token").get_prep_value(""),
        }
        with connection.cursor() as cursor:
            cursor.execute(ROWS, found)
            cursor.execute(LINES, found)
            cursor.execute(FINAL)
        ids = Invoice.objects.values_list("pk", flat=True)
        queue_pushes(list(ids), now=timezone.now())
    return tenant.pk


def make_customers(tenant_id: Any, base: str) -> None:
    """Make the customers beforehand, as in any month but an organization's first."""
    from billing.models import Organization
    from core.tenancy import scope

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"
    limits = {"rate_limit": {"enabled": False}}
    session.post(f"{base}/_sandbox/settings", json=limits).raise_for_status()
    with scope(tenant_id):
        for organization in Organization.objects.all():
            answer = session.post(f"{base}/v1/customers", data={"name": organization.name})
            organization.stripe_customer_id = answer.json()["id"]
            organization.save(update_fields=["stripe_customer_id"])
    limits = {"rate_limit": {"enabled": True}}
    session.post(f"{base}/_sandbox/settings", json=limits).raise_for_status()
    session.delete(f"{base}/_sandbox/requests").raise_for_status()


def push_all(tenant_id: Any, options: argparse.Namespace) -> None:
    """Let processes push until nothing waits."""
    from django.db import connection
    from django.utils import timezone

    from billing.queries.push_desk import push_progress
    from core.tenancy import scope

    command = [sys.executable, "-m", "benchmarks.push", "--work", str(tenant_id)]
    workers = [subprocess.Popen(command, cwd=PROJECT) for _ in range(options.parallel)]
    connection.close()
    while True:
        time.sleep(2)
        with scope(tenant_id):
            if not push_progress(timezone.now()).waiting:
                break
    for worker in workers:
        worker.wait(60)


def work(tenant: str) -> None:
    """Be one worker, until nothing waits."""
    django.setup()
    from uuid import UUID

    from django.utils import timezone

    from billing.operations.push_work import work_pushes
    from billing.queries.push_desk import push_progress
    from core.tenancy import scope

    tenant_id = UUID(tenant)
    while True:
        work_pushes(tenant_id=tenant_id, clock=timezone.now, goes_on=lambda: True)
        with scope(tenant_id):
            if not push_progress(timezone.now()).waiting:
                return
        time.sleep(0.5)


def tell(base: str, options: argparse.Namespace, console: Console) -> bool:
    """Tell what the sandbox saw; returns whether all is as wanted."""
    seen = requests.get(f"{base}/_sandbox/requests", timeout=120).json()["requests"]
    calls = [one for one in seen if one["path"].startswith("/v1/")]
    refused = sum(one["status"] == 429 for one in calls)
    seconds = calls[-1]["at"] - calls[0]["at"]
    rate = (len(calls) - 1) / seconds
    allowed = min(options.total, 3 * options.per_endpoint)
    made = requests.get(f"{base}/_sandbox/invoices", timeout=300).json()["invoices"]
    right = {
        one["metadata"]["taproom_invoice"]
        for one in made
        if (one["status"], one["total"], len(one["lines"]))
        == ("open", options.lines * 1000, options.lines)
    }
    is_right = len(right) == len(made) == options.invoices
    console.print(f"{len(made)} invoices in {seconds:.1f} s: {len(made) / seconds:.2f} a second")
    console.print(f"{len(calls)} calls: {rate:.2f}/s of {allowed}/s allowed")
    console.print(f"ratio {rate / allowed:.3f} (gate 0.9, aim 0.98), 429 answers: {refused}")
    console.print(f"calls for each invoice {len(calls) / options.invoices:.2f} (aim 3.0)")
    console.print(f"each there once, with its lines and total: {is_right}")
    return is_right


def measure(options: argparse.Namespace, console: Console) -> int:
    """Start everything, push, tell; returns the exit code."""
    with servers(HOME) as (postgres, valkey), sandbox(options) as base:
        os.environ.update(
            settings_of(postgres, valkey),
            DATABASE_OWNER_URL=postgres.url(role=OWNER),
            STRIPE_API_BASE=base,
            STRIPE_RATE_GLOBAL=str(options.total),
            STRIPE_RATE_PER_ENDPOINT=str(options.per_endpoint),
            PUSH_PARALLEL=str(options.parallel),
        )
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        tenant_id = make_invoices(options)
        make_customers(tenant_id, base)
        push_all(tenant_id, options)
        return 0 if tell(base, options, console) else 1


def main(words: list[str]) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.push", description=__doc__)
    parser.add_argument("--invoices", type=int, default=2_000)
    parser.add_argument("--lines", type=int, default=12, help="lines an invoice (12)")
    parser.add_argument("--total", type=int, default=25, help="STRIPE_RATE_GLOBAL (25)")
    parser.add_argument("--per-endpoint", type=int, default=25, help="(25)")
    parser.add_argument("--parallel", type=int, default=4, help="processes that push (4)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.work:
        work(options.work)
        return 0
    return measure(options, Console())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
