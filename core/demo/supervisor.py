"""Starts the parts in the order of their needs, keeps them alive, and stops them in reverse."""

import http.client
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.demo import parts, stamps
from core.demo.environment import (
    HOST,
    MARKER,
    Addresses,
    child_environment,
    owner_environment,
    write_environment,
)
from core.demo.errors import DemoError, StartFailed
from core.demo.interrupts import stop_is_asked
from core.demo.layout import Layout, read_json, write_json
from core.demo.memory import Memory
from core.demo.places import tag
from core.demo.postgres import OWNER, LocalPostgres
from core.demo.summary import announce, summary
from core.demo.terminal import Terminal
from core.demo.valkey import LocalValkey
from core.demo.watch import Watch, how_it_ended, last_lines

# A new machine that makes the tables under load needs minutes; what ends is told at once.
READY_SECONDS = 900.0
LOOK_SECONDS = 0.05
IDLE_SECONDS = 0.2
ANSWER_SECONDS = 2.0


class Stopped(Exception):
    """Somebody asked the demo to end; not an error."""


class Supervisor:
    """One run of the demo, from the first child to the last."""

    def __init__(
        self,
        layout: Layout,
        terminal: Terminal,
        *,
        port: int,
        given: Mapping[str, str],
        patience: float = READY_SECONDS,
    ) -> None:
        self._patience = patience
        self._layout = layout
        self._terminal = terminal
        self._port = port
        self._given = given
        self._memory = Memory(layout)
        self._watch = Watch(terminal)
        self._marker = tag(layout.var)
        self._postgres: LocalPostgres | None = None
        self._valkey: LocalValkey | None = None

    def run(self) -> None:
        """Run until a signal comes; raises DemoError when the demo cannot go on."""
        try:
            self._bring_up()
            while True:
                self._look(IDLE_SECONDS)
        except Stopped:
            self._terminal.line("stopping")
        finally:
            self._bring_down()
        self._terminal.line("stopped")

    # --- up ------------------------------------------------------------------------------------

    def _bring_up(self) -> None:
        addresses = self._start_servers()
        write_environment(self._layout, addresses)
        env = child_environment(self._layout, addresses, marker=self._marker)
        owner_env = owner_environment(self._layout, addresses, marker=self._marker)
        self._prepare_database()
        # Web and workers load their code while the tables are made; only beat would miss them.
        self._watch.add(parts.web(self._layout, env, self._port))
        for worker in parts.workers(self._layout, env):
            self._watch.add(worker)
        schema = self._migrate(owner_env)
        self._watch.add(parts.beat(self._layout, env))
        self._wait("the web server", lambda: self._answers(addresses.web, "/healthz"))
        self._terminal.line("web server answers")
        logins = self._fill(owner_env, schema, addresses)
        self._wait("the workers", lambda: self._answers(addresses.web, "/readyz"))
        self._watch.is_starting = False
        content = summary(addresses, logins)
        write_json(self._layout.summary, content)
        self._terminal.line("ready")
        announce(self._terminal, content, self._layout)

    def _start_servers(self) -> Addresses:
        """Start what the environment does not give, all at once, and wait until it answers."""
        sandbox = self._start_sandbox()
        if "REDIS_URL" not in self._given:
            self._valkey = LocalValkey(home=self._layout.valkey, log=self._layout.log("valkey"))
            self._watch.add(self._valkey)
        if "DATABASE_URL" not in self._given:
            log = self._layout.log("postgres")
            self._postgres = LocalPostgres(home=self._layout.postgres, log=log)
            self._terminal.line("starting PostgreSQL, Valkey and the sandbox")
            self._watch.add(self._postgres)
        for server in (self._postgres, self._valkey):
            if server:
                self._wait(server.name, server.is_ready)
                self._terminal.line(f"{server.name} answers")
        return self._addresses(sandbox)

    def _start_sandbox(self) -> str:
        """Return the sandbox's address, empty when nothing needs it."""
        if {"STRIPE_API_BASE", "SHOP_URL"} <= self._given.keys():
            return ""
        port = self._memory.sandbox_port()
        env = {**self._given_environment(), MARKER: self._marker}
        self._watch.add(parts.sandbox(self._layout, env, port))
        return f"http://{HOST}:{port}"

    def _given_environment(self) -> dict[str, str]:
        empty = Addresses("", "", "", "", "", "", "")
        return child_environment(self._layout, empty, marker=self._marker)

    def _addresses(self, sandbox: str) -> Addresses:
        given, postgres, valkey = self._given, self._postgres, self._valkey
        return Addresses(
            web=f"http://{HOST}:{self._port}",
            database_app=postgres.url() if postgres else given["DATABASE_URL"],
            database_owner=postgres.url(role=OWNER) if postgres else given["DATABASE_OWNER_URL"],
            redis=valkey.url() if valkey else given["REDIS_URL"],
            stripe_api_base=given.get("STRIPE_API_BASE", sandbox),
            shop=given.get("SHOP_URL", f"{sandbox}/shop"),
            sandbox=sandbox,
        )

    def _prepare_database(self) -> None:
        if self._postgres:
            self._postgres.create_database()

    def _migrate(self, env: Mapping[str, str]) -> str:
        """Make the tables unless the last start made the same ones; return their stamp."""
        if self._postgres is None:
            self._run_command(env, "migrate", "--no-input")
            return ""
        stamp = stamps.schema_stamp(str(self._postgres.system_identifier()))
        if self._memory.get("schema") != stamp:
            self._run_command(env, "migrate", "--no-input")
            self._memory.note("schema", stamp)
            self._terminal.line("tables are made")
        return stamp

    def _fill(self, env: Mapping[str, str], schema: str, addresses: Addresses) -> dict[str, Any]:
        """Put the demo data in unless it is there; return the logins that came of it."""
        if addresses.sandbox:
            self._wait("the sandbox", lambda: self._answers(addresses.sandbox, "/_sandbox/health"))
        places = (addresses.web, addresses.stripe_api_base, addresses.shop)
        stamp = stamps.demo_data_stamp(schema, places) if schema else ""
        logins = read_json(self._layout.demo_data)
        if not logins or not stamp or self._memory.get("demo_data") != stamp:
            self._run_command(env, "demo_data", "--output", str(self._layout.demo_data))
            self._layout.demo_data.chmod(0o600)
            self._memory.note("demo_data", stamp)
            logins = read_json(self._layout.demo_data)
            self._terminal.line("demo data is in")
        return logins

    def _run_command(self, env: Mapping[str, str], *words: str) -> None:
        """Run a management command to its end while the parts are looked after."""
        command = parts.manage(self._layout, env, words[0].replace("_", "-"), *words)
        command.start()
        try:
            self._wait(words[0], lambda: command.exit_code() is not None)
            code = command.exit_code()
        finally:
            command.stop()
        if code:
            ended = f"{words[0]} {how_it_ended(code)}, see {command.log}:"
            raise StartFailed(f"{ended}\n{last_lines(command.log)}")

    # --- while it runs ---------------------------------------------------------------------------

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Look after the parts until `condition` holds."""
        end = time.monotonic() + self._patience
        while not condition():
            if time.monotonic() > end:
                raise StartFailed(f"gave up waiting for {what}, see {self._layout.var / 'log'}")
            self._terminal.waiting(f"waiting for {what}")
            self._look(LOOK_SECONDS)

    def _look(self, pause: float) -> None:
        if stop_is_asked() or self._terminal.is_closed:
            raise Stopped
        self._watch.look()
        time.sleep(pause)

    def _answers(self, base: str, path: str) -> bool:
        """Tell whether a GET is answered with 200, without a proxy in between."""
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    # --- down ------------------------------------------------------------------------------------

    def _bring_down(self) -> None:
        """Stop what works first, together, then what it leans on."""
        self._layout.summary.unlink(missing_ok=True)
        self._layout.environment.unlink(missing_ok=True)
        started = self._watch.parts
        working = [part for part in started if isinstance(part, parts.Program)]
        for program in working:
            if program.name != "sandbox":
                program.ask_to_stop()
        servers = [part for part in started if part not in working]
        for part in [*reversed(working), *reversed(servers)]:
            part.stop()


def refuse_bad_environment(given: Mapping[str, str]) -> None:
    """Raise DemoError when the environment gives half of what is needed."""
    if "DATABASE_URL" in given and "DATABASE_OWNER_URL" not in given:
        raise DemoError("DATABASE_URL is set: set DATABASE_OWNER_URL as well, migrations need it")
