"""What the benchmarks say at the end."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from benchmarks.measures import Result
from benchmarks.statements import Statements

# What each target of benchmarks.rows is called in a table.
WORDS = {
    "django": "Django alone",
    "bare": "bare view",
    "pay": "public pay page",
    "webhook": "webhook intake",
    "read_for_token": "token + read",
    "read_unscoped": "API view + read",
    "read_scoped": "API view, scope + read",
    "api_link": "GET of a link",
}
_COLOURS = {"pass": "green", "fail": "red"}


def show(console: Console, results: list[Result], rounds: int) -> None:
    """Print the comparisons as a table."""
    table = Table(title=f"Medians of {rounds} interleaved rounds", title_justify="left")
    for name in ("what", "against"):
        table.add_column(name, no_wrap=True)
    for name in ("requests/s", "against", "ratio", "gate", "CPU ms", "against"):
        table.add_column(name, justify="right")
    table.add_column("")
    for result in results:
        gate = result.comparison.gate
        colour = _COLOURS.get(result.word, "dim")
        table.add_row(
            WORDS[result.comparison.target],
            WORDS[result.comparison.base],
            f"{result.target.rate:,.0f}",
            f"{result.base.rate:,.0f}",
            f"{result.ratio:.2f}",
            "" if gate is None else f"{gate:.2f}",
            f"{result.target.milliseconds:.2f}",
            f"{result.base.milliseconds:.2f}",
            f"[{colour}]{result.word}[/]",
        )
    console.print(table)


def show_statements(console: Console, counted: Mapping[str, Statements]) -> None:
    """Print how many statements each request needs, and which."""
    table = Table(title="SQL of one request", title_justify="left")
    table.add_column("request")
    table.add_column("statements", justify="right")
    table.add_column("and around them")
    for name, found in counted.items():
        table.add_row(WORDS[name], str(len(found.queries)), " · ".join(found.around))
    console.print(table)
