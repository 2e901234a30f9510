"""`python -m benchmarks.usage [--events N]`: usage events over HTTP, over many that are stored.

In turn, in one run: batches of 1,000 over HTTP, COPY of rows like these into the same table, the
endpoint with REST framework's serializers over the same operation, and with serializers and ORM.
Told are events a second and the medians of the rounds' ratios; the processor time of web server
and PostgreSQL for 1,000 events, which other work on the machine disturbs less; and the write-ahead
log of an event, with keys in the order of time and without. Its records are told apart from pages
that are written in full after a checkpoint: how many events share those depends on how long it is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.load import Request, is_whole, writer
from benchmarks.measures import in_turn
from benchmarks.stage import HOST, Stage, stage
from core.demo.postgres_programs import find_programs

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-usage"
DAYS, BATCH, APPS = 30, 1000, 4
PATHS = {
    "http": "/api/usage-events/",
    "serializer": "/bench/usage-serialized/",
    "orm": "/bench/usage-orm/",
}
LEAST_OF_COPY, LEAST_OF_SERIALIZER, MOST_WAL = 0.25, 3.0, 500

# Past triggers and indexes, which are made afterwards. Keys and times in one order, as they come.
FILL = """
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
INSERT INTO billing_organization (tenant_id, code, name, payer, currency, time_zone, anchor_day,
    billing_starts_on, net_days, collection, below_minimum, state, portal_token)
SELECT {tenant}, 'o' || n, 'Organization ' || n, '', 'EUR', 'UTC', 1, '2020-01-01', 14,
    'send_invoice', 'carry', 'active', '' FROM generate_series(0, {organizations} - 1) n;
INSERT INTO billing_meter (tenant_id, code, name, product, unit, aggregation, dimensions, unique_by,
    allows_negative, is_archived)
VALUES ({tenant}, 'requests', 'Requests', '', '', 'sum', '{{app}}', '', false, false);
INSERT INTO billing_usagebucket
    (tenant_id, organization_id, day, meter_id, dimensions, quantity, events)
SELECT {tenant}, o.id, current_date - {days} + d, m.id, jsonb_build_object('app', 'a' || a), 0, 0
FROM generate_series(0, {days}) d, (SELECT id, substr(code, 2)::int n FROM billing_organization) o,
     generate_series(0, {apps} - 1) a, billing_meter m ORDER BY d, o.n, a;
CREATE TEMPORARY TABLE place AS SELECT min(id) AS first FROM billing_usagebucket;
INSERT INTO billing_usageevent
    (tenant_id, bucket_id, time, idempotency_key, quantity, kind)
SELECT {tenant}, first + day * {organizations} * {apps}
           + floor({organizations} * power(random(), 3))::int * {apps} + n % {apps},
       at, substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-7' || substr(md5(n::text), 1, 3)
           || '-8' || substr(md5(n::text), 5, 3) || '-' || substr(md5(n::text), 9, 12),
       1 + n % 9, 'usage'
FROM (SELECT n, day, at, lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex
      FROM (SELECT n, (n::bigint * {days} / {events})::int AS day,
                   (current_date - {days}) AT TIME ZONE 'UTC'
                   + n * (interval '{days} days' / {events}) AS at
            FROM generate_series(0, {events} - 1) n) numbered) timed, place;
UPDATE billing_usagebucket b SET quantity = s.quantity, events = s.events, last_at = s.last_at
FROM (SELECT bucket_id, sum(quantity) quantity, count(*) events, max(time) last_at
      FROM billing_usageevent GROUP BY 1) s WHERE s.bucket_id = b.id;
"""
COPY = (
    "COPY billing_usageevent (tenant_id, bucket_id, time, received_at, idempotency_key, quantity,"
    " kind) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What there is to send to."""

    tenant_id: uuid.UUID
    secret: str
    organizations: int
    first_bucket_today: int


def make_rows(on: Stage, events: int, organizations: int) -> Ground:
    """Fill the empty database."""
    from core.models import Tenant
    from core.operations.api_keys import make_api_key
    from core.tenancy import scope

    tenant = Tenant.objects.create(name="Big platform", slug="big")
    with scope(tenant.pk):
        key = make_api_key(name="Meter", scopes=["usage:write"], by=None)
    words = FILL.format(
        tenant=f"'{tenant.pk}'::uuid", days=DAYS, organizations=organizations, apps=APPS,
        events=events,
    )  # fmt: skip
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        again = _without_indexes(connection)
        for statement in words.split(";"):
            connection.execute(statement)
        for statement in again:
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        found = connection.execute(
            "SELECT min(id) FROM billing_usagebucket WHERE day = current_date"
        ).fetchone()
    assert found is not None
    return Ground(tenant.pk, key.secret, organizations, found[0])


