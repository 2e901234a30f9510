"""`python -m benchmarks.compile`: what it costs to compile a month's invoices.

A run's chunks stand against the best SQL that one would write by hand for these prices alone, and
against COPY of the finished rows, all into the same tables on a PostgreSQL that writes to disk,
with the memory of a small server of its own. Then the same for a tenth of the organizations.

Beside the time of the clock stands that of the processor, of this process and of its server
session together: on a machine that is shared it alone can be compared.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.stage import database, processor_seconds_of
from core.demo.postgres import SUPERUSER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-compile"
MONTH = date(2026, 10, 1)
NOW = datetime(2026, 11, 5, tzinfo=UTC)
TABLES = ("billing_invoice", "billing_invoiceline")
# PostgreSQL's own default of 128 MB is for a machine of long ago.
SERVER = {"shared_buffers": "2GB", "max_wal_size": "8GB"}

ORGANIZATIONS = """
INSERT INTO billing_organization (id, tenant_id, code, name, payer, currency, time_zone, anchor_day,
    billing_starts_on, net_days, collection, below_minimum, state, portal_token)
SELECT md5(n::text)::uuid, %(tenant)s, 'o-' || n, 'Organization ' || n, '', 'USD', 'UTC', 1,
    '2026-10-01', 14, 'send_invoice', 'carry', 'active', ''
FROM generate_series(1, %(organizations)s) n
"""
PRICES = """
INSERT INTO billing_meter (tenant_id, code, name, product, unit, aggregation, dimensions, unique_by,
    allows_negative, is_archived)
SELECT %(tenant)s, 'm-' || n, 'Meter ' || n, 'Product ' || n %% 3, 'h', 'sum', '{app}', '', false,
    false FROM generate_series(1, %(meters)s) n;
INSERT INTO billing_plan (tenant_id, code, name, currency)
VALUES (%(tenant)s, 'plan', 'Plan', 'USD');
INSERT INTO billing_planversion (tenant_id, plan_id, number, note)
SELECT %(tenant)s, id, 1, '' FROM billing_plan;
INSERT INTO billing_price (tenant_id, version_id, meter_id, model, filter_dimension, filter_value,
    included, package_size, minimum_minor, starts_on)
SELECT %(tenant)s, v.id, m.id, (ARRAY['graduated', 'volume', 'per_unit', 'package'])[k], '', '',
    CASE k WHEN 3 THEN 10 ELSE 0 END, CASE k WHEN 4 THEN 25 END, 0, '2020-01-01'
FROM billing_planversion v, billing_meter m,
    LATERAL (SELECT substr(m.code, 3)::int %% 4 + 1 AS k) t;
INSERT INTO billing_pricetier (tenant_id, price_id, position, above, up_to, rate, flat)
SELECT %(tenant)s, p.id, n, (ARRAY[0, 100, 1000])[n], (ARRAY[100, 1000, NULL])[n],
    (ARRAY[1.5, 0.75, 0.333333333333])[n], 0
FROM billing_price p, generate_series(1, 3) n WHERE p.model IN ('graduated', 'volume');
INSERT INTO billing_pricetier (tenant_id, price_id, position, above, rate, flat)
SELECT %(tenant)s, p.id, 1, 0, 2.25, 0 FROM billing_price p
WHERE p.model IN ('per_unit', 'package');
INSERT INTO billing_assignment (tenant_id, organization_id, version_id, starts_on)
SELECT %(tenant)s, o.id, v.id, '2026-10-01' FROM billing_organization o, billing_planversion v
"""
# Day by day, as usage comes in; `events` is what is left of ten million and more.
BUCKETS = """
INSERT INTO billing_usagebucket (tenant_id, organization_id, day, meter_id, dimensions, quantity,
    events, last_at)
SELECT %(tenant)s, o.id, date '2026-10-01' + d, m.id, '{"app": "web"}',
    (hashtext(o.code || m.code || d)::bigint + 2147483648) %% 9000000000 / 100000000.0, 3, now()
FROM generate_series(0, %(days)s - 1) d, billing_organization o, billing_meter m
ORDER BY d, hashtext(o.code)
"""

# What one would write for a plan without exceptions, late usage, tax, credit and minimums.
BY_HAND = """
WITH quantity AS (
    SELECT organization_id, meter_id, sum(quantity) AS quantity FROM billing_usagebucket
    WHERE day >= '2026-10-01' AND day < '2026-11-01' GROUP BY organization_id, meter_id),
counted AS (
    SELECT q.organization_id, p.id AS price_id, p.model, m.product, m.name, m.unit, q.quantity,
        CASE WHEN p.package_size IS NULL THEN greatest(q.quantity - p.included, 0)
             ELSE ceil(greatest(q.quantity - p.included, 0) / p.package_size) END AS units
    FROM quantity q JOIN billing_price p USING (meter_id)
    JOIN billing_meter m ON m.id = q.meter_id),
