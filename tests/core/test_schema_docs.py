"""docs/schema.sql and docs/rls_policies.sql tell what the database is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command

from tests.servers import address

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = ("schema.sql", "rls_policies.sql")


@pytest.mark.parametrize("name", FILES)
def test_file_is_what_the_command_writes(db: None, tmp_path: Path, name: str) -> None:
    call_command("write_schema", to=tmp_path, verbosity=0)

    words = f"docs/{name} is old: run `python3 run.py manage write_schema`"
    assert (DOCS / name).read_text() == (tmp_path / name).read_text(), words


def test_files_make_a_database(db: None, tmp_path: Path) -> None:
    """What a reader finds is SQL that PostgreSQL takes, and gives the same files again."""
    with psycopg.connect(address("postgres", "postgres"), autocommit=True) as superuser:
        superuser.execute("DROP DATABASE IF EXISTS described WITH (FORCE)")
        superuser.execute("CREATE DATABASE described TEMPLATE template0")
        try:
            with psycopg.connect(address("postgres", "described")) as described:
                for name in FILES:
                    described.execute((DOCS / name).read_text().encode())
                query = "SELECT count(*) FROM pg_policies"
                found = described.execute(query).fetchone()
        finally:
            superuser.execute("DROP DATABASE IF EXISTS described WITH (FORCE)")

    with psycopg.connect(address("postgres")) as real:
        ours = real.execute(query + " WHERE tablename NOT LIKE 'djstripe%'").fetchone()
    assert found == ours
