"""The wish to stop, noted from the first moment: importing the rest takes long enough to hit."""

import signal
from types import FrameType

_asked: list[int] = []


def _note(number: int, frame: FrameType | None) -> None:
    _asked.append(number)


def take_signals() -> None:
    """Set handlers even where a signal is ignored: shells start background jobs that way.

    They stay until the process ends, so that an impatient second Ctrl-C does no harm.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _note)


def stop_is_asked() -> bool:
    """Tell whether one of the signals came."""
    return bool(_asked)
