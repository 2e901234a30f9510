"""The supervisor's watch over tiny programs."""

from __future__ import annotations

import os
import signal
import sys
from io import StringIO
from pathlib import Path

import pytest

from core.demo.errors import StartFailed
from core.demo.parts import Program
from core.demo.processes import running, wait_until
from core.demo.terminal import Terminal
from core.demo.watch import DEATHS_ALLOWED, WITHIN_SECONDS, Watch


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def program(tmp_path: Path, code: str) -> Program:
    command = [sys.executable, "-I", "-S", "-c", code]
    return Program("part", command, tmp_path / "part.log", {}, cwd=tmp_path)


def ended(part: Program) -> bool:
    return wait_until(lambda: part.exit_code() is not None, seconds=10)


def kill(part: Program) -> None:
    assert part._child
    os.kill(part._child.pid, signal.SIGKILL)
    assert ended(part)


@pytest.fixture
def said() -> StringIO:
    return StringIO()


def test_killed_part_is_started_again_after_a_pause(tmp_path: Path, said: StringIO) -> None:
    clock = Clock()
    watch = Watch(Terminal(said), clock)
    part = program(tmp_path, "import time; time.sleep(60)")
    watch.add(part)
    watch.is_starting = False

    kill(part)
    watch.look()
    during_pause = part.exit_code()
    clock.now += 1
    watch.look()
    after_pause = part.exit_code()
    part.stop()

    assert (during_pause, after_pause) == (-signal.SIGKILL, None)
    assert said.getvalue().endswith("part was killed by SIGKILL: starting it again\n")


def test_part_that_keeps_dying_ends_the_demo(tmp_path: Path, said: StringIO) -> None:
    clock = Clock()
    watch = Watch(Terminal(said), clock)
    part = program(tmp_path, "print('out of order'); raise SystemExit(3)")
    watch.is_starting = False
    watch.add(part)

    for _ in range(DEATHS_ALLOWED - 1):
        assert ended(part)
        watch.look()
        clock.now += 6
        watch.look()
    assert ended(part)
    with pytest.raises(StartFailed) as caught:
        watch.look()
    part.stop()

    expected = f"part ended with exit code 3, see {part.log}:\n"
    assert str(caught.value) == expected + "\n".join(["    out of order"] * DEATHS_ALLOWED)


def test_deaths_long_ago_are_forgiven(tmp_path: Path, said: StringIO) -> None:
    clock = Clock()
    watch = Watch(Terminal(said), clock)
    part = program(tmp_path, "raise SystemExit(3)")
    watch.is_starting = False
    watch.add(part)

    for _ in range(DEATHS_ALLOWED + 1):
        assert ended(part)
        watch.look()
        clock.now += WITHIN_SECONDS
        watch.look()
    part.stop()

    assert len(said.getvalue().splitlines()) == DEATHS_ALLOWED + 1


def test_part_that_ends_while_starting_is_not_tried_again(tmp_path: Path, said: StringIO) -> None:
    watch = Watch(Terminal(said))
    part = program(tmp_path, "raise SystemExit('no such setting')")
    watch.add(part)
    assert ended(part)

    with pytest.raises(StartFailed, match=r"part ended with exit code 1, .*\n    no such setting$"):
        watch.look()
    part.stop()

    assert said.getvalue() == ""


def test_stop_takes_what_the_part_started_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, time; print(subprocess.Popen(['/bin/sleep', '61.75']).pid, flush=True);"
        "time.sleep(60)"
    )
    part = program(tmp_path, code)
    part.start()
    assert wait_until(lambda: part.log.read_text().endswith("\n"), seconds=10)
    grandchild = int(part.log.read_text())

    part.stop()
    part.stop()

    assert wait_until(lambda: grandchild not in dict(running()), seconds=10)
