"""What PostgreSQL and Valkey of our own have in common: one child, one lock, one way to end."""

import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from core.demo.errors import DemoError, StartFailed
from core.demo.places import Lock, private_directory
from core.demo.processes import Account, end_child, wait_until

STOP_SECONDS = 10.0


class LocalServer(ABC):
    """A server whose files live in `home`; whoever holds the lock there owns it.

    Start it from a thread that lives as long as the server should: the kernel stops the server
    when that thread ends, however it ends.
    """

    name: ClassVar[str]  # what the terminal calls it
    start_seconds: ClassVar[float]
    end_signals: ClassVar[tuple[signal.Signals, ...]]

    def __init__(self, home: Path, log: Path) -> None:
        self.home = home.absolute()
        self.log = log
        self._lock = Lock(self.home / "lock")
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the child; raises ProgramsMissing, StartFailed."""

    @abstractmethod
    def _answers(self) -> bool:
        """Tell whether the running child takes connections."""

    @property
    def pid(self) -> int | None:
        """The server's process id while there is one."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
            self._prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> None:  # noqa: B027 - not every server needs it
        """Make what users of `with` find there."""

    def start(self) -> None:
        """Launch the server without waiting for it.

        Raises AlreadyRunning when somebody else uses `home`, ProgramsMissing, StartFailed.
        """
        self._lock.acquire()
        try:
            self._child = self._launch()
        except BaseException:
            self._lock.release()
            raise

    def restart(self) -> None:
        """Launch the server again, also after its death; it recovers what was committed."""
        if self._child is not None:
            end_child(self._child, self.end_signals, seconds=STOP_SECONDS)
        self._child = self._launch()

    def _make_private(self, account: Account | None, *directories: Path) -> None:
        """Make the directories, for nobody else to enter; `home` belongs to this user."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            private_directory(self.home)
            for directory in directories:
                private_directory(directory, account)
        except PermissionError as error:
            raise DemoError(f"{error.filename} belongs to another user: remove it first") from None

    def is_ready(self) -> bool:
        """Tell whether the server takes connections; raises StartFailed when it has ended."""
        if self._child is None or self._child.poll() is not None:
            raise StartFailed(f"{self.name} ended, see {self.log}")
        return self._answers()

    def wait_ready(self, seconds: float | None = None) -> None:
        """Return when the server takes connections; raise StartFailed when it does not."""
        seconds = self.start_seconds if seconds is None else seconds
        if not wait_until(self.is_ready, seconds=seconds):
            raise StartFailed(f"{self.name} did not answer in {seconds:.0f} s, see {self.log}")

    def exit_code(self) -> int | None:
        """Return how the server ended, a negative signal number when killed; None while it runs."""
        return self._child.poll() if self._child else None

    def stop(self) -> None:
        """Stop the server and give the lock back; safe to repeat and after its death."""
        if self._child is not None:
            end_child(self._child, self.end_signals, seconds=STOP_SECONDS)
            self._child = None
        self._lock.release()
