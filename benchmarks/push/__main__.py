"""`python -m benchmarks.push`: push invoices to the sandbox at Stripe's limits.

Celery's workers push, on a PostgreSQL that writes to disk; the sandbox counts requests as Stripe
does and answers 429 above the limit. Told are the calls a second against the allowed rate, 429s,
calls for each invoice, how the ends of two companies lie (`--beside`), and whether the sandbox
has each invoice once, with its number, currency, total and every line, final, and no draft.

`--faults` puts a proxy between that fails about one call in four, in fourteen ways. `--kill 50`
kills a worker or one of its processes with SIGKILL whenever fifty more invoices are done.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import django
import requests
from rich.console import Console

from benchmarks.push import rows
from benchmarks.push.count import Tally, tally
from benchmarks.push.proxy import SHARES, Proxy, proxy
from benchmarks.push.workers import Crew, watch
from benchmarks.stage import HOST, free_port, migrate_once, servers, settings_of
from core.demo.layout import PROJECT
from core.demo.postgres import OWNER

HOME = Path(__file__).resolve().parents[2] / "var" / "benchmark-push"
KEY, KEY_BESIDE = "sk_test_benchmark0000000000000000", "sk_test_beside000000000000000000"
KEPT_REQUESTS = 10_000


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


def measure(options: argparse.Namespace, console: Console) -> int:
    """Start everything, push, tell; returns the exit code."""
    with ExitStack() as running:
        postgres, valkey = running.enter_context(servers(HOME))
        base = running.enter_context(sandbox(options))
        faults = None
        if options.faults:
            port = int(base.rpartition(":")[2])
            shares = {kind: options.faults * share for kind, share in SHARES.items()}
            faults = running.enter_context(proxy(port, seed=options.seed, shares=shares))
        os.environ.update(
            settings_of(postgres, valkey),
            DATABASE_OWNER_URL=postgres.url(role=OWNER),
            STRIPE_API_BASE=faults.url if faults else base,
            STRIPE_RATE_GLOBAL=str(options.total),
            STRIPE_RATE_PER_ENDPOINT=str(options.per_endpoint),
            PUSH_PARALLEL=str(options.parallel),
        )
        django.setup()
        migrate_once(postgres)
        return push(options, base, faults, console)


def push(options: argparse.Namespace, base: str, faults: Proxy | None, console: Console) -> int:
    """Make the invoices, let workers push them, and tell; returns the exit code."""
    tenants = [rows.make_invoices("benchmark", KEY, invoices=options.invoices, lines=options.lines)]
    if options.beside:
        tenants.append(
            rows.make_invoices("beside", KEY_BESIDE, invoices=options.beside, lines=options.lines)
        )
    if not faults:
        for tenant_id, key in zip(tenants, (KEY, KEY_BESIDE), strict=False):
            rows.make_customers(tenant_id, base, key)
    crew = Crew(options.workers, options.concurrency, HOME / "log" / "workers.log")
    began = time.monotonic()
    crew.start()
    try:
        looks = watch(
            crew,
            lambda: sum(rows.open_pushes(tenant_id) for tenant_id in tenants),
            kill_every=options.kill,
            dice=Random(options.seed),
            patience=options.patience,
            say=console.print,
        )
    finally:
        crew.stop()
    console.print(f"{looks[-1][1]} still wait after {time.monotonic() - began:.0f} s")
    if faults:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.struck.items()))
        console.print(f"{sum(faults.struck.values())} faults: {told}; {crew.kills} kills")
        tell_end(looks, console)
    else:
        tell_rate(base, options, console)
    return tell_tally(tenants, base, console)


def tell_end(looks: list[tuple[float, int]], console: Console) -> None:
    """Tell how long the last invoices took."""
    total = max(count for _, count in looks)
    for part in (0.5, 0.9, 0.99, 1.0):
        at = next((at for at, count in looks if count <= total * (1 - part)), None)
        console.print(f"{part:.0%} done after {f'{at:.0f} s' if at is not None else 'never'}")


def tell_rate(base: str, options: argparse.Namespace, console: Console) -> None:
    """Tell how the calls lay in time, from the sandbox's own log."""
    seen = requests.get(f"{base}/_sandbox/requests", timeout=120).json()["requests"]
    calls = [one for one in seen if one["path"].startswith("/v1/")]
    [(account, _)] = Counter(one["account"] for one in calls).most_common(1)
    mine = [one for one in calls if one["account"] == account]
    if len(seen) == KEPT_REQUESTS:
        console.print(f"the sandbox keeps the last {KEPT_REQUESTS} requests only")
    refused = sum(one["status"] == 429 for one in calls)
    rate = (len(mine) - 1) / (mine[-1]["at"] - mine[0]["at"])
    allowed = min(options.total, 3 * options.per_endpoint)
    console.print(f"{len(mine)} calls: {rate:.2f}/s of {allowed}/s allowed")
    console.print(f"ratio {rate / allowed:.3f} (gate 0.9, aim 0.98), 429 answers: {refused}")
    console.print(f"calls for each invoice {len(mine) / options.invoices:.2f} (aim 3.0)")
    others = [number for number, one in enumerate(calls) if one["account"] != account]
    if others:
        console.print(f"the other company's {len(others)} calls lie among the first {others[-1]}")


def tell_tally(tenants: list[Any], base: str, console: Console) -> int:
    """Tell how both sides compare, tenant by tenant together; returns the exit code."""
    wanted = {ref: one for tenant_id in tenants for ref, one in rows.wanted_of(tenant_id).items()}
    made = requests.get(f"{base}/_sandbox/invoices", timeout=300).json()["invoices"]
    owners = {pk for tenant_id in tenants for pk in rows.organizations_of(tenant_id)}
    found: Tally = tally(wanted, made, rows.customers_at(base, (KEY, KEY_BESIDE), owners))
    console.print(found)
    console.print("everything is there once" if found.is_sound else "[red]something is not right")
    return 0 if found.is_sound else 1


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("benchmarks.push", description=__doc__)
    parser.add_argument("--invoices", type=int, default=2_000)
    parser.add_argument("--lines", type=int, default=12, help="lines an invoice (12)")
    parser.add_argument("--beside", type=int, default=0, help="invoices of another company (0)")
    parser.add_argument("--total", type=int, default=25, help="STRIPE_RATE_GLOBAL (25)")
    parser.add_argument("--per-endpoint", type=int, default=25, help="(25)")
    parser.add_argument("--workers", type=int, default=2, help="Celery workers (2)")
    parser.add_argument("--concurrency", type=int, default=4, help="processes of each (4)")
    parser.add_argument("--parallel", type=int, default=8, help="PUSH_PARALLEL (8)")
    parser.add_argument(
        "--faults", type=float, nargs="?", const=1.0, default=0.0, metavar="TIMES",
        help="fail about one call in four, or so many times as often",
    )  # fmt: skip
    parser.add_argument("--kill", type=int, default=0, metavar="INVOICES", help="between kills")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (1)")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds at most (3600)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(measure(arguments(sys.argv[1:]), Console(width=110)))
