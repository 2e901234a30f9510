"""Celery's workers and beat as in production, and somebody who kills them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from core.demo.layout import PROJECT
from core.demo.processes import end_group

QUEUES = "default,billing"
BACK_SECONDS = 2.0  # what a process supervisor waits before it starts a worker again


@dataclass
class Crew:
    """Workers, each with some processes of its own, and beat."""

    count: int
    concurrency: int
    log: Path
    kills: int = 0
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start all of them."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._start("beat", "beat", "--pidfile", "", "--schedule", str(self.log.parent / "beat"))
        for number in range(self.count):
            self._start_worker(f"push{number}")

    def _start_worker(self, name: str) -> None:
        self._start(
            name, "worker", "--queues", QUEUES, "--concurrency", str(self.concurrency),
            "--hostname", f"{name}@benchmark", "--without-gossip", "--without-mingle",
        )  # fmt: skip

    def _start(self, name: str, *words: str) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config", *words, "--loglevel", "WARNING"]
        with self.log.open("ab") as output:
            self._running[name] = subprocess.Popen(
                command, cwd=PROJECT, stdout=output, stderr=output, start_new_session=True
            )

    def kill_one(self, dice: Random) -> str:
        """Kill a worker, or one of its processes alone, with SIGKILL; returns what was killed.

        A whole worker is started again a moment later; its process for the lost one by itself.
        """
        name = dice.choice([name for name in self._running if name != "beat"])
        worker = self._running[name]
        children = _children(worker.pid)
        self.kills += 1
        if children and dice.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(children), signal.SIGKILL)
            return f"a process of {name}"
        end_group(worker.pid)
        worker.wait()
        time.sleep(BACK_SECONDS)
        self._start_worker(name)
        return name

    def stop(self) -> None:
        """End all of them."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            end_group(process.pid)
            process.wait()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def watch(
    crew: Crew,
    waiting: Callable[[], int],
    *,
    kill_every: int,
    dice: Random,
    patience: float,
    say: Callable[[str], None],
) -> list[tuple[float, int]]:
    """Return when nothing waits any more, or after `patience`; kills on the way, if wanted.

    A kill comes whenever `kill_every` more are done, so that a slow machine is killed no more often
    than a quick one. Returns how many waited, at each look: (seconds since the start, count).
    """
    began = time.monotonic()
    looks = [(0.0, waiting())]
    next_at = looks[0][1] - kill_every
    while time.monotonic() - began < patience:
        time.sleep(2)
        looks.append((time.monotonic() - began, waiting()))
        if not looks[-1][1]:
            break
        if kill_every and looks[-1][1] <= next_at:
            next_at = looks[-1][1] - kill_every
            victim = crew.kill_one(dice)
            say(f"{looks[-1][0]:5.0f} s  {looks[-1][1]} wait  killed {victim}")
    return looks
