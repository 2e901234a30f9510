"""`python -m benchmarks.leases`: import of a large dump, and linking at a configured rate.

Import: rows a second against COPY of the same rows into a table with the same columns and
indexes, and the most memory that the importing process had. Linking: calls a second, from the
first to the last, against the rate that the gateway's limiter is set to; the sandbox counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import django
import requests
from django.core.management import call_command
from rich.console import Console

from benchmarks.club_run import sandbox
from benchmarks.stage import servers, settings_of
from core.demo.layout import PROJECT
from core.demo.postgres import OWNER, SUPERUSER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-leases"
ROOMS = 500

LEASE_COLUMNS = (
    "id", "startDate", "endDate", "rentAmount", "number", "name", "moveoutDate", "depositAmount",
    "signatureDate", "hasMovedIn", "moveInDate", "hasMovedOut", "endType", "userId", "roomId",
    "stripeSubscriptionId", "createdAt", "updatedAt", "hubId", "chainId", "status",
)  # fmt: skip


def table(name: str, columns: tuple[str, ...], rows: Iterator[str]) -> Iterator[str]:
    """Yield a table of a dump, with INSERTs of a thousand rows."""
    defined = ", ".join(f"`{column}` varchar(255)" for column in columns)
    yield f"CREATE TABLE `{name}` ({defined});\nLOCK TABLES `{name}` WRITE;\n"
    for number, row in enumerate(rows):
        start = f"INSERT INTO `{name}` VALUES " if number % 1000 == 0 else ","
        yield (";\n" if number and number % 1000 == 0 else "") + start + row
    yield ";\nUNLOCK TABLES;\n"


def lease_row(number: int) -> str:
    """Return one lease that began in the last years; one in four still runs."""
    year, month, day = 2021 + number % 5, 1 + number % 12, 1 + number % 28
    end = f"{year + 1 + number % 2}-{month:02d}-{day:02d} 08:00:00"
    status = ("finished", "finished", "active", "cancelled")[number % 4]
    return (
        f"('lease_{number:026d}','{year}-{month:02d}-{day:02d} 16:00:00','{end}',"
        f"{600 + number % 700}.00,{number},'bru-merc-{number % ROOMS}-ada-{number}','{end}',"
        f"1100.00,'{year}-{month:02d}-01 09:27:45',1,'{year}-{month:02d}-{day:02d} 19:00:00',0,"
        f"'generic','salt_{number % 2000:027d}','room_{number % ROOMS:027d}',NULL,"
        f"'{year}-{month:02d}-01 09:27:45','{year}-{month:02d}-01 09:27:45',"
        f"'28530664410399680222952505886337','{number:032d}','{status}')"
    )


def write_dump(path: Path, leases: int) -> None:
    """Write a dump of so many leases, two thousand users and five hundred rooms."""
    users = (
        f"('user_{n:027d}','salt_{n:027d}','user{n}@example.com','Ada','Vos','be')"
        for n in range(2000)
    )
    rooms = (f"('room_{n:027d}',{n},NULL,'1000.00','house_{n % 40}')" for n in range(ROOMS))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(table("leases", LEASE_COLUMNS, (lease_row(n) for n in range(leases))))
        room = ("id", "number", "baseRent", "rent", "houseId")
        file.writelines(table("rooms", room, rooms))
        user = ("id", "salt", "email", "firstName", "lastName", "prefixId")
        file.writelines(table("users", user, users))


def import_in_child(path: Path) -> tuple[float, float, float]:
    """Import a dump in a process of its own; returns seconds, its processor's, and most MB."""
    command = [sys.executable, "-m", "benchmarks.leases", "--import", str(path)]
    answer = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    seconds, busy, memory = answer.stdout.split()[-3:]
    return float(seconds), float(busy), float(memory)


def import_here(path: Path) -> None:
    """Import and print seconds and memory: what `--import` does."""
    django.setup()
    from django.utils import timezone

    from core.models import Tenant
    from subscriptions.operations.lease_import.run import import_dump

    begun, before = time.monotonic(), time.process_time()
    import_dump(tenant=Tenant.objects.get(), path=path, now=timezone.now()).told.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds, busy = time.monotonic() - begun, time.process_time() - before
    sys.stdout.write(f"{seconds:.2f} {busy:.2f} {used.ru_maxrss / 1024:.0f}\n")