def _without_indexes(connection: psycopg.Connection) -> list[str]:
    """Drop the indexes of the events; returns the statements that make them again."""
    table = "billing_usageevent"
    rows = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [table]
    ).fetchall()
    again = []
    for name, definition in rows:
        if name.endswith("_pkey"):
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {name}"
                " PRIMARY KEY (tenant_id, idempotency_key)"
            )
        else:
            connection.execute(f"DROP INDEX {name}")
            again.append(definition)
    return again


def ordered_key() -> str:
    """Return a UUID of version 7."""
    bits = int(time.time() * 1000) << 80 | 7 << 76 | random.getrandbits(76)
    return str(uuid.UUID(int=bits & ~(0b11 << 62) | 0b10 << 62))


def random_key() -> str:
    """Return a UUID of version 4."""
    return str(uuid.uuid4())


def made(ground: Ground, count: int, key: Callable[[], str]) -> list[dict[str, Any]]:
    """Return new events of today; few organizations send most of them."""
    now = datetime.now(UTC)
    return [
        {
            "idempotency_key": key(),
            "organization": f"o{int(ground.organizations * random.random() ** 3)}",
            "meter": "requests",
            "quantity": random.randrange(1, 1000),
            "time": (now - timedelta(milliseconds=count - number)).isoformat(),
            "dimensions": {"app": f"a{random.randrange(APPS)}"},
        }
        for number in range(count)
    ]


def over_http(on: Stage, ground: Ground, path: str, events: list[Any], clients: int) -> float:
    """Send events in batches on several connections; returns the seconds it took."""
    head = {"Authorization": f"Api-Key {ground.secret}", "Content-Type": "application/json"}
    batches = [
        writer(Request("POST", path, head, json.dumps(events[start : start + BATCH])), HOST)()
        for start in range(0, len(events), BATCH)
    ]
    lock = threading.Lock()
    failures: list[str] = []

    def work() -> None:
        with socket.create_connection((HOST, on.real.port), timeout=60) as connection:
            while batch := next_of(batches, lock):
                connection.sendall(batch)
                answer = b""
                while not is_whole(answer):
                    answer += connection.recv(1 << 18)
                if answer[9:12] != b"200" or b'"accepted"' not in answer:
                    failures.append(answer[-600:].decode(errors="replace"))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if failures:
        raise SystemExit(f"{len(failures)} batches failed:\n{failures[0]}")
    return took


def next_of(batches: list[bytes], lock: threading.Lock) -> bytes | None:
    """Return a batch that nobody has taken."""
    with lock:
        return batches.pop() if batches else None


def by_copy(on: Stage, ground: Ground, events: list[Any]) -> float:
    """COPY events as rows into the table of events; returns the seconds it took."""
    lines = [
        "\t".join(
            (
                str(ground.tenant_id),
                str(
                    ground.first_bucket_today
                    + int(one["organization"][1:]) * APPS
                    + int(one["dimensions"]["app"][1:])
                ),
                one["time"], one["time"], one["idempotency_key"], str(one["quantity"]), "usage",
            )
        )
        for one in events
    ]  # fmt: skip
    whole = ("\n".join(lines) + "\n").encode()
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        begun = time.perf_counter()
        with connection.cursor().copy(COPY) as copy:
            copy.write(whole)
        return time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes written ahead: of records, and of pages in full."""

    records: int
    pages: int


def written_ahead(on: Stage, work: Callable[[], object]) -> Written:
    """Return what is written ahead from a checkpoint on while something is done."""
    here = "SELECT pg_current_wal_lsn()::text"
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        ((begun,),) = connection.execute(here).fetchall()
        work()
        ((ended,),) = connection.execute(here).fetchall()
    program, place = find_programs() / "pg_waldump", on.postgres.data / "pg_wal"
    command = [program, "--stats", "--path", place, "--start", begun, "--end", ended]
    told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    total = next(line for line in told.splitlines() if line.startswith("Total"))
    _, _, records, pages, _ = re.sub(r"\[.*?\]", "", total).split()
    return Written(int(records), int(pages))


def processor_seconds(on: Stage) -> tuple[float, float]:
    """Return what the web server and PostgreSQL have used so far."""
    postgres = on.postgres.pid
    children = Path(f"/proc/{postgres}/task/{postgres}/children").read_text().split()
    return on.real.processor_seconds(), sum(map(seconds_of, [*children, postgres]))


def seconds_of(pid: int | str | None) -> float:
    """Return a process's time and that of its ended children (proc(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # ended a moment ago: its time is its parent's from now on
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Found:
    """What came out: by way, and for the log by kind of key; one entry for each round."""

    rates: dict[str, list[float]]
    web: dict[str, list[float]]
    postgres: dict[str, list[float]]
    wal: dict[str, list[Written]]


