"""Rents taken from saved payment methods; accounts that a person has checked."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.models.base
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_outgoing_webhooks"),
        ("subscriptions", "0004_leases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RentCollection",
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
                ("epoch", models.PositiveSmallIntegerField(db_default=1, default=1)),
                ("key_used_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0)),
                ("next_at", models.DateTimeField(null=True)),
                (
                    "last_error",
                    models.CharField(blank=True, db_default="", default="", max_length=500),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked for"),
                            ("done", "Taken, or on its way"),
                            ("refused", "Refused"),
                        ],
                        default="asked",
                        max_length=7,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("stripe_customer_id", models.CharField(max_length=255)),
                (
                    "stripe_invoice_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "stripe_charge_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                ("asked_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="collections",
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
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "asked")),
                        fields=["tenant", "next_at"],
                        name="rent_collection_to_do",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="rent_collection_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")),
                        fields=("tenant", "rent"),
                        name="one_collection_at_a_time_per_rent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="rent_collection_amount_is_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("done_at__isnull", False),
                            _connector="OR",
                        ),
                        name="done_rent_collection_says_when",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="house",
            name="checked_account_id",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=64
            ),
        ),
        ProtectTenantTables(),
    ]