def copy_seconds(address: str) -> tuple[float, int]:
    """COPY the imported leases into a table with the same columns and indexes; returns rows too."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as own:
        own.execute("SET row_security = off")
        own.execute("CREATE TABLE copied (LIKE subscriptions_lease INCLUDING ALL)")
        with own.cursor().copy("COPY subscriptions_lease TO STDOUT (FORMAT binary)") as out:
            data = b"".join(bytes(block) for block in out)
        begun = time.monotonic()
        with own.cursor().copy("COPY copied FROM STDIN (FORMAT binary)") as into:
            into.write(data)
        seconds = time.monotonic() - begun
        [count] = own.execute("SELECT count(*) FROM copied").fetchone() or (0,)
        own.execute("DROP TABLE copied")
    return seconds, count


def measure_import(console: Console, address: str, leases: int) -> None:
    """Import twice over: rows a second, memory, and the same rows by COPY."""
    small, large = HOME / "small.dump", HOME / "large.dump"
    write_dump(small, leases // 10)
    write_dump(large, leases)
    megabytes = large.stat().st_size / 1e6
    _, _, little = import_in_child(small)
    empty(address)
    seconds, busy, memory = import_in_child(large)
    copied, rows = copy_seconds(address)
    again, _, _ = import_in_child(large)
    ratio = (rows / seconds) / (rows / copied)
    console.print(f"import: {rows} leases, {megabytes:.0f} MB: {rows / seconds:.0f} rows/s")
    console.print(f"of {seconds:.0f} s the importing process was busy for {busy:.0f} s")
    console.print(f"import again, nothing changed: {rows / again:.0f} rows/s")
    console.print(f"COPY of the same rows: {rows / copied:.0f} rows/s; ratio {ratio:.2f} (aim 0.1)")
    console.print(f"memory: {little:.0f} MB for a tenth of it, {memory:.0f} MB for all (aim < 200)")


def empty(address: str) -> None:
    """Take all imported rows away."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as own:
        own.execute("SET session_replication_role = replica")
        for name in ("rentpayment", "formerstripeid", "stripelink", "lease", "room", "resident",
                     "house", "leaseimport"):  # fmt: skip
            own.execute(f"DELETE FROM subscriptions_{name}")


def measure_link(console: Console, stripe: str, rows: int, rate: int) -> None:
    """Link so many users; the sandbox's log says how fast calls came."""
    from django.utils import timezone

    from core.models import Tenant
    from core.tenancy import scope
    from payments.models import StripeAccount
    from subscriptions.operations.lease_links.run import link_all

    limits = {"rate_limit": {"enabled": True, "per_endpoint": rate * 2, "total": rate * 2}}
    requests.post(f"{stripe}/_sandbox/settings", json=limits, timeout=10).raise_for_status()
    tenant = Tenant.objects.get()
    with scope(tenant.pk):
        StripeAccount.objects.create(
            tenant=tenant, stripe_account_id="acct_benchmark01", secret_key="sk_test_" + "b" * 32
        )
    begun = time.monotonic()
    found = link_all(
        tenant=tenant,
        kinds=("users",),
        limit=rows,
        clock=timezone.now,
        on_progress=lambda kind, done, total: None,
    )
    seconds = time.monotonic() - begun
    log = requests.get(f"{stripe}/_sandbox/requests", timeout=60).json()["requests"]
    times = [one["at"] for one in log if one["path"] == "/v1/customers" and one["method"] == "POST"]
    speed = (len(times) - 1) / (max(times) - min(times))
    linked = found["users"].linked
    console.print(f"link: {linked} users in {seconds:.0f} s, {len(times)} calls, {speed:.1f}/s")
    console.print(f"configured rate {rate}/s; ratio {speed / rate:.2f} (aim 0.9)")


def measure(options: argparse.Namespace, console: Console) -> None:
    """Start everything, measure both, tell."""
    with servers(HOME) as (postgres, valkey), sandbox() as base:
        os.environ.update(
            settings_of(postgres, valkey),
            DATABASE_OWNER_URL=postgres.url(role=OWNER),
            STRIPE_API_BASE=base,
            STRIPE_RATE_GLOBAL=str(options.rate),
            STRIPE_RATE_PER_ENDPOINT=str(options.rate),
        )
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        from core.models import Tenant

        Tenant.objects.create(name="Benchmark", slug="benchmark", default_currency="EUR")
        measure_import(console, postgres.url(role=SUPERUSER), options.leases)
        measure_link(console, base, options.link, options.rate)


def main(words: list[str]) -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.leases", description=__doc__)
    parser.add_argument("--leases", type=int, default=100_000)
    parser.add_argument("--link", type=int, default=500, metavar="USERS")
    parser.add_argument("--rate", type=int, default=25, help="calls a second")
    parser.add_argument("--import", dest="dump", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.dump:
        import_here(options.dump)
        return
    measure(options, Console())


if __name__ == "__main__":
    main(sys.argv[1:])
