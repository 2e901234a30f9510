"""The report of an import: on the console, and as Markdown or CSV. Without personal data."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from subscriptions.operations.lease_import.rules import RULES, Finding
from subscriptions.operations.lease_import.run import Imported

_HEADER = ("table", "source id", "column", "rule", "weight", "what is wrong", "what was done")
# More rows than these nobody reads on a screen: the file has all of them.
_ON_SCREEN = 200
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check_report_file(path: Path | None) -> None:
    """Refuse a report that could not be written, before anything is imported."""
    if path is None:
        return
    if path.suffix.lower() not in (".md", ".csv"):
        raise CommandError(f"--report {path}: give it the ending .md or .csv.")
    if not path.parent.is_dir():
        raise CommandError(f"--report {path}: there is no folder {path.parent}.")


def write_report(path: Path, found: Imported, *, title: str) -> None:
    """Write all findings to a file; its ending says how: .md or .csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".csv":
            rows = csv.writer(file)
            rows.writerow(_HEADER)
            rows.writerows([_plain(cell) for cell in _cells(one)] for one in found.told)
        else:
            file.writelines(f"{line}\n" for line in _markdown(found, title))


def show_report(console: Console, found: Imported) -> None:
    """Print counts by table, counts by rule, and the findings as far as a screen can hold them."""
    console.print(_counts_table(found))
    if not len(found.told):
        console.print("No rule for unclean data touched a row.")
        return
    console.print(_rules_table(found))
    table = Table(title="Rows", show_lines=False)
    for name in _HEADER[:4] + _HEADER[5:]:
        table.add_column(name, overflow="fold")
    for number, one in enumerate(found.told):
        if number >= _ON_SCREEN:
            break
        cells = _cells(one)
        table.add_row(*cells[:4], *cells[5:])
    console.print(table)
    if len(found.told) > _ON_SCREEN:
        console.print(
            f"{len(found.told) - _ON_SCREEN} more findings: write them all with --report FILE."
        )


def _counts_table(found: Imported) -> Table:
    table = Table(title="Imported")
    for name in ("table", "new", "changed", "same", "refused", "held now"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for kind, counts in found.counts.items():
        numbers = (*counts.as_dict().values(), found.rows.get(kind, 0))
        table.add_row(kind, *(str(number) for number in numbers))
    return table


def _rules_table(found: Imported) -> Table:
    table = Table(title="Rules for unclean data that touched rows")
    for name in ("rule", "weight", "rows", "what is wrong", "what was done"):
        table.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for rule, count in found.told.by_rule.most_common():
        known = RULES[rule]
        table.add_row(rule, known.weight, str(count), known.wrong, known.done)
    return table


def _markdown(found: Imported, title: str) -> Iterable[str]:
    yield f"# {title}"
    yield ""
    yield "| table | new | changed | same | refused | held now |"
    yield "|---|--:|--:|--:|--:|--:|"
    for kind, counts in found.counts.items():
        numbers = " | ".join(str(number) for number in counts.as_dict().values())
        yield f"| {kind} | {numbers} | {found.rows.get(kind, 0)} |"
    yield from ("", "## Rules that touched rows", "", "| rule | weight | rows |", "|---|---|--:|")
    for rule, count in found.told.by_rule.most_common():
        yield f"| {rule} | {RULES[rule].weight} | {count} |"
    yield from ("", "## Rows", "", f"| {' | '.join(_HEADER)} |", "|---|---|---|---|---|---|---|")
    for one in found.told:
        table, source_id, *cells = _cells(one)
        words = (_escaped(cell) for cell in cells)
        yield f"| {_escaped(table)} | {_code(source_id)} | {' | '.join(words)} |"


def _cells(one: Finding) -> tuple[str, ...]:
    weight = RULES[one.rule].weight.value
    return one.table, one.source_id, one.column, one.rule, weight, one.wrong, one.done


def _code(text: str) -> str:
    """Return an id in a form in which it can be searched for: as code, letter by letter."""
    return f"`{text.replace('`', ' ').replace('|', ' ')}`" if text else ""


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
