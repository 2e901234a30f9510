"""What is measured: the real application on servers of its own, as the demo runs it."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
import psycopg
from cryptography.fernet import Fernet
from django.core.management import call_command
from psycopg import sql

from core.demo.layout import PROJECT
from core.demo.postgres import DATABASE, OWNER, SUPERUSER, LocalPostgres
from core.demo.valkey import LocalValkey

HOST = "127.0.0.1"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Web:
    """One web server: its port and the process that started its workers."""

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """Return what all its processes have used so far; 0 where the system does not tell."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        if not listed.exists():
            return 0.0
        pids = [str(self.pid), *listed.read_text().split()]
        return sum(processor_seconds_of(pid) for pid in pids)


def processor_seconds_of(pid: int | str) -> float:
    """Return user and system time out of /proc/<pid>/stat (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is."""

    postgres: LocalPostgres
    real: Web
    bare: Web

    @property
    def superuser_url(self) -> str:
        """The database, as its superuser."""
        return self.postgres.url(role=SUPERUSER)


@contextmanager
def servers(
    home: Path, options: dict[str, str] | None = None
) -> Iterator[tuple[LocalPostgres, LocalValkey]]:
    """Run an empty PostgreSQL, which writes to disk as in production, and a Valkey.

    `options` are settings of the server beyond its own defaults.
    """
    shutil.rmtree(home / "log", ignore_errors=True)
    log = home / "log" / "postgres.log"
    with (
        LocalPostgres(home=home / "postgres", log=log, options=options) as postgres,
        LocalValkey(home=home / "valkey", durable=False) as valkey,
    ):
        postgres.drop_database(DATABASE)
        postgres.create_database()
        yield postgres, valkey


def migrate_once(postgres: LocalPostgres) -> None:
    """Make the tables, or copy the ones that an earlier run made by the same migrations."""
    from django.db import connections

    digest = hashlib.sha256()
    for path in sorted([*PROJECT.glob("*/*migrations/*.py"), PROJECT / "core" / "rls.py"]):
        digest.update(path.read_bytes())
    kept = f"ready_{digest.hexdigest()[:12]}"
    with psycopg.connect(postgres.url("postgres", SUPERUSER), autocommit=True) as administer:
        found = administer.execute("SELECT FROM pg_database WHERE datname = %s", [kept])
        if found.fetchone() is None:
            call_command("migrate", verbosity=0, skip_checks=True)
            connections.close_all()
            made, model = kept, DATABASE
        else:
            postgres.drop_database(DATABASE)
            made, model = DATABASE, kept
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        administer.execute(words.format(sql.Identifier(made), sql.Identifier(model)))
    postgres.create_database()  # a copy lacks what the roles may do with the database itself


@contextmanager
def database(home: Path, options: dict[str, str] | None = None) -> Iterator[LocalPostgres]:
    """Run the servers, load Django in this process and make the tables."""
    with servers(home, options) as (postgres, valkey):
        served = settings_of(postgres, valkey)
        os.environ.update(served, DATABASE_OWNER_URL=postgres.url(role=OWNER))
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        yield postgres


@contextmanager
def stage(home: Path) -> Iterator[Stage]:
    """Serve the application and a bare view in processes of their own."""
    with database(home) as postgres, ExitStack() as running:
        environment = dict(os.environ)
        environment.pop("DATABASE_OWNER_URL")
        webs = [
            running.enter_context(web(name, home / "log" / "web.log", environment))
            for name in ("config.wsgi:application", "benchmarks.bare:application")
        ]
        yield Stage(postgres, *webs)


def settings_of(postgres: LocalPostgres, valkey: LocalValkey) -> dict[str, str]:
    """Return the environment of the application: that of production, limits out of reach."""
    return {
        "ALLOWED_HOSTS": HOST,
        "API_RATE_PER_CREDENTIAL": "100000000/m",
        "DATABASE_URL": postgres.url(),
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "LOG_LEVEL": "WARNING",
        "PUBLIC_URL": f"http://{HOST}",
        "REDIS_URL": valkey.url(),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "STATIC_FROM_SOURCE": "true",
    }


@contextmanager
def web(application: str, log: Path, environment: dict[str, str]) -> Iterator[Web]:
    """Serve an application with the web server's options of the demo."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST),
        *("--port", str(port), "--workers", "2", "--blocking-threads", "4", "--no-ws"),
        *("--respawn-failed-workers", application),
    ]
    with (
        log.open("a") as output,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_for(port, process, log)
            yield Web(port, process.pid)
        finally:
            process.terminate()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the port takes connections; raises RuntimeError if the server ends before."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the web server did not start, see {log}")
