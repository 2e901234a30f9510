"""Keys are rotated without losing a value, whoever writes meanwhile."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from core import tenancy
from core.models import StoredAnswer, Tenant
from core.operations.rotation import (
    encrypted_models,
    lies_under_newest_key,
    replace,
    rotate_batch,
)

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def make_answers(tenant: Tenant, *bodies: str) -> None:
    with tenancy.scope(tenant.pk):
        for body in bodies:
            StoredAnswer.objects.create(
                tenant=tenant,
                caller="user:x",
                key=body,
                request_hash="0" * 64,
                body=body,
                lease_until=timezone.now(),
            )


def raw_bodies(connection: psycopg.Connection) -> list[str]:
    return [body for (body,) in connection.execute("SELECT body FROM core_storedanswer")]


def run(**options: Any) -> str:
    out = io.StringIO()
    call_command("rotate_encryption", stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def _old_rows(settings: Any, tenant: Tenant, other_tenant: Tenant) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    make_answers(tenant, "one", "two")
    make_answers(other_tenant, "three")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]


def test_every_encrypted_model_is_found() -> None:
    assert (StoredAnswer, ("body",)) in list(encrypted_models())


@pytest.mark.usefixtures("_old_rows")
def test_all_values_of_all_tenants_lie_under_the_newest_key(
    settings: Any, tenant: Tenant, superuser_connection: psycopg.Connection
) -> None:
    told = run()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    assert told == "3 rows read, 3 values rewritten.\n"
    assert [lies_under_newest_key(body) for body in raw_bodies(superuser_connection)] == [True] * 3
    with tenancy.scope(tenant.pk):
        bodies = sorted(StoredAnswer.objects.values_list("body", flat=True))
    assert bodies == ["one", "two"]


@pytest.mark.usefixtures("_old_rows")
def test_second_run_rewrites_nothing(superuser_connection: psycopg.Connection) -> None:
    run()
    before = raw_bodies(superuser_connection)

    told = run()

    assert told == "3 rows read, 0 values rewritten.\n"
    assert raw_bodies(superuser_connection) == before


@pytest.mark.usefixtures("_old_rows")
def test_dry_run_writes_nothing(superuser_connection: psycopg.Connection) -> None:
    before = raw_bodies(superuser_connection)

    told = run(dry_run=True)

    assert told == "3 rows read, 3 values would be rewritten.\n"
    assert raw_bodies(superuser_connection) == before


@pytest.mark.usefixtures("_old_rows")
def test_batches_go_on_behind_the_last_row(tenant: Tenant) -> None:
    found, after = [], None
    with tenancy.scope(tenant.pk):
        for _ in range(3):
            batch = rotate_batch(
                model=StoredAnswer, fields=("body",), after=after, size=1, dry_run=False
            )
            after = batch.last
            found.append((batch.rows, batch.rewritten, after is None))

    assert found == [(1, 1, False), (1, 1, False), (0, 0, True)]


@pytest.mark.usefixtures("_old_rows")
def test_value_written_meanwhile_is_kept(
    tenant: Tenant, superuser_connection: psycopg.Connection
) -> None:
    with tenancy.scope(tenant.pk):
        row = StoredAnswer.objects.get(key="one")
    query = "SELECT body FROM core_storedanswer WHERE key = 'one'"
    [(seen,)] = superuser_connection.execute(query).fetchall()

    with tenancy.scope(tenant.pk):
        StoredAnswer.objects.filter(pk=row.pk).update(body="newer")
        replaced = replace(StoredAnswer, row.pk, "body", seen, "would be lost")
        row.refresh_from_db()

    assert (replaced, row.body) == (0, "newer")


@pytest.mark.usefixtures("_old_rows")
def test_value_of_a_lost_key_is_named_and_the_rest_is_done(settings: Any, tenant: Tenant) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    make_answers(tenant, "lost")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    with pytest.raises(CommandError, match=r"1 values open with no key[\s\S]*StoredAnswer.body of"):
        run()

    with tenancy.scope(tenant.pk):
        kept = StoredAnswer.objects.exclude(key="lost")
        assert sorted(kept.values_list("body", flat=True)) == ["one", "two"]


@pytest.mark.django_db(transaction=True)
def test_rotation_under_load_loses_nothing(
    settings: Any, tenant: Tenant, transactional_db: None
) -> None:
    """Writers change and add values, with either key, while all is written again."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    make_answers(tenant, *(f"old {n}" for n in range(60)))
    both = {"old first": [OLD, NEW], "new first": [NEW, OLD]}
    settings.FIELD_ENCRYPTION_KEYS = both["old first"]
    is_over = Event()

    def write(worker: int) -> dict[str, str]:
        """Change ten rows of one's own over and over, and add new ones; return what was meant."""
        meant: dict[str, str] = {}
        try:
            for turn in count():
                if is_over.is_set() and turn >= 3:
                    break
                with tenancy.scope(tenant.pk):
                    for n in range(worker * 10, worker * 10 + 10):
                        meant[f"old {n}"] = f"turn {turn} of {worker}"
                        StoredAnswer.objects.filter(key=f"old {n}").update(body=meant[f"old {n}"])
                make_answers(tenant, f"new {worker}.{turn}")
                meant[f"new {worker}.{turn}"] = f"new {worker}.{turn}"
        finally:
            connections.close_all()
        return meant

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(4)]
        settings.FIELD_ENCRYPTION_KEYS = both["new first"]
        for _ in range(3):
            run()
        is_over.set()
        meant = {key: body for writer in writers for key, body in writer.result().items()}
    run()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    untouched = {f"old {n}": f"old {n}" for n in range(40, 60)}
    with tenancy.scope(tenant.pk):
        found = dict(StoredAnswer.objects.values_list("key", "body"))
    assert found == untouched | meant
    assert "0 values rewritten" in run()
