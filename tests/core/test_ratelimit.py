"""Limits that hold across processes, and that neither open nor break when Redis is down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory

from core.ratelimit import address_key, client_address, limit, split_rate
from tests.servers import ROOT, free_port


def request_from(remote: str, forwarded: str | None = None) -> Any:
    extra = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=remote, **extra)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "10.0.0.1", None, "10.0.0.1"),
        (0, "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (1, "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (1, "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "unknown", "10.0.0.1"),
        (1, "10.0.0.1", "1.2.3.4:5678", "10.0.0.1"),
        (1, "10.0.0.1", "1.2.3.4; DROP", "10.0.0.1"),
        (1, "", "1.2.3.4", "1.2.3.4"),
        (0, "", None, "0.0.0.0"),
        (1, "::1", " 2001:DB8::1 ", "2001:db8::1"),
        (0, "::ffff:10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_client_address_believes_only_our_own_proxies(
    settings: Any, proxies: int, remote: str, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies

    assert client_address(request_from(remote, forwarded)) == expected


def test_addresses_of_one_ipv6_network_are_one_caller() -> None:
    keys = {address_key(request_from(f"2001:db8:0:1::{n}")) for n in (1, 2, "ffff")}

    assert keys == {"address:2001:db8:0:1::"}


@pytest.mark.parametrize(
    ("rate", "found"), [("5/s", (5, 1)), ("60/m", (60, 60)), ("1/d", (1, 86400))]
)
def test_rate_is_read(rate: str, found: tuple[int, int]) -> None:
    assert split_rate(rate) == found


@pytest.mark.parametrize("rate", ["", "5", "0/m", "-1/m", "x/m", "5/y", "5/"])
def test_other_rates_are_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        split_rate(rate)


@pytest.fixture
def _clean() -> Any:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("_clean")
def test_limit_allows_its_count_and_says_when_to_come_again() -> None:
    verdicts = [limit("test", "a", "3/h") for _ in range(4)]
    other_key, other_group = limit("test", "b", "3/h"), limit("else", "a", "3/h")

    assert [v.is_allowed for v in verdicts] == [True, True, True, False]
    assert [v.remaining for v in verdicts] == [2, 1, 0, 0]
    assert 1 <= verdicts[3].retry_after <= 3600
    assert (other_key.is_allowed, other_group.is_allowed) == (True, True)


@pytest.mark.usefixtures("_clean")
def test_limit_is_open_again_after_its_window() -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        first = [limit("test", "a", "1/m").is_allowed for _ in range(2)]
        clock.shift(61)
        later = limit("test", "a", "1/m").is_allowed

    assert (first, later) == ([True, False], True)


@pytest.mark.usefixtures("_clean")
def test_limit_is_exact_for_forty_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(lambda _: limit("test", "a", "7/h").is_allowed, range(40)))

    assert allowed == 7


DEAD_REDIS = """
import json, time, django
django.setup()
from core.ratelimit import limit
start = time.monotonic()
verdicts = [limit("test", "a", "40/m") for _ in range(12)]
others = [limit("test", f"key {n}", "2/m").is_allowed for n in range(30_000)]
print(json.dumps({
    "allowed": [v.is_allowed for v in verdicts],
    "retry_after": verdicts[-1].retry_after,
    "most": verdicts[0].limit,
    "others": sum(others),
    "seconds": time.monotonic() - start,
}))
"""


def test_without_redis_each_process_counts_for_itself_with_a_lower_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEAD_REDIS],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "LOG_FORMAT": "json",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    found = json.loads(done.stdout)
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]

    assert found["allowed"] == [True] * 10 + [False] * 2
    assert found["most"] == 10
    assert 1 <= found["retry_after"] <= 60
    # Keys beyond what a process remembers share one window: the memory is bounded, not the door.
    assert found["others"] == 10_000
    assert [line["event"] for line in told] == ["rate_limits_are_local"]
    assert found["seconds"] < 20
