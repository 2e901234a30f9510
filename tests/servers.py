"""A pytest plugin: real PostgreSQL and Valkey, started before Django reads its settings.

The first process of a run starts the servers in a place that no other run uses; the workers of
`-n` inherit their addresses and get a database and a Valkey number of their own. The migrated
template database is kept and made anew only when a migration changes.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from core.demo.errors import AlreadyRunning
from core.demo.postgres import DATABASE, OWNER, SUPERUSER, LocalPostgres
from core.demo.valkey import LocalValkey

ROOT = Path(__file__).resolve().parent.parent
SLOTS = 16
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")

_running = ExitStack()


def start_in_free_slot(running: ExitStack, **options: str) -> tuple[LocalPostgres, LocalValkey]:
    """Start servers that nobody else uses; `running` ends them. `options` are PostgreSQL's."""
    for slot in range(SLOTS):
        home = ROOT / "var" / "test" / str(slot)
        postgres = LocalPostgres(home=home / "postgres", durable=False, options=options)
        try:
            running.enter_context(postgres)
        except AlreadyRunning:
            continue
        return postgres, running.enter_context(LocalValkey(home=home / "valkey", durable=False))
    raise RuntimeError(f"{SLOTS} test runs are under way in {ROOT}")


def _settings() -> dict[str, str]:
    return {
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "STATIC_FROM_SOURCE": "1",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "console",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright keeps an event loop in the test's thread
    }


def _migrations_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("*/*migrations/*.py"), ROOT / "core" / "rls.py"]):
        digest.update(path.read_bytes())
    digest.update((ROOT / "deploy" / "roles.sql").read_bytes())
    digest.update((ROOT / "requirements-dev.txt").read_bytes())
    return digest.hexdigest()[:12]


def template_of(postgres: LocalPostgres) -> str:
    """Return the name of a migrated database, which is made if this schema has none yet."""
    name = f"template_{_migrations_digest()}"
    with psycopg.connect(postgres.url("postgres", SUPERUSER), autocommit=True) as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"
        existing = {row[0] for row in connection.execute(query)}
        if name in existing:
            return name
        for old in existing:
            postgres.drop_database(old)
        unfinished = f"un{name}"
        postgres.drop_database(unfinished)
        postgres.create_database(unfinished)
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--skip-checks", "-v0"],
            cwd=ROOT,
            check=True,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": str(ROOT),
                "DATABASE_URL": postgres.url(unfinished),
                "DATABASE_OWNER_URL": postgres.url(unfinished, OWNER),
            },
        )
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


def _start() -> None:
    """Start what all workers share and tell them by the environment."""
    (ROOT / "var" / "static").mkdir(parents=True, exist_ok=True)  # whitenoise warns without it
    os.environ.update(_settings())
    postgres, valkey = start_in_free_slot(_running)
    os.environ["TEST_POSTGRES"] = postgres.url("{database}", "{role}")
    os.environ["TEST_VALKEY"] = valkey.url(0).replace("db=0", "db={number}")
    os.environ["REDIS_URL"] = valkey.url(0)
    os.environ["TEST_TEMPLATE"] = template_of(postgres)


def address(role: str, database: str | None = None) -> str:
    """Return the address of this worker's database, or of another, as a role."""
    return os.environ["TEST_POSTGRES"].format(database=database or f"test_{WORKER}", role=role)


def make_database(administer: str, name: str, template: str) -> None:
    """Make a database from a migrated one; `administer` is the superuser's address."""
    made, model = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(administer, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(made))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(made, model))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO taproom_owner").format(made))
        # A copy lacks what deploy/roles.sql says about the database itself.
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(made))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO taproom_app").format(made)
        )


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tell_worker() -> None:
    number = int(WORKER.removeprefix("gw") or 0) + 1
    os.environ["DATABASE_URL"] = address("taproom_app")
    os.environ["REDIS_URL"] = os.environ["TEST_VALKEY"].format(number=number)
    # The sandbox is started by the first test that needs it, at this port.
    os.environ["STRIPE_API_BASE"] = f"http://127.0.0.1:{free_port()}"


if "PYTEST_XDIST_WORKER" not in os.environ:
    _start()
_tell_worker()
make_database(address(SUPERUSER, "postgres"), f"test_{WORKER}", os.environ["TEST_TEMPLATE"])


def pytest_unconfigure() -> None:
    """Stop the servers of this run."""
    _running.close()


__all__ = ["DATABASE", "address", "free_port", "make_database", "start_in_free_slot", "template_of"]
