"""What the demo tells the person who started it."""

import os
import sys
import time
from typing import TextIO

QUIET_SECONDS = 0.5
ERASE = "\r\x1b[K"


class Terminal:
    """Lines with the seconds since the start; on a terminal also what is being waited for.

    When nobody reads any more (`| head -1`, a closed window), `is_closed` turns true and the rest
    goes nowhere.
    """

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._started = time.monotonic()
        self._shown_at = 0.0
        self._has_status = False
        self._is_tty = self._output.isatty()
        self.is_closed = False

    def _write(self, text: str) -> None:
        if self.is_closed:
            return
        try:
            self._output.write(text)
            self._output.flush()
        except OSError:
            self.is_closed = True
            # Python flushes standard output at exit, and would complain about the closed pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._output.fileno())

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:6.1f} s  "

    def line(self, text: str) -> None:
        """Write one line with the time."""
        self.plain(self._elapsed() + text)

    def plain(self, text: str) -> None:
        """Write text as it is."""
        self._write((ERASE if self._has_status else "") + text + "\n")
        self._has_status = False

    def waiting(self, text: str) -> None:
        """Show what is being waited for, in a line that the next one replaces."""
        now = time.monotonic()
        if self._is_tty and now - self._shown_at > QUIET_SECONDS:
            self._shown_at = now
            self._has_status = True
            self._write(f"{ERASE}{self._elapsed()}{text} ...")
