"""Keeps parts alive: one that dies is started again, one that keeps dying ends the demo."""

import signal
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from core.demo.errors import StartFailed
from core.demo.parts import Part
from core.demo.terminal import Terminal

DEATHS_ALLOWED = 5
WITHIN_SECONDS = 60.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
TAIL_LINES = 15


def last_lines(log: Path, count: int = TAIL_LINES) -> str:
    """Return the end of a log file, indented; nothing when there is no file."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])


def how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"


class Watch:
    """Looks at the parts whenever it is told to, in the order in which they were added."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._clock = clock
        self._parts: list[Part] = []
        self._deaths: dict[str, list[float]] = defaultdict(list)
        self._start_at: dict[str, float] = {}
        self.is_starting = True

    @property
    def parts(self) -> list[Part]:
        """The parts that were started, oldest first."""
        return list(self._parts)

    def add(self, part: Part) -> None:
        """Start a part and look after it from now on."""
        self._parts.append(part)  # first, so that one that fails half-way is stopped as well
        part.start()

    def look(self) -> None:
        """Start again what has died; raise StartFailed for what does not stay alive."""
        for part in self._parts:
            code = part.exit_code()
            if code is None:
                continue
            if part.name not in self._start_at:
                self._note_death(part, code)
            elif self._clock() >= self._start_at[part.name]:
                del self._start_at[part.name]
                part.restart()

    def _note_death(self, part: Part, code: int) -> None:
        now = self._clock()
        deaths = [at for at in self._deaths[part.name] if at > now - WITHIN_SECONDS] + [now]
        self._deaths[part.name] = deaths
        # While starting, a program that ends by itself is misconfigured: trying again is no use.
        if (self.is_starting and code >= 0) or len(deaths) >= DEATHS_ALLOWED:
            raise StartFailed(
                f"{part.name} {how_it_ended(code)}, see {part.log}:\n{last_lines(part.log)}"
            )
        self._terminal.line(f"{part.name} {how_it_ended(code)}: starting it again")
        pause = min(FIRST_PAUSE * 2 ** (len(deaths) - 1), LONGEST_PAUSE)
        self._start_at[part.name] = now + pause