def measure(options: argparse.Namespace, console: Console) -> None:
    """Fill, measure, tell."""
    found = Found(*(defaultdict(list) for _ in range(4)))
    with stage(HOME) as on:
        console.print(f"storing {options.events:,} events ...")
        begun = time.perf_counter()
        ground = make_rows(on, options.events, options.organizations)
        console.print(f"... took {time.perf_counter() - begun:.0f} s")
        for path in PATHS.values():  # processes, plans, buckets and pages are known then
            events = made(ground, options.warm * BATCH, ordered_key)
            over_http(on, ground, path, events, options.clients)
        for number in range(options.rounds):
            console.print(f"round {number + 1} of {options.rounds}")
            one_round(on, ground, number, options, found)
        for key in (ordered_key, random_key):
            for _ in range(options.rounds):
                sent = made(ground, options.logged * BATCH, key)
                work = partial(over_http, on, ground, PATHS["http"], sent, options.clients)
                found.wal[key.__name__].append(written_ahead(on, work))
        right = check(on)
    show(console, found, options)
    console.print(f"buckets equal their events (COPY left aside): {right}")


def one_round(
    on: Stage, ground: Ground, number: int, options: argparse.Namespace, found: Found
) -> None:
    """Measure each way once, another one first each round."""
    names = in_turn(["http", "copy", "serializer", "orm"], number)
    for name in names:
        batches = options.batches if name in ("http", "copy") else max(options.batches // 5, 4)
        events = made(ground, batches * BATCH, ordered_key)
        web, postgres = processor_seconds(on)
        if name == "copy":
            took = by_copy(on, ground, events)
        else:
            took = over_http(on, ground, PATHS[name], events, options.clients)
        web_after, postgres_after = processor_seconds(on)
        found.rates[name].append(len(events) / took)
        found.web[name].append((web_after - web) / batches)
        found.postgres[name].append((postgres_after - postgres) / batches)


def check(on: Stage) -> bool:
    """Tell whether the buckets of today equal the events that came over HTTP."""
    with psycopg.connect(on.superuser_url) as connection:
        found = connection.execute(
            """SELECT (SELECT sum(events) FROM billing_usagebucket WHERE day = current_date),
               (SELECT count(*) FROM billing_usageevent e JOIN billing_usagebucket b
                ON b.id = e.bucket_id WHERE b.day = current_date AND e.received_at <> e.time)"""
        ).fetchone()
    assert found is not None
    return bool(found[0] == found[1])


def show(console: Console, found: Found, options: argparse.Namespace) -> None:
    """Print the table."""

    def ratio(base: str) -> float:
        pairs = zip(found.rates["http"], found.rates[base], strict=True)
        return median(a / b for a, b in pairs)

    table = Table("what", "median", "wanted", title=f"{options.events:,} events stored")
    for name, rates in found.rates.items():
        table.add_row(f"{name}, events/s", f"{median(rates):,.0f}", "")
    table.add_row("http / COPY", f"{ratio('copy'):.2f}", f">= {LEAST_OF_COPY}")
    table.add_row("http / serializer", f"{ratio('serializer'):.1f}", f">= {LEAST_OF_SERIALIZER}")
    table.add_row("http / serializer and ORM", f"{ratio('orm'):.1f}", f">= {LEAST_OF_SERIALIZER}")
    for name in found.rates:
        web, postgres = 1000 * median(found.web[name]), 1000 * median(found.postgres[name])
        table.add_row(
            f"{name}, CPU of 1,000: web + PostgreSQL", f"{web:.1f} + {postgres:.1f} ms", ""
        )
    for name, written in found.wal.items():
        count = options.logged * BATCH
        records = median(one.records for one in written) / count
        pages = median(one.pages for one in written) / count
        words = f"{records:,.0f} + {pages:,.0f} bytes"
        wanted = f"<= {MOST_WAL}" if name == "ordered_key" else ""
        table.add_row(f"WAL an event, {name}: records + pages of {count:,}", words, wanted)
    console.print(table)


def main(words: list[str]) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.usage", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="stored before (10 million)")
    parser.add_argument("--organizations", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=50, help="of 1,000, each round (50)")
    parser.add_argument("--warm", type=int, default=50, help="batches before, each way (50)")
    parser.add_argument("--logged", type=int, default=100, help="batches after a checkpoint (100)")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args(words)
    console = Console(width=max(100, Console().width))
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    measure(options, console)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