rated AS (
    SELECT c.organization_id, c.price_id, c.product, c.name, c.unit, c.quantity,
        sum(CASE WHEN c.model = 'volume' THEN c.units
            ELSE least(c.units, coalesce(t.up_to, c.units)) - t.above END * t.rate) AS exact
    FROM counted c JOIN billing_pricetier t ON t.price_id = c.price_id AND c.units > t.above
        AND (c.model <> 'volume' OR t.up_to IS NULL OR c.units <= t.up_to)
    GROUP BY c.organization_id, c.price_id, c.product, c.name, c.unit, c.quantity),
drawn AS (
    SELECT organization_id, gen_random_uuid() AS id, sum(round(exact)) AS total, count(*) AS lines
    FROM rated GROUP BY organization_id),
invoice AS (
    INSERT INTO billing_invoice (id, tenant_id, organization_id, period_id, state, currency, payer,
        collection, tax_name, tax_percentage, tax_is_inclusive, net_minor, tax_minor, total_minor,
        lines_count, compiled_at, content_sha256, void_reason)
    SELECT d.id, %(tenant)s, d.organization_id, p.id, 'draft', 'USD', '', 'send_invoice', '', 0,
        false, d.total, 0, d.total, d.lines, now(), '', ''
    FROM drawn d JOIN billing_billingperiod p USING (organization_id))
INSERT INTO billing_invoiceline (id, tenant_id, invoice_id, organization_id, position, kind, source,
    source_id, charged_from, product, description, starts_on, ends_on, quantity, unit, exact,
    amount_minor)
SELECT gen_random_uuid(), %(tenant)s, d.id, d.organization_id,
    row_number() OVER (PARTITION BY d.organization_id ORDER BY product, name), 'usage', 'usage',
    price_id, '2026-10-01', product, name, '2026-10-01', '2026-11-01', quantity, unit, exact,
    round(exact)
