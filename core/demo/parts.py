"""The processes of the demo: what each is started with, and how it is asked to end."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.demo.environment import HOST
from core.demo.layout import PROJECT, Layout
from core.demo.processes import end_child, end_group, spawn

STOP_SECONDS = 10.0
# One worker for each group, so that slow calls to Stripe never hold up its webhooks. The number is
# how many tasks at a time.
WORKERS = {"default,mirror": 2, "stripe": 2, "webhooks": 2, "shop": 2, "billing": 2}


class Part(Protocol):
    """Something the supervisor keeps alive."""

    @property
    def name(self) -> str:
        """What the terminal calls it."""

    @property
    def log(self) -> Path:
        """Where it writes."""

    def start(self) -> None:
        """Launch it without waiting."""

    def restart(self) -> None:
        """Launch it again after its death."""

    def exit_code(self) -> int | None:
        """Return how it ended; None while it runs."""

    def stop(self) -> None:
        """End it and wait; safe to repeat."""


@dataclass
class Program:
    """A part that is one command."""

    name: str
    command: Sequence[str | Path]
    log: Path
    env: Mapping[str, str]
    cwd: Path = PROJECT
    death_signal: signal.Signals = signal.SIGKILL
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _is_asked: bool = field(default=False, init=False)

    def start(self) -> None:
        """Launch it without waiting."""
        self._is_asked = False
        self._child = spawn(
            self.command, log=self.log, cwd=self.cwd, env=self.env, death_signal=self.death_signal
        )

    def restart(self) -> None:
        """Launch it again after its death, once nothing of it is left."""
        self.stop()
        self.start()

    def exit_code(self) -> int | None:
        """Return how it ended, a negative signal number when killed; None while it runs."""
        return self._child.poll() if self._child else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM once: a second one makes some programs drop what they are doing."""
        if self._child and not self._is_asked and self._child.poll() is None:
            self._is_asked = True
            self._child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask, wait, then kill it and what it started; safe to repeat."""
        if self._child is None:
            return
        self.ask_to_stop()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            end_child(self._child, (), seconds=STOP_SECONDS)
        end_group(self._child.pid)
        self._child = None


def manage(layout: Layout, env: Mapping[str, str], name: str, *words: str | Path) -> Program:
    """Return a management command as a part that ends by itself."""
    command = [sys.executable, PROJECT / "manage.py", *words]
    return Program(name, command, layout.log(name), env)


def web(layout: Layout, env: Mapping[str, str], port: int) -> Program:
    """Return the web server, as in production but for the address."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST),
        *("--port", str(port), "--workers", "2", "--blocking-threads", "4", "--no-ws"),
        # A worker that is still loading does not listen to SIGTERM.
        *("--respawn-failed-workers", "--workers-kill-timeout", "3", "config.wsgi:application"),
    ]
    # Killed, it would leave its own workers behind, which hold the port.
    return Program("web", command, layout.log("web"), env, death_signal=signal.SIGTERM)


def workers(layout: Layout, env: Mapping[str, str]) -> list[Program]:
    """Return one Celery worker for each group of queues."""
    return [_worker(layout, env, queues, tasks) for queues, tasks in WORKERS.items()]


def _worker(layout: Layout, env: Mapping[str, str], queues: str, tasks: int) -> Program:
    name = "worker-" + queues.partition(",")[0]
    command = [
        *(sys.executable, "-m", "celery", "-A", "config", "worker", "--queues", queues),
        *("--concurrency", str(tasks), "--hostname", f"{name}@demo", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),  # they wait a second for workers to greet
    ]
    return Program(name, command, layout.log(name), env)


def beat(layout: Layout, env: Mapping[str, str]) -> Program:
    """Return the clock that sends periodic tasks."""
    command: list[str | Path] = [
        *(sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "INFO"),
        *("--schedule", layout.beat_schedule, "--pidfile", ""),
    ]
    return Program("beat", command, layout.log("beat"), env)


def sandbox(layout: Layout, env: Mapping[str, str], port: int) -> Program:
    """Return the stand-in for Stripe and the shop."""
    command: list[str | Path] = [
        *(sys.executable, "-m", "sandbox", "--host", HOST, "--port", str(port)),
        *("--state", layout.sandbox_state),
    ]
    return Program("sandbox", command, layout.log("sandbox"), env)
