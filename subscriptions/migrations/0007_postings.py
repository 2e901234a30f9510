"""Keep the charges, refunds and disputes of rents, for the daily ledger to compare."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

import core.models.base
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0007_analytics"),
        ("subscriptions", "0006_whole"),
    ]

    operations = [
        migrations.CreateModel(
            name="RentPosting",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("charge", "Charge"),
                            ("refund", "Refund"),
                            ("dispute", "Dispute"),
                        ],
                        max_length=7,
                    ),
                ),
                ("stripe_id", models.CharField(max_length=255)),
                ("stripe_charge_id", models.CharField(max_length=255)),
                ("status", models.CharField(max_length=30)),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=60)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("answer_by", models.DateTimeField(null=True)),
                ("happened_at", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
                (
                    "rent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="subscriptions.rentpayment",
                    ),
                ),
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
                "ordering": ["-happened_at", "-id"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant", "happened_at"], name="rent_posting_by_time")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_id"), name="rent_posting_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 0)),
                        name="rent_posting_is_of_something",
                    ),
                ],
            },
        ),
        ProtectTenantTables(),
    ]