FROM rated JOIN drawn d USING (organization_id)
"""
SUMS = """
SELECT count(*), sum(amount_minor), (SELECT sum(total_minor) FROM billing_invoice)
FROM billing_invoiceline
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took: seconds on the clock, and of the processor."""

    clock: float
    processor: float


def timed(work: Callable[[], object], session: int) -> Cost:
    """Do something in this process and one server session, and tell what it cost."""
    pids = ("self", session)
    before, begun = sum(map(processor_seconds_of, pids)), time.perf_counter()
    work()
    clock = time.perf_counter() - begun
    return Cost(clock, sum(map(processor_seconds_of, pids)) - before)


class Bench:
    """One company of so many organizations, and the ways to invoice it."""

    def __init__(self, url: str, options: argparse.Namespace) -> None:
        self.superuser = psycopg.connect(url, autocommit=True)
        self.options = options
        self.tenant_id: UUID
        self.copies: dict[str, bytes] = {}

    def fill(self, organizations: int) -> None:
        """Make organizations, prices and buckets."""
        from core.models import Tenant

        tenant = Tenant.objects.create(
            name="Benchmark", slug=f"benchmark-{organizations}", default_currency="USD"
        )
        self.tenant_id = tenant.pk
        values = {**vars(self.options), "tenant": tenant.pk, "organizations": organizations}
        with psycopg.ClientCursor(self.superuser) as cursor:
            cursor.execute(ORGANIZATIONS, values)
            cursor.execute(PRICES, values)
            # What the buckets point at was made a moment ago; looking for it 3.6 million times
            # takes longer than all that is measured.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(BUCKETS, values)
            cursor.execute("RESET session_replication_role")
            cursor.execute("VACUUM ANALYZE")

    def empty(self) -> None:
        """Remove all rows of billing."""
        tables = self.superuser.execute(
            "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE tablename LIKE 'billing_%'"
        ).fetchone()
        assert tables is not None
        self.superuser.execute(f"TRUNCATE {tables[0]} CASCADE")

    def prepare(self) -> Any:
        """Open a run and close its periods; returns the run."""
        from billing.models import BillingRun
        from billing.operations.periods import close_periods, ensure_periods
        from core.tenancy import scope

        self.superuser.execute("TRUNCATE billing_invoiceline, billing_invoice CASCADE")
        self.superuser.execute("UPDATE billing_billingperiod SET state = 'closed'")
        with scope(self.tenant_id):
            BillingRun.objects.all().delete()
            run = BillingRun.objects.create(tenant_id=self.tenant_id, month=MONTH)
            ensure_periods(month=MONTH)
        more = True
        while more:
            with scope(self.tenant_id):
                more = close_periods(tenant_id=self.tenant_id, month=MONTH, now=NOW)
        for table in (*TABLES, "billing_billingperiod", "billing_organization"):
            self.superuser.execute(f"VACUUM ANALYZE {table}")
        self.superuser.execute("CHECKPOINT")
        return run

    def by_run(self) -> Cost:
        """Compile in chunks, as a worker does."""
        from billing.operations.run_work import advance_run

        run = self.prepare()

        def work() -> None:
            while advance_run(
                tenant_id=self.tenant_id, run_id=run.pk, now=NOW, limit=self.options.chunk
            ):
                pass

        return timed(work, self._session())

    def by_hand(self) -> Cost:
        """Run the one statement, as the role that serves."""
        from django.db import connection

        from core.tenancy import scope

        self.prepare()

        def work() -> None:
            with scope(self.tenant_id), connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '256MB'")
                cursor.execute(BY_HAND, {"tenant": self.tenant_id})

        return timed(work, self._session())

    def by_copy(self) -> Cost:
        """COPY the rows that are there out, remove them, and COPY them in."""
        if not self.copies:
            for table in TABLES:
                self.copies[table] = self._copied(table)
        self.prepare()

        def work() -> None:
            with self.superuser.transaction():
                for table in TABLES:
                    with self.superuser.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(self.copies[table])

        return timed(work, self.superuser.info.backend_pid)

    def _session(self) -> int:
        """Return the process of the server that Django talks to."""
        from django.db import connection

        connection.ensure_connection()
        return int(connection.connection.info.backend_pid)

    def _copied(self, table: str) -> bytes:
        held = io.BytesIO()
        with self.superuser.cursor().copy(f"COPY {table} TO STDOUT") as copy:
            for block in copy:
                held.write(block)
        return held.getvalue()

    def sums(self) -> Any:
        """Return number and sum of lines, and the sum of invoices."""
        return self.superuser.execute(SUMS).fetchone()


def measure(options: argparse.Namespace, console: Console) -> int:
    """Fill, compile in each way round by round, and tell; returns the exit code."""
    with database(HOME, SERVER) as postgres:
        bench = Bench(postgres.url(role=SUPERUSER), options)
        bench.fill(options.organizations)
        ways: dict[str, Callable[[], Cost]] = {
            "run": bench.by_run, "by hand": bench.by_hand, "COPY": bench.by_copy,
        }  # fmt: skip
        costs: dict[str, list[Cost]] = {name: [] for name in ways}
        sums = {}
        for _ in range(options.rounds):
            for name, way in ways.items():
                costs[name].append(way())
                sums[name] = bench.sums()
        small: list[Cost] = []
        if options.tenth:
            bench.empty()
            bench.copies.clear()
            bench.fill(options.organizations // 10)
            small = [bench.by_run() for _ in range(options.rounds)]
    same = len(set(sums.values())) == 1
    tell(options, console, costs, small)
    console.print(
        f"lines, their sum, the sum of invoices: {sums['run']}; alike in all ways: {same}"
    )
    return 0 if same else 1


def tell(
    options: argparse.Namespace,
    console: Console,
    costs: dict[str, list[Cost]],
    small: list[Cost],
) -> None:
    """Print medians and ratios."""
    table = Table(
        "way", "seconds", "invoices/s", "time, run to this", "processor seconds", "run to this"
    )
    runs = costs["run"]
    for name, found in costs.items():
        clock, processor = middle(found)
        pairs = list(zip(runs, found, strict=True))
        table.add_row(
            name,
            f"{clock:.2f}",
            f"{options.organizations / clock:,.0f}",
            f"{median(a.clock / b.clock for a, b in pairs):.2f}",
            f"{processor:.2f}",
            f"{median(a.processor / b.processor for a, b in pairs):.2f}",
        )
    if small:
        clock, processor = middle(small)
        ratios = middle(runs)[0] / clock, middle(runs)[1] / processor
        table.add_row(
            "run of a tenth", f"{clock:.2f}", "", f"{ratios[0]:.1f}", f"{processor:.2f}",
            f"{ratios[1]:.1f}",
        )  # fmt: skip
    console.print(table)


def middle(found: list[Cost]) -> tuple[float, float]:
    """Return the medians of both."""
    return median(one.clock for one in found), median(one.processor for one in found)


def main(words: list[str]) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.compile", description=__doc__)
    parser.add_argument("--organizations", type=int, default=10_000)
    parser.add_argument("--meters", type=int, default=12)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunk", type=int, default=2000)
    parser.add_argument("--tenth", action="store_true", help="measure a tenth as well")
    return measure(parser.parse_args(words), Console())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
