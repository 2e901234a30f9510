"""What the programs of this package have in common: a console, an end in words, an exit code."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console

from chaos.site import CannotStart


def play(run: Callable[[Console], bool]) -> int:
    """Run one; returns 0 when all was well, 1 when not, 2 when it could not be played."""
    console = Console(width=max(110, Console().width))
    began = time.monotonic()
    try:
        is_well = run(console)
    except (CannotStart, RuntimeError) as error:
        console.print(f"[red]{error}[/]")
        return 2
    console.print(f"{time.monotonic() - began:.0f} s")
    return 0 if is_well else 1
