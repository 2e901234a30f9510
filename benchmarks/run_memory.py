"""`python -m benchmarks.run_memory`: the memory of the process that works on a billing run.

Compiles and finalizes the invoices of very many organizations chunk by chunk, as a worker does,
and looks after each chunk at what the process holds and at what its server session holds.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.compile import MONTH, NOW, Bench
from benchmarks.stage import database
from core.demo.postgres import SUPERUSER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-run-memory"
SERVER = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


def held(pid: int | str, what: str) -> float:
    """Return the memory of a process in MB: `VmRSS` is all, `RssAnon` its own (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def drive(bench: Bench, options: argparse.Namespace, console: Console) -> list[Any]:
    """Compile, approve and finalize; returns (stage, chunk, MB, MB of the session)."""
    from django.db import connection

    from billing.models import BillingRun
    from billing.operations.run_work import advance_run, prepare_run
    from billing.operations.runs import approve_run, open_run
    from core.tenancy import scope

    with scope(bench.tenant_id):
        run = open_run(month=MONTH, by=None, now=NOW)
    prepare_run(tenant_id=bench.tenant_id, run_id=run.pk)
    with scope(bench.tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()[0]
    found = [("begin", 0, held("self", "VmRSS"), held(session, "RssAnon"))]
    for stage in ("compile", "finalize"):
        chunk = 0
        begun = time.perf_counter()
        while advance_run(tenant_id=bench.tenant_id, run_id=run.pk, now=NOW, limit=options.chunk):
            chunk += 1
            found.append((stage, chunk, held("self", "VmRSS"), held(session, "RssAnon")))
        console.print(f"{stage}: {chunk} chunks in {time.perf_counter() - begun:.0f} s")
        if stage == "compile":
            with scope(bench.tenant_id):
                approve_run(run_id=run.pk, by=None, now=NOW)
    with scope(bench.tenant_id):
        state = BillingRun.objects.get(pk=run.pk).state
    console.print(f"the run is {state}; lines, their sum, the sum of invoices: {bench.sums()}")
    return found


def tell(found: list[Any], console: Console) -> None:
    """Print the memory at some places of each stage, and the most."""
    table = Table("stage", "chunk", "process MB", "server session MB")
    for stage in ("begin", "compile", "finalize"):
        rows = [row for row in found if row[0] == stage]
        places = sorted({round(n * (len(rows) - 1) / 4) for n in range(5)}) if rows else []
        for place in places:
            _, chunk, ours, theirs = rows[place]
            table.add_row(stage, str(chunk), f"{ours:.0f}", f"{theirs:.0f}")
    most = max(row[2] for row in found), max(row[3] for row in found)
    table.add_row("the most", "", f"{most[0]:.0f}", f"{most[1]:.0f}")
    console.print(table)


def main(words: list[str]) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.run_memory", description=__doc__)
    parser.add_argument("--organizations", type=int, default=50_000)
    parser.add_argument("--meters", type=int, default=12)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=2000)
    options = parser.parse_args(words)
    console = Console()
    with database(HOME, SERVER) as postgres:
        bench = Bench(postgres.url(role=SUPERUSER), options)
        bench.fill(options.organizations)
        tell(drive(bench, options, console), console)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
