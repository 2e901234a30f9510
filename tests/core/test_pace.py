"""The pace that all processes share, and what one does without Redis."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from core.pace import BURST, Pace
from tests.servers import free_port

SLOW = 1 / 3600


def turns(pace: Pace, tries: int) -> list[bool]:
    return [pace.wait_for_turn(seconds=0) for _ in range(tries)]


def test_burst_passes_and_the_rest_waits() -> None:
    pace = Pace(f"test:{uuid4()}", per_second=SLOW)

    assert turns(pace, BURST + 3) == [True] * (BURST + 1) + [False] * 2


def test_processes_share_one_pace() -> None:
    name = f"test:{uuid4()}"
    one, other = Pace(name, per_second=SLOW), Pace(name, per_second=SLOW)

    first = turns(one, BURST)

    assert (first, turns(other, 2)) == ([True] * BURST, [True, False])


def test_names_have_paces_of_their_own() -> None:
    turns(Pace(f"test:{uuid4()}", per_second=SLOW), BURST + 1)

    assert Pace(f"test:{uuid4()}", per_second=SLOW).wait_for_turn(seconds=0) is True


def test_pause_holds_everybody() -> None:
    name = f"test:{uuid4()}"

    Pace(name, per_second=1000.0).pause(60)

    assert Pace(name, per_second=1000.0).wait_for_turn(seconds=0) is False


def test_waiting_ends_with_a_turn() -> None:
    pace = Pace(f"test:{uuid4()}", per_second=50.0)
    turns(pace, BURST + 1)

    assert pace.wait_for_turn(seconds=10) is True


@pytest.fixture
def without_redis(settings: Any) -> None:
    """Nobody listens where Redis should be."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"


def test_without_redis_a_process_goes_slowly_by_itself(without_redis: None) -> None:
    pace = Pace("test", per_second=SLOW)

    assert turns(pace, 3) == [True, False, False]


def test_pause_holds_without_redis(without_redis: None) -> None:
    pace = Pace("test", per_second=1000.0)

    pace.pause(60)

    assert pace.wait_for_turn(seconds=0) is False


def test_threads_share_the_pace_without_redis(without_redis: None) -> None:
    pace = Pace("test", per_second=SLOW)
    passed: list[bool] = []
    threads = [
        threading.Thread(target=lambda: passed.append(pace.wait_for_turn(seconds=0)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(passed) == [False] * 7 + [True]
