"""`python -m chaos.hostile --cases 20000 --pages 10000`: nobody's question may break Taproom.

A demo of its own; beside its company a neighbour that has everything too, with words of its own.
Each operation of the API's description, and each page, is asked with values that break programs.
Workers and beat stand still meanwhile, so that whatever changes at the neighbour was a question's
doing. Exit code 0: no 500, no question without an answer, nothing of the neighbour's told or
changed; 1: something of it; 2: it could not be played.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import requests
from rich.console import Console

from chaos import program
from chaos.hostile import api, pages
from chaos.hostile.asking import Asker, Finding, Question, judge
from chaos.hostile.neighbour import MARK, Neighbour, copy_everything, fingerprint
from chaos.site import PARTS, Site, enter, site
from core.demo.layout import PROJECT
from core.demo.postgres import SUPERUSER, LocalPostgres

HOME = PROJECT / "var" / "hostile"
CHUNK = 250
NAMING = """
SELECT c.table_name, c.column_name FROM information_schema.columns c
JOIN information_schema.columns t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.column_name = 'tenant_id'
  AND c.column_name IN ('id', 'code', 'number')
"""
Say = Callable[[str], None]
# A question may change who may ask; each chunk begins with the people and keys of the first.
KEPT = ("core_tenant", "core_user", "core_apikey", "core_entry", "payments_stripeaccount")


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    labels: dict[str, Counter[int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def count(self, question: Question, status: int, finding: Finding | None) -> None:
        """Count one answer; what is wrong with it is told at once."""
        self.statuses[status] += 1
        self.labels.setdefault(question.label, Counter())[status] += 1
        if finding:
            self.findings.append(finding)
            sys.stderr.write(f"{finding}\n")


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("chaos.hostile", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="questions to the API (20000)")
    parser.add_argument("--pages", type=int, default=10_000, help="questions to pages (10000)")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with (0)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8079)
    parser.add_argument("--threads", type=int, default=3)
    return parser.parse_args(words)


class Company:
    """The first company's people and keys, kept as they were."""

    def __init__(self, superuser: str, tenant_id: str) -> None:
        self._superuser, self._tenant = superuser, tenant_id
        with self._connection() as connection:
            connection.execute("DROP SCHEMA IF EXISTS kept CASCADE")
            connection.execute("CREATE SCHEMA kept")
            for table in KEPT:
                connection.execute(
                    f"CREATE TABLE kept.{table} AS SELECT * FROM public.{table}"
                    f" WHERE {self._column(table)} = '{tenant_id}'"
                )

    def restore(self) -> None:
        """Put everybody and every key back as they were."""
        with self._connection() as connection, connection.transaction():
            for table in KEPT:
                column = self._column(table)
                key = self._key(table)
                connection.execute(
                    f"DELETE FROM public.{table} WHERE {column} = '{self._tenant}'"
                    f" AND {key} IN (SELECT {key} FROM kept.{table})"
                )
                connection.execute(
                    f"INSERT INTO public.{table} SELECT * FROM kept.{table} ON CONFLICT DO NOTHING"
                )

    def ids(self) -> dict[str, list[str]]:
        """Return ids and codes that are there, by table."""
        found: dict[str, list[str]] = {}
        with self._connection() as connection:
            for table, column in connection.execute(NAMING).fetchall():
                query = f"SELECT {column}::text FROM {table} WHERE tenant_id = %s LIMIT 12"
                rows = connection.execute(query, [self._tenant]).fetchall()
                found.setdefault(table, []).extend(value for (value,) in rows if value)
        return found

    def _connection(self) -> psycopg.Connection:
        connection = psycopg.connect(self._superuser, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection

    @staticmethod
    def _column(table: str) -> str:
        return "id" if table == "core_tenant" else "tenant_id"

    @staticmethod
    def _key(table: str) -> str:
        return "secret_hash" if table == "core_entry" else "id"


@contextmanager
def standing_still(on: Site) -> Iterator[None]:
    """Stop beat and the workers where they are, and let them go on in the end."""
    stopped = [
        pid for part in PARTS if part.startswith(("beat", "worker")) for pid in on.processes(part)
    ]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def put(
    make: Callable[[int], Question],
    numbers: range,
    *,
    asker: Asker,
    neighbour: Neighbour,
    before_chunk: Callable[[], None],
    threads: int,
    tally: Tally,
) -> None:
    """Ask all questions of these numbers, some at a time."""

    def ask(number: int) -> tuple[Question, int, Finding | None]:
        question = make(number)
        answer = asker.ask(question)
        return question, answer.status, judge(question, answer, neighbour)

    with ThreadPoolExecutor(threads) as pool:
        for start in range(numbers.start, numbers.stop, CHUNK):
            before_chunk()
            for question, status, finding in pool.map(
                ask, range(start, min(start + CHUNK, numbers.stop))
            ):
                tally.count(question, status, finding)


def aimed(operations: list[api.Operation], known: dict[str, list[str]]) -> list[api.Operation]:
    """Return the operations, each with what its path may well answer to."""

    def fitting(path: str) -> tuple[str, ...]:
        word = path.partition("{")[0].rstrip("/").rpartition("/")[2].replace("-", "").rstrip("s")
        places = [ids for table, ids in known.items() if table.rpartition("_")[2].startswith(word)]
        return tuple(one for ids in places for one in ids) if "{" in path else ()

    return [replace(one, own=fitting(one.path)) for one in operations]


def run(options: argparse.Namespace, console: Console) -> bool:
    """Ask everything; returns whether all was well."""
    with site(HOME, options.port, console.print) as on, standing_still(on):
        enter(on)
        from core.models import Tenant

        superuser = LocalPostgres(home=on.layout.postgres).url(role=SUPERUSER)
        own = str(on.facts["tenant_id"])
        other = str(Tenant.objects.get(slug="hilltop").pk)
        with psycopg.connect(superuser, autocommit=True) as connection:
            renaming = "UPDATE core_tenant SET name = %s || name WHERE id = %s"
            connection.execute(renaming, [MARK, other])
        neighbour = copy_everything(superuser, own, other)
        console.print(
            f"the neighbour has {len(neighbour.ids)} rows with an id in {len(neighbour.tables)}"
            f" tables; not copied: {', '.join(neighbour.untold) or 'none'}"
        )
        before = fingerprint(superuser, neighbour)
        company = Company(superuser, own)
        tally = Tally()
        asking = {"asker": Asker(on.web), "neighbour": neighbour, "tally": tally,
                  "threads": options.threads}  # fmt: skip
        _ask_all(options, on, company, asking, console.print)
        after = fingerprint(superuser, neighbour)
        changed = [table for table in before if before[table] != after[table]]
    return tell(console, options, tally, changed)


def _ask_all(
    options: argparse.Namespace, on: Site, company: Company, asking: dict[str, Any], say: Say
) -> None:
    by_table, theirs = company.ids(), asking["neighbour"].bait
    known = [one for ids in by_table.values() for one in ids]
    key = str(on.facts["api_key"])
    common: dict[str, Any] = {"known": known, "neighbours": theirs, "seed": options.seed}
    if options.cases:
        schema = requests.get(f"{on.web}/api/schema/?format=json", timeout=60).json()
        operations = aimed(api.operations_of(schema), by_table)
        questions = api.Questions(schema, operations, key=key, **common)
        say(f"{options.cases} questions to {len(operations)} operations ...")
        numbers = range(options.first, options.first + options.cases)
        put(questions.question, numbers, before_chunk=company.restore, **asking)
    if options.pages:
        from django.core.cache import cache

        logins = [(str(on.facts[f"{role}_username"]), str(on.facts[f"{role}_password"]))
                  for role in ("admin", "counselor")]  # fmt: skip
        people = pages.People(on.web, logins)
        people.sign_in()
        walked = pages.Map(on.web)
        walked.walk(people.cookies[0])
        lost = [route for route, page in walked.pages.items() if not page.addresses]
        say(f"{options.pages} questions to {len(walked.pages)} pages; only by odd"
                      f" addresses: {len(lost)}: {', '.join(lost[:400])}")  # fmt: skip

        def anew() -> None:
            company.restore()
            cache.clear()  # who asks so much has used up all that a person may sign in
            people.sign_in()

        made = pages.Questions(walked, people, **common)
        numbers = range(options.first, options.first + options.pages)
        put(made.question, numbers, before_chunk=anew, **asking)


def tell(console: Console, options: argparse.Namespace, tally: Tally, changed: list[str]) -> bool:
    """Say what came back; returns whether all was well."""
    total = sum(tally.statuses.values())
    console.print(f"{total} questions, seed {options.seed}: " + ", ".join(
        f"{status}: {count}" for status, count in sorted(tally.statuses.items())))  # fmt: skip
    never = sorted(label for label, seen in tally.labels.items() if not any(s < 400 for s in seen))
    console.print(f"{len(tally.labels)} kinds; never answered well: {len(never)}: {never}")
    if changed:
        console.print(f"changed at the neighbour: {', '.join(changed)}")
    is_well = not tally.findings and not changed
    console.print("no 500, no foreign row" if is_well else f"{len(tally.findings)} findings")
    return is_well


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    options = arguments(words)
    return program.play(lambda console: run(options, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
