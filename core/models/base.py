"""What all business rows share: an id, their tenant, and times that the database keeps."""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models


class DatabaseNow(models.Func):
    """`now()`: the start of the transaction, as the database's clock has it."""

    function = "now"
    output_field = models.DateTimeField()


class Row(models.Model):
    """An id and two times with defaults of the database, so that raw INSERTs get them too."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(db_default=DatabaseNow(), editable=False)
    # A trigger moves it on every UPDATE (core.rls).
    updated_at = models.DateTimeField(db_default=DatabaseNow(), editable=False)

    class Meta:
        abstract = True


class TenantRow(Row):
    """A row that belongs to one tenant and that the database hides from all others.

    `core.rls.ProtectTenantTables` gives each such table its policy, its trigger and composite
    foreign keys; a test walks the catalogue and fails on a table that was forgotten.
    """

    tenant = models.ForeignKey(
        "core.Tenant", on_delete=models.PROTECT, editable=False, related_name="+"
    )

    class Meta:
        abstract = True


class EditableRow(TenantRow):
    """A tenant's row that people edit: `version` is its ETag and counts up with each edit."""

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True
