"""`python -m benchmarks.leads`: the leads list with row-level security and by hand, side by side.

One company with 300,000 leads. A counselor's list under the policies is compared with the same
filter written by hand and run past them, in turn, in one run: the median of the rounds' ratios
(time with policies / time by hand; at most 2 is the aim), with both plans.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.crowd import Crowd, make_crowd
from benchmarks.stage import database
from core.demo.postgres import APP, SUPERUSER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark"
LEADS = 300_000
LIMIT = 2.0

NEWEST = "SELECT * FROM crm_lead WHERE {} ORDER BY created_at DESC, id DESC LIMIT 26"
LISTS = {
    "newest leads": "merged_into_id IS NULL",
    "newest leads on a stage": "merged_into_id IS NULL AND stage = 'contacted'",
    "quiet for 90 days": "merged_into_id IS NULL AND last_activity_at < now() - interval '90 days'",
}
BY_HAND = """
tenant_id = '{tenant}' AND (owner_id = '{person}' OR team_ids && (
    SELECT array_agg(team_id) FROM core_teammembership WHERE user_id = '{person}')) AND {{}}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """A connection and what it asks."""

    connection: psycopg.Connection
    statement: str

    def seconds(self) -> float:
        """Return how long one answer takes, rows included."""
        begun = time.perf_counter()
        self.connection.execute(self.statement).fetchall()
        return time.perf_counter() - begun

    def plan(self) -> str:
        """Return the plan, as it ran."""
        rows = self.connection.execute("EXPLAIN (ANALYZE, COSTS OFF) " + self.statement)
        return "\n".join(row[0] for row in rows.fetchall())


def sides(
    crowd: Crowd, condition: str, app: psycopg.Connection, hand: psycopg.Connection
) -> tuple[Side, Side]:
    """Return the list under the policies and the same list by hand; both give the same rows."""
    by_hand = BY_HAND.format(tenant=crowd.tenant_id, person=crowd.counselor_id).format(condition)
    policies = Side(app, NEWEST.format(condition))
    written = Side(hand, NEWEST.format(by_hand))
    if app.execute(policies.statement).fetchall() != hand.execute(written.statement).fetchall():
        raise SystemExit("the two lists differ: nothing was measured")
    return policies, written


def measure(policies: Side, written: Side, rounds: int) -> tuple[float, float, float]:
    """Return the medians of both sides, in milliseconds, and of the rounds' ratios."""
    pairs = []
    for number in range(rounds):
        both: list[Callable[[], float]] = [policies.seconds, written.seconds]
        order = both if number % 2 else both[::-1]
        found = {ask: ask() for ask in order}
        pairs.append((found[both[0]], found[both[1]]))
    ratios = [with_policies / by_hand for with_policies, by_hand in pairs]
    return (
        1000 * median(pair[0] for pair in pairs),
        1000 * median(pair[1] for pair in pairs),
        median(ratios),
    )


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    parser = argparse.ArgumentParser("benchmarks.leads", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many leads ({LEADS})")
    parser.add_argument("--rounds", type=int, default=101, help="how many rounds (101)")
    options = parser.parse_args(words)
    console = Console(width=max(120, Console().width))
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with database(HOME) as postgres:
        console.print(f"making {options.leads} leads ...")
        crowd = make_crowd(postgres.url(role=SUPERUSER), leads=options.leads)
        with (
            psycopg.connect(postgres.url(role=APP), autocommit=True) as app,
            psycopg.connect(postgres.url(role=SUPERUSER), autocommit=True) as hand,
        ):
            _act(app, crowd)
            show(console, crowd, app, hand, options.rounds)
    return 0


def _act(app: psycopg.Connection, crowd: Crowd) -> None:
    """Say for the whole session who acts; a request says it for its transaction."""
    told = {"tenant_id": crowd.tenant_id, "user_id": crowd.counselor_id, "role": "counselor"}
    for name, value in told.items():
        app.execute("SELECT set_config(%s, %s, false)", [f"app.{name}", str(value)])


def show(
    console: Console,
    crowd: Crowd,
    app: psycopg.Connection,
    hand: psycopg.Connection,
    rounds: int,
) -> None:
    """Measure each list and print the table, then the plans."""
    table = Table("a counselor's list", "policies", "by hand", "ratio", f"at most {LIMIT:g}")
    plans = []
    for name, condition in LISTS.items():
        policies, written = sides(crowd, condition, app, hand)
        with_policies, by_hand, ratio = measure(policies, written, rounds)
        word = "pass" if ratio <= LIMIT else "fail"
        table.add_row(name, f"{with_policies:.2f} ms", f"{by_hand:.2f} ms", f"{ratio:.2f}", word)
        plans.append((name, policies.plan(), written.plan()))
    console.print(table)
    for name, with_policies, by_hand in plans:
        console.print(f"\n[bold]{name}: policies[/]\n{with_policies}", highlight=False)
        console.print(f"\n[bold]{name}: by hand[/]\n{by_hand}", highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
