"""`python -m benchmarks.eligible [--members N]`: the list of who is to be charged, at full size.

Three ways to the same list, in turn: `psql` with the same SQL, the whole request, and REST
framework's ModelSerializer over the same rows in the same server. Gates are told, not enforced.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console

from benchmarks.load import Request, writer
from benchmarks.stage import HOST, Stage, Web, stage
from core.demo.postgres_programs import find_programs
from core.demo.processes import plain_environment

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark"
PATIENCE_SECONDS = 120.0
MOST_OF_PSQL, LEAST_OF_SERIALIZER, MOST_MEGABYTES = 1.5, 20.0, 50.0

# 1.7 rows a member, and 791 of 1,000 to be charged. Loaded past triggers, which would look at each
# member again for each row: what they keep is worked out by their own rule. Histories come in the
# order of their ids, so that indexes grow at their end; members in the order in which they joined.
ROWS = """
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
INSERT INTO subscriptions_club (tenant_id, number, name, store_sku)
SELECT {tenant}, n, 'Club ' || n, n FROM generate_series(1, 40) n;
INSERT INTO subscriptions_clubstatuschange (tenant_id, reference, club_id, status, effective_at)
SELECT {tenant}, 'c' || number, id, CASE WHEN number <= 30 THEN 1 WHEN number <= 38 THEN 2
       ELSE 3 END, '2020-01-01' FROM subscriptions_club;
CREATE TEMPORARY TABLE member AS
SELECT gen_random_uuid() AS id, n FROM generate_series(1, {members}) n ORDER BY 1;
INSERT INTO subscriptions_subscriptionstatuschange
    (tenant_id, id, reference, subscription_id, status, effective_at, recorded_at)
SELECT {tenant}, own, own::text, id, 1, '2024-01-01', '2024-01-01'
FROM (SELECT id, (left(id::text, 35) || '0')::uuid AS own FROM member ORDER BY 2) row;
INSERT INTO subscriptions_subscriptionstatuschange
    (tenant_id, id, reference, subscription_id, status, effective_at, recorded_at)
SELECT {tenant}, own, own::text, id,
       CASE WHEN get_byte(uuid_send(id), 3 + k) < 92 THEN 3 - k % 2 ELSE 1 END,
       CASE WHEN k = 2 AND get_byte(uuid_send(id), 9) < 8 THEN now() + interval '9 days'
            ELSE timestamptz '2025-01-01' + k * interval '10 days' END, '2025-01-01'
FROM (SELECT id, k, (left(id::text, 35) || k)::uuid AS own FROM member, generate_series(1, 2) k
      WHERE get_byte(uuid_send(id), 2) < CASE k WHEN 1 THEN 119 ELSE 60 END ORDER BY 3) row;
INSERT INTO subscriptions_subscription
    (tenant_id, id, reference, club_id, customer_store_id, subscribed_at,
     last_status, last_effective_at)
SELECT {tenant}, m.id, m.id::text, c.id, 'customer ' || m.n, '2024-01-01', l.status, l.effective_at
FROM member m JOIN subscriptions_club c ON c.number = 1 + m.n % 40
JOIN (SELECT DISTINCT ON (subscription_id) subscription_id, status, effective_at
      FROM subscriptions_subscriptionstatuschange
      ORDER BY subscription_id, effective_at DESC, recorded_at DESC, reference DESC) l
  ON l.subscription_id = m.id
ORDER BY m.n;
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """What each way asks for."""

    ours: Request
    small: Request
    serializer: Request
    sql: str


def make_rows(on: Stage, members: int) -> Ways:
    """Fill the empty database and return the three ways to the list."""
    from django.utils import timezone

    from core.models import Tenant, User
    from core.operations.tokens import issue_tokens
    from subscriptions.queries.eligible import ELIGIBLE, bound

    tenant = Tenant.objects.create(name="Big brewery", slug="big")
    user = User.objects.create_user("admin@big.example", "x" * 20, tenant=tenant, role="admin")
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        for statement in ROWS.format(tenant=f"'{tenant.pk}'::uuid", members=members).split(";"):
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # or it falls into the measurement
    now = timezone.now()
    values = {"%(on)s": f"'{now.isoformat()}'::timestamptz", "%(club)s": "NULL", "%(active)s": "1"}
    query = bound(ELIGIBLE)
    for name, value in values.items():
        query = query.replace(name, value)
    # As text, as it goes over the wire; psql would show bytes in hexadecimal, twice as long.
    query = query.replace("convert_to(", "(").replace(", 'UTF8')", ")")
    token = {"Authorization": f"Bearer {issue_tokens(user=user).access}"}
    return Ways(
        ours=Request("GET", "/api/subscription/eligible/", token),
        small=Request("GET", "/api/subscription/eligible/?club=40", token),
        serializer=Request("GET", "/bench/eligible-serialized/", token),
        sql=f"SET app.tenant_id = '{tenant.pk}'; {query};",
    )


