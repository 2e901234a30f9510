"""Reports of the nightly audit."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

import core.models.base
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0040_setup_settings"),
        ("core", "0003_usage_portal"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=core.models.base.DatabaseNow(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=core.models.base.DatabaseNow(), editable=False),
                ),
                ("ended_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                ("checks", models.PositiveIntegerField()),
                ("violations", models.JSONField(default=dict)),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-ended_at"],
                "indexes": [
                    models.Index(fields=["tenant", "-ended_at"], name="audit_report_newest")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seconds__gte", 0)), name="audit_report_took_time"
                    )
                ],
            },
        ),
        ProtectTenantTables(),
    ]
