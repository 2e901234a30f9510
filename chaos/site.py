"""A whole Taproom to break: the demo as a child, and the ways to kill its parts."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from core.demo.environment import HOST, MARKER
from core.demo.layout import PROJECT, Layout, read_json
from core.demo.places import tag
from core.demo.postgres import LocalPostgres
from core.demo.processes import marked, running, wait_until
from core.demo.valkey import LocalValkey

START_SECONDS = 1800.0
STOP_SECONDS = 60.0
PARTS = (
    *("web", "beat", "sandbox", "PostgreSQL", "Valkey"),
    *("worker-default", "worker-stripe", "worker-webhooks", "worker-billing"),
)


class CannotStart(Exception):
    """The demo did not start; nothing was measured."""


@dataclass(frozen=True)
class Site:
    """A running demo. `facts` is what it wrote into its demo.json."""

    layout: Layout
    facts: dict[str, Any]

    @property
    def web(self) -> str:
        """The address of the web server."""
        return str(self.facts["web"])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's own controls; raises requests.RequestException."""
        url = f"{self.facts['sandbox']}/_sandbox/{path}"
        answer = requests.request(method, url, json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def answers(self) -> bool:
        """Tell whether all parts say that they work."""
        return _is_there(f"{self.web}/readyz") and _is_there(
            f"{self.facts['sandbox']}/_sandbox/health"
        )

    def wait_whole(self, seconds: float = 120.0) -> bool:
        """Wait until all parts work."""
        return wait_until(self.answers, seconds=seconds)

    def kill(self, part: str) -> int:
        """End a part as when memory runs out (SIGKILL); returns how many processes it had."""
        found = self.processes(part)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def processes(self, part: str) -> set[int]:
        """Return the processes of a part: a program with all it started, or a server's first."""
        servers: dict[str, Callable[[list[str]], bool]] = {
            "PostgreSQL": lambda words: (
                words[0].endswith("/postgres") and str(self._postgres.data) in words
            ),
            "Valkey": lambda words: any(str(self._valkey.socket) in word for word in words),
        }
        if part in servers:
            return {pid for pid, words in running() if servers[part](words)}
        ours = marked(f"{MARKER}={tag(self.layout.var)}")
        first = {pid for pid, words in running() if pid in ours and _is_of(part, words)}
        groups = {_group(pid) for pid in first}
        return {pid for pid in ours if _group(pid) in groups}

    def with_sessions(self, part: str) -> set[int]:
        """Return the processes of a part, of PostgreSQL its sessions as well."""
        title = f"postgres: {tag(self._postgres.home)}"
        sessions = {pid for pid, words in running() if " ".join(words).startswith(title)}
        return self.processes(part) | (sessions if part == "PostgreSQL" else set())

    @property
    def _postgres(self) -> LocalPostgres:
        return LocalPostgres(home=self.layout.postgres)

    @property
    def _valkey(self) -> LocalValkey:
        return LocalValkey(home=self.layout.valkey)


def _is_of(part: str, words: list[str]) -> bool:
    wanted = {"web": "granian", "beat": "beat", "sandbox": "sandbox"}.get(part, f"{part}@demo")
    return wanted in words


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -pid


def _is_there(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def site(home: Path, port: int, say: Callable[[str], None]) -> Iterator[Site]:
    """Start the demo in `home`, and end it. Raises CannotStart."""
    layout = Layout(var=home)
    layout.prepare()
    command = [sys.executable, "-m", "chaos.demo", str(home), str(port)]
    env = {**os.environ, **_settings()}
    told = home / "demo.log"  # beside the logs of the parts, which the demo rotates
    with told.open("wb") as log:
        child = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        say("starting a demo of our own; this takes a minute or two ...")
        if not wait_until(
            lambda: bool(read_json(layout.summary)) or child.poll() is not None,
            seconds=START_SECONDS,
        ) or not read_json(layout.summary):
            raise CannotStart(f"the demo did not start, see {told}")
        yield Site(layout, read_json(layout.summary))
    finally:
        _end(child)


def _settings() -> dict[str, str]:
    """Let one machine be many customers, each at an address of their own."""
    return {
        "TRUSTED_PROXY_COUNT": "1",
        "API_RATE_PER_ADDRESS": "100000/m",
        "API_RATE_PER_CREDENTIAL": "100000/m",
    }


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def enter(site: Site) -> None:
    """Let this process read and write the demo's rows, as one more worker would."""
    for line in site.layout.environment.read_text().splitlines():
        [word] = shlex.split(line)
        name, _, value = word.partition("=")
        os.environ[name] = value
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ.pop("DATABASE_OWNER_URL", None)
    import django

    django.setup()


def address(port: int) -> str:
    """Return where a web server of ours listens."""
    return f"http://{HOST}:{port}"


def pause(seconds: float) -> None:
    """Let a breakage last, or a person think."""
    time.sleep(seconds)
