"""A pytest plugin: Taproom as it serves, in processes of its own, for journeys.

Web, worker and beat run on this test worker's own database and Valkey number and talk to the
sandbox. They live on from test to test and end before one that does not use them: a worker that
sweeps the database would meddle with it. Tests that use `stack` carry `@pytest.mark.journey` and
`@pytest.mark.xdist_group("journey")`, so that under `-n` one worker starts it and not all of them.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis
import requests
from celery import Celery
from django.conf import settings

from config.addresses import celery_broker_url
from core.demo import parts
from core.demo.environment import HOST, UNWANTED
from core.demo.layout import Layout
from core.demo.parts import Program
from core.demo.processes import end_group, wait_until
from tests.servers import free_port

READY_SECONDS = 30.0
QUIET_SECONDS = 30.0
LINES_SHOWN = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RUNNING = pytest.StashKey["Stack | None"]()
EACH_SECOND = re.compile(r"core\.beat|payments\.sweep|routing_key=default$|/readyz")


class Process(Program):
    """A part that a test may also kill."""

    @classmethod
    def of(cls, program: Program) -> Process:
        """Return the same part as one that can be killed."""
        return cls(
            program.name, program.command, program.log, program.env,
            death_signal=program.death_signal,
        )  # fmt: skip

    def kill(self) -> None:
        """End it and all that it started with SIGKILL, as when memory runs out."""
        assert self._child is not None, f"{self.name} does not run"
        end_group(self._child.pid)
        self._child.wait()


class Stack:
    """Web, worker and beat of one Taproom. `addresses` are the variables that say where."""

    def __init__(self, home: Path, addresses: Mapping[str, str]) -> None:
        self.layout = Layout(var=home)
        self.layout.prepare()
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        env = _environment(self.url, addresses)
        self.redis_url = env["REDIS_URL"]
        self.web = Process.of(parts.web(self.layout, env, self.port))
        self.worker = Process("worker", _worker(), self.layout.log("worker"), env)
        self.beat = Process("beat", _beat(self.layout), self.layout.log("beat"), env)
        self.processes = (self.web, self.worker, self.beat)
        self._lost: set[bytes] = set()

    def start(self) -> None:
        """Start all parts and wait until each of them works."""
        for process in self.processes:
            process.start()
        self.wait_ready()

    def stop(self) -> None:
        """End all parts; safe to repeat."""
        for process in self.processes:
            process.ask_to_stop()
        for process in self.processes:
            process.stop()

    def wait_ready(self) -> None:
        """Wait until web, broker, beat and worker say that they work."""
        for process in self.processes:
            assert process.exit_code() is None, f"{process.name} ended:\n{self.logs()}"
        ready = wait_until(lambda: self.answers("/readyz"), seconds=READY_SECONDS)
        assert ready, f"not ready after {READY_SECONDS:.0f} s:\n{self.logs()}"

    def answers(self, path: str) -> bool:
        """Tell whether a page answers with 200."""
        try:
            return requests.get(self.url + path, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def worker_answers(self) -> bool:
        """Tell whether the worker itself hears what it is asked over the broker."""
        asking = Celery(broker=celery_broker_url(self.redis_url), set_as_current=False)
        # A connection of its own: one from the pool may be of a broker that was killed.
        with asking.connection_for_write() as connection:
            return bool(asking.control.ping(timeout=2.0, limit=1, connection=connection))

    def kill_worker(self) -> None:
        """Kill the worker; the broker keeps its tasks for ten minutes, as for a slow one."""
        self.worker.kill()
        with redis.Redis.from_url(self.redis_url) as broker:
            self._lost |= set(broker.hkeys("unacked"))

    def wait_quiet(self) -> None:
        """Wait until the worker has nothing left to do but what is meant for later."""
        with redis.Redis.from_url(self.redis_url) as broker:
            quiet = wait_until(lambda: self._tasks(broker) == 0, seconds=QUIET_SECONDS)
        assert quiet, f"the worker is still busy after {QUIET_SECONDS:.0f} s"

    def _tasks(self, broker: redis.Redis) -> int:
        """Count the tasks that wait or are being worked on, without those meant for later."""
        waiting = sum(broker.llen(queue) for queue in settings.QUEUE_NAMES)
        taken = broker.hgetall("unacked")
        alive = [json.loads(text) for tag, text in taken.items() if tag not in self._lost]
        return waiting + sum(not message["headers"]["eta"] for message, *_ in alive)

    def logs(self) -> str:
        """Return the last lines of all logs, without what beat has done each second."""
        return "\n".join(_last_lines(process) for process in self.processes)


def _last_lines(process: Process) -> str:
    text = process.log.read_text(errors="replace") if process.log.exists() else ""
    lines = [line for line in COLOUR.sub("", text).splitlines() if not EACH_SECOND.search(line)]
    return "\n".join([f"--- {process.name}", *lines[-LINES_SHOWN:]])


def _environment(url: str, addresses: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return {
        **inherited,
        "ALLOWED_HOSTS": HOST,
        "API_RATE_PER_ADDRESS": "100000/m",
        "API_RATE_PER_CREDENTIAL": "100000/m",
        "LOG_LEVEL": "INFO",
        **_mail(addresses),
        "NO_COLOR": "1",
        "PUBLIC_URL": url,
        "PYTHONUNBUFFERED": "1",
        "TRUSTED_PROXY_COUNT": "1",  # so that a test can be many customers at many addresses
        **addresses,
    }


def _mail(addresses: Mapping[str, str]) -> dict[str, str]:
    """Let letters go to the sandbox, where a test can open them."""
    base = addresses.get("STRIPE_API_BASE")
    return {"MAIL_INTAKE_URL": f"{base}/mail"} if base else {}


def _worker() -> list[str | Path]:
    queues = ",".join(settings.QUEUE_NAMES)
    return [
        *(sys.executable, "-m", "celery", "-A", "config", "worker", "--queues", queues),
        *("--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    ]


def _beat(layout: Layout) -> list[str | Path]:
    return [
        *(sys.executable, "-m", "celery", "-A", "tests.journeys.hasty", "beat"),
        *("--loglevel", "INFO", "--pidfile", "", "--schedule", layout.beat_schedule),
    ]


def shop(sandbox: str) -> dict[str, str]:
    """Return where the sandbox's shop is, and a pace that no test has to wait for."""
    return {"SHOP_URL": f"{sandbox}/shop", "SHOP_RATE": "1000"}


@pytest.fixture
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sandbox_process: str
) -> Stack:
    """Taproom's processes on this worker's database, with the sandbox in Stripe's place."""
    running = request.session.stash.get(RUNNING, None)
    if running is None:
        home = tmp_path_factory.mktemp("stack")
        running = Stack(home, {"STRIPE_API_BASE": sandbox_process, **shop(sandbox_process)})
        request.session.stash[RUNNING] = running
        running.start()
    return running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End the processes once the next test does without them."""
    try:
        return (yield)
    finally:
        if "stack" not in getattr(nextitem, "fixturenames", ()):
            running = item.session.stash.get(RUNNING, None)
            if running is not None:
                item.session.stash[RUNNING] = None
                running.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the logs of the processes with a journey that failed."""
    report = yield
    known = getattr(item, "funcargs", {}).values()
    stacks = {
        one for one in (getattr(value, "stack", value) for value in known) if isinstance(one, Stack)
    }
    if report.failed:
        report.sections.extend(("logs of Taproom's processes", found.logs()) for found in stacks)
    return report
