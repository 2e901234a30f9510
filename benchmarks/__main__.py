"""`python -m benchmarks [pay] [webhook] [read]`: measure in one run, side by side.

Exit code 0 when everything was measured, whatever came out: gates are told, not enforced.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import defaultdict
from pathlib import Path

from rich.console import Console

from benchmarks import load, report
from benchmarks.measures import Comparison, Sample, compare, in_turn, needed
from benchmarks.stage import HOST, Stage, stage
from benchmarks.statements import Statements, statements_of

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark"
CONNECTIONS = 8
WARM_UP_SECONDS = 1.0

COMPARISONS = {
    "pay": [Comparison("pay", "bare", gate=0.25), Comparison("pay", "django")],
    "webhook": [Comparison("webhook", "bare", gate=0.30), Comparison("webhook", "django")],
    "read": [
        Comparison("read_scoped", "read_unscoped", gate=0.70),
        Comparison("read_scoped", "read_for_token"),
        Comparison("api_link", "read_for_token"),
    ],
}
STATEMENTS = {
    "pay": ["pay"],
    "webhook": ["webhook"],
    "read": ["read_for_token", "read_unscoped", "read_scoped", "api_link"],
}


class Refused(Exception):
    """The application refused what a benchmark asked: nothing can be measured."""


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" or ".join(COMPARISONS))
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s: a look, no figure")
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds (9)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds a target a round (3)")
    options = parser.parse_args(words)
    unknown = sorted(set(options.names) - COMPARISONS.keys())
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(COMPARISONS)}")
    if options.quick:
        options.rounds, options.seconds = 3, 1.0
    options.names = options.names or list(COMPARISONS)
    return options


def measure(
    console: Console, on: Stage, jobs: dict[str, load.Request], *, rounds: int, seconds: float
) -> dict[str, list[Sample]]:
    """Return a sample of each target for each round."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for name in jobs:
        one_load(on, name, jobs, WARM_UP_SECONDS)
    with console.status("") as status:
        for number in range(rounds):
            for name in in_turn(list(jobs), number):
                status.update(f"round {number + 1} of {rounds}: {name}")
                samples[name].append(one_load(on, name, jobs, seconds))
    return samples


def one_load(on: Stage, name: str, jobs: dict[str, load.Request], seconds: float) -> Sample:
    """Put load on one target; raises Refused when an answer was none of success."""
    web = on.bare if name == "django" else on.real
    before = web.processor_seconds()
    outcome = load.apart(
        jobs[name], host=HOST, port=web.port, seconds=seconds, connections=CONNECTIONS
    )
    used = web.processor_seconds() - before
    if outcome.failed:
        raise Refused(f"{name}: {outcome.failed} answers like this:\n{outcome.first_failure}")
    return Sample(outcome.rate, 1000 * used / outcome.answered)


def run(options: argparse.Namespace, console: Console) -> None:
    """Start everything, measure, tell, stop everything."""
    comparisons = [found for name in options.names for found in COMPARISONS[name]]
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    console.print("starting servers, making tables and rows ...")
    with stage(HOME) as on:
        from benchmarks.rows import make_rows, requests  # needs the settings

        everything = requests(make_rows(on.superuser_url))
        jobs = {name: everything[name] for name in needed(comparisons)}
        counted = {
            name: count(on, everything[name])
            for group in options.names
            for name in STATEMENTS[group]
        }
        samples = measure(console, on, jobs, rounds=options.rounds, seconds=options.seconds)
    report.show(console, [compare(one, samples) for one in comparisons], options.rounds)
    report.show_statements(console, counted)


def count(on: Stage, request: load.Request) -> Statements:
    """Return the statements of one request."""
    return statements_of(
        request, superuser_url=on.superuser_url, log=on.postgres.log, host=HOST, port=on.real.port
    )


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    console = Console(width=max(120, Console().width))
    try:
        run(arguments(words), console)
    except Refused as error:
        console.print(f"[red]{error}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
