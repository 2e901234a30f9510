"""`python3 run.py chaos`: break each part in turn while customers pay and invoices are pushed.

Exit code 0: every payment and every invoice is there, once; 1: something was doubled or lost;
2: it could not be played.
"""

from __future__ import annotations

import argparse
import sys
from random import Random

from rich.console import Console
from rich.table import Table

from chaos import program
from chaos.breakages import BREAKAGES, SHORT, Breakage
from chaos.site import enter, site
from core.demo.layout import PROJECT

FIGURES = ("wanted", "there", "doubled", "lost")


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("run.py chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"only {', '.join(SHORT)}, few people")
    parser.add_argument("--only", action="append", metavar="NAME", help="one breakage; repeatable")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (1)")
    parser.add_argument("--customers", type=int, help="in each round (24; 6 if short)")
    parser.add_argument("--invoices", type=int, help="in each round (12; 4 if short)")
    parser.add_argument("--seconds", type=float, help="how long each is broken (15; 5 if short)")
    parser.add_argument("--port", type=int, default=8077, help="where to serve (8077)")
    options = parser.parse_args(words)
    known = [breakage.name for breakage in BREAKAGES]
    unknown = sorted(set(options.only or ()) - set(known))
    if unknown:
        parser.error(f"nothing is called {unknown[0]}; there are {', '.join(known)}")
    for name, usual, short in (("customers", 24, 6), ("invoices", 12, 4), ("seconds", 15.0, 5.0)):
        if getattr(options, name) is None:
            setattr(options, name, short if options.short else usual)
    return options


def chosen(options: argparse.Namespace) -> list[Breakage]:
    """Return what is to be broken, in order."""
    names = options.only or (SHORT if options.short else [one.name for one in BREAKAGES])
    return [breakage for breakage in BREAKAGES if breakage.name in names]


def run(options: argparse.Namespace, console: Console) -> bool:
    """Play all rounds and show the table; returns whether everything is there, once."""
    home = PROJECT / "var" / "chaos"
    with site(home, options.port, console.print) as found:
        enter(found)
        from chaos.books import Books
        from chaos.rounds import Outcome, Scale, play

        books = Books(found.facts["tenant_id"])
        books.found(options.invoices)
        scale = Scale(options.customers, options.invoices, options.seconds)
        outcomes: list[Outcome] = []
        for number, breakage in enumerate(chosen(options)):
            console.print(f"{breakage.name}: {breakage.words} ...")
            dice = Random(f"{options.seed}:{number}:{breakage.name}")
            outcomes.append(play(found, books, breakage, scale=scale, dice=dice))
    table = Table(title=f"seed {options.seed}")
    for title in (
        "broken",
        "what",
        "wanted",
        "there",
        "doubled",
        "lost",
        "whole after",
        "errors seen",
    ):
        table.add_column(title, justify="left" if title in {"broken", "what"} else "right")
    for one in outcomes:
        for what, counted in (("payments", one.payments), ("invoices", one.invoices)):
            figures = (counted.wanted, counted.there, counted.doubled, counted.lost)
            last = (f"{one.seconds:.0f} s", str(one.troubles)) if what == "payments" else ("", "")
            table.add_row(one.breakage.name, what, *map(str, figures), *last)
    console.print(table)
    is_sound = all(one.payments.is_sound and one.invoices.is_sound for one in outcomes)
    console.print(
        "everything is there, once" if is_sound else "[red]something is missing or double"
    )
    return is_sound


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    options = arguments(words)
    return program.play(lambda console: run(options, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
