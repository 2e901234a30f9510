"""`manage.py doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.doctor import State, Visit, known
from core.doctor.examination import Result, examine

MARKS = {State.FINE: "ok", State.WARNING: "WARN", State.BROKEN: "BROKEN"}


class Command(BaseCommand):
    """Look at settings, database, queues, clock, Stripe and the work that waits.

    Exit code 0: all is fine; 1: something should be looked at today; 2: something is broken. It
    changes nothing, shows no secret, and answers also while parts are down.
    """

    help = __doc__
    requires_system_checks: list[str] = []  # bad configuration is what it is asked about

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to look at, and how to tell it."""
        parser.add_argument("--tenant", default="", help="slug of one tenant; all without it")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--quiet", action="store_true", help="only what is not fine")
        parser.add_argument("--disk", action="append", type=Path, default=[], metavar="DIR")
        parser.add_argument(
            "--backups", action="append", type=Path, default=[], metavar="DIR",
            help="a directory whose newest file is the last backup",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine, tell, and leave with the exit code."""
        now = timezone.now()
        visit = Visit(now=now, disks=tuple(options["disk"]), backups=tuple(options["backups"]))
        results = examine(known(), visit=visit, slug=options["tenant"])
        state = max((result.state for result in results), default=State.FINE)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(results, state, now), indent=2))
        else:
            for line in _lines(results, is_quiet=options["quiet"]):
                self.stdout.write(line)
            self.stdout.write(_sum(results, state))
        self.stdout.flush()
        sys.exit(state)


def _lines(results: list[Result], *, is_quiet: bool) -> Iterator[str]:
    for result in results:
        where = f"{result.check} ({result.tenant})" if result.tenant else result.check
        for found in result.findings:
            if is_quiet and found.state == State.FINE:
                continue
            yield f"{MARKS[found.state]:<6}  {where}: {found.words}"
            if found.mend:
                yield f"        -> {found.mend}"


def _sum(results: list[Result], state: State) -> str:
    states = [found.state for result in results for found in result.findings]
    counted = f"{states.count(State.BROKEN)} broken, {states.count(State.WARNING)} to look at"
    return f"{MARKS[state]}: {len(states)} findings, {counted}."


def _as_json(results: list[Result], state: State, now: datetime) -> dict[str, Any]:
    return {
        "state": state.name.lower(),
        "at": now.isoformat(),
        "findings": [
            {
                "check": result.check,
                "tenant": result.tenant or None,
                "state": found.state.name.lower(),
                "words": found.words,
                "mend": found.mend,
            }
            for result in results
            for found in result.findings
        ],
    }
