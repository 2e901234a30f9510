"""Promise: no row refers to one that is missing or another company's.

Within a company's scope other companies' rows do not exist, so one question answers both.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from billing.queries.audit.check import Check
from core.rls import is_tenant_table

# Columns that point at rows without a foreign key of their own.
_BARE = (
    ("billing_usageevent", "idempotency_key", "bucket_id", "billing_usagebucket"),
    ("billing_invoiceline", "id", "organization_id", "billing_organization"),
)


def _pointers() -> Iterator[tuple[str, str, str, str]]:
    """Yield table, its id, pointing column and table pointed at, of all rows of billing."""
    yield from _BARE
    for model in apps.get_app_config("billing").get_models():
        for field in model._meta.local_concrete_fields:
            target: type[models.Model] | None = (
                field.remote_field.model if field.remote_field else None
            )
            if target is not None and is_tenant_table(target) and field.column:
                yield model._meta.db_table, "id", field.column, target._meta.db_table


def _missing(table: str, key: str, column: str, target: str) -> str:
    return (
        f'SELECT f."{key}"::text AS id, \'{table}.{column} points at \' || f."{column}" AS detail'  # noqa: S608 - names of ours
        f' FROM "{table}" f WHERE f."{column}" IS NOT NULL'
        f' AND NOT EXISTS (SELECT FROM "{target}" t WHERE t.id = f."{column}")'
    )


def no_foreign_references() -> Check:
    """Return the check, made from the models as they are."""
    return Check(
        name="no_foreign_references",
        says="No row points at one that does not exist or belongs to another company.",
        sql=" UNION ALL ".join(_missing(*pointer) for pointer in _pointers()),
    )
