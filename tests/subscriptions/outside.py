"""An outside program with its role, and the operator who gives it one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from config.addresses import database
from core.models import Tenant
from subscriptions.operations.sql_roles import grant_sql_role, revoke_sql_role
from tests.servers import address
from tests.subscriptions.programs import Program, listed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "00000000-0000-0000-000-000000000000{}"
AGO = datetime(2019, 2, 18, 12, 25, 56, 563000)  # noqa: DTZ001 - the data model has no zones


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, with the owner's address."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_OWNER_URL": address("taproom_owner"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def as_owner() -> Iterator[DatabaseWrapper]:
    """The connection of the role that owns the tables, in a transaction as the command has it."""
    settings = {**connections["default"].settings_dict, **database(address("taproom_owner"))}
    wrapper = DatabaseWrapper(settings, "default")
    try:
        wrapper.set_autocommit(False)
        yield wrapper
        wrapper.commit()
    finally:
        wrapper.close()


def made(tenant: Tenant, **more: bool) -> str:
    """Make the role of a tenant; returns its address."""
    with as_owner() as owner:
        return grant_sql_role(owner=owner, tenant_id=tenant.pk, **more).address


def revoke(tenant: Tenant) -> None:
    """Take the role of a tenant away."""
    with as_owner() as owner:
        revoke_sql_role(owner=owner, tenant_id=tenant.pk)


def fill(outside: psycopg.Connection, members: int = 2) -> None:
    """Put in an active club and active members, as the data model's own examples name them."""
    outside.execute("INSERT INTO club (id, name, store_sku) VALUES (1, 'Pilsner club', 7)")
    outside.execute(
        "INSERT INTO club_status_history (id, club_id, club_status_id, effect_date, create_date)"
        " VALUES ('c1', 1, 1, %(ago)s, %(ago)s)",
        {"ago": AGO},
    )
    for number in range(members):
        one = EXAMPLE.format(number)
        outside.execute(
            "INSERT INTO subscription VALUES (%s, 1, %s, %s)", [one, f"customer {number}", AGO]
        )
        outside.execute(
            "INSERT INTO subscription_status_history VALUES (%s, %s, 1, %s, %s, NULL)",
            [f"h{number}", one, AGO, AGO],
        )


def eligible(api: Program) -> list[str]:
    return sorted(listed(api.call("GET", "/subscription/eligible")))
