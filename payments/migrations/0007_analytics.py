"""Count views of links a day, and find payments by the moment that analytics counts them at."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Coalesce

import core.models.base
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_outgoing_webhooks"),
        ("payments", "0006_fraud"),
    ]

    operations = [
        migrations.CreateModel(
            name="LinkViews",
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
                ("day", models.DateField()),
                ("views", models.BigIntegerField(db_default=0, default=0)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="payments.paymentlink",
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
                "verbose_name_plural": "link views",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "day", "link"), name="link_views_once_a_day"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("views__gte", 0)), name="link_views_not_negative"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="checkout",
            index=models.Index(
                condition=models.Q(("link__isnull", False)),
                fields=["tenant", "created_at"],
                name="checkout_of_link_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                models.F("tenant"),
                Coalesce("paid_at", "created_at"),
                name="payment_by_moment",
            ),
        ),
        ProtectTenantTables(),
    ]