def seconds_of_psql(on: Stage, sql: str) -> tuple[float, int]:
    """Return how long psql takes for the list, from start to end, and its bytes."""
    command = [find_programs() / "psql", "-X", "-q", "-A", "-t", "-c", sql, on.postgres.url()]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True, env=plain_environment())
    return time.perf_counter() - began, len(done.stdout)


def seconds_of_request(web: Web, request: Request) -> tuple[float, int]:
    """Return how long a request takes until its last byte, and the bytes of its body."""
    began = time.perf_counter()
    with socket.create_connection((HOST, web.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(writer(request, HOST)())
        head, length, received = b"", -1, 0
        while length < 0 or received < length:
            piece = connection.recv(1 << 18)
            if not piece:
                raise RuntimeError(f"the answer broke off: {head[:300]!r}")
            if length >= 0:
                received += len(piece)
                continue
            head += piece
            if b"\r\n\r\n" in head:
                top, _, rest = head.partition(b"\r\n\r\n")
                if b" 200 " not in top.splitlines()[0]:
                    raise RuntimeError(head[:600].decode(errors="replace"))
                fields = dict(line.lower().split(b": ", 1) for line in top.splitlines()[1:])
                length, received = int(fields[b"content-length"]), len(rest)
    return time.perf_counter() - began, length


def children(web: Web) -> list[int]:
    """Return the workers of a web server."""
    listed = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def megabytes(pid: int, field: str) -> float:
    """Return a field of /proc/<pid>/status, such as VmHWM, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def extra_memory(web: Web, request: Request) -> float:
    """Return by how much the busiest worker's peak exceeds what it held before, in MB."""
    before = {}
    for pid in children(web):
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # start the peak anew (proc(5))
        before[pid] = megabytes(pid, "VmRSS")
    seconds_of_request(web, request)
    return max(megabytes(pid, "VmHWM") - held for pid, held in before.items())


def main(words: list[str]) -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser("benchmarks.eligible", description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    console = Console(width=110)
    with stage(HOME) as on:
        console.print(f"{os.cpu_count()} cores; making {options.members:,} members ...")
        began = time.perf_counter()
        ways = make_rows(on, options.members)
        console.print(f"made in {time.perf_counter() - began:,.0f} s")
        for _ in range(20):  # each worker has its connection and its code by now, and no long list
            seconds_of_request(on.real, ways.small)
        memory = max(extra_memory(on.real, ways.ours) for _ in range(5))
        psql, ours, serializer, size = [], [], [], 0
        for _ in range(options.rounds):
            psql.append(seconds_of_psql(on, ways.sql)[0])
            took, size = seconds_of_request(on.real, ways.ours)
            ours.append(took)
        for _ in range(2):
            serializer.append(seconds_of_request(on.real, ways.serializer)[0])
    tell(console, (median(psql), median(ours), median(serializer)), memory, size)
    return 0


def tell(console: Console, medians: tuple[float, float, float], memory: float, size: int) -> None:
    """Print what was found beside what was promised."""
    psql, ours, serializer = medians
    console.print(f"the list has {size / 1e6:.1f} MB")
    console.print(f"psql {psql * 1000:,.0f} ms, request {ours * 1000:,.0f} ms", end=", ")
    console.print(f"ModelSerializer {serializer * 1000:,.0f} ms")
    for words, found, limit, is_met in (
        ("of psql's time", ours / psql, MOST_OF_PSQL, ours / psql <= MOST_OF_PSQL),
        ("MB more memory", memory, MOST_MEGABYTES, memory < MOST_MEGABYTES),
        (
            "times as fast as ModelSerializer",
            serializer / ours,
            LEAST_OF_SERIALIZER,
            serializer / ours >= LEAST_OF_SERIALIZER,
        ),
    ):
        console.print(f"{found:6.2f} {words} (gate {limit:g}): {'pass' if is_met else 'fail'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
