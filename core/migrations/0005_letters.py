"""The outbox of e-mails, and whether payers are sent receipts."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.encryption
import core.models.base
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_outgoing_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="sends_receipts",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Payers who gave an address get their receipt by e-mail.",
                verbose_name="e-mail receipts",
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("api_key", "Api Key"),
                    ("payment_link", "Payment Link"),
                    ("webhook", "Webhook"),
                    ("application_fee", "Application Fee"),
                    ("calendar_feed", "Calendar Feed"),
                    ("usage_portal", "Usage Portal"),
                    ("receipt", "Receipt"),
                    ("link_recipient", "Link Recipient"),
                ],
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="Letter",
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
                ("kind", models.CharField(max_length=40)),
                ("subject_id", models.UUIDField()),
                ("once", models.CharField(max_length=200, null=True)),
                ("language", models.CharField(default="en", max_length=10)),
                ("envelope", core.encryption.EncryptedJSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("given_up", "Not sent"),
                            ("closed", "Closed by hand"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                (
                    "sent_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["tenant", "next_at"],
                        name="letter_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "given_up")),
                        fields=["tenant", "created_at"],
                        name="letter_given_up",
                    ),
                    models.Index(fields=["tenant", "kind", "subject_id"], name="letter_by_subject"),
                    models.Index(fields=["tenant", "-created_at", "-id"], name="letter_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "once"), name="letter_written_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("envelope__isnull", False),
                                ("next_at__isnull", False),
                                ("state", "waiting"),
                            ),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True), ("next_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="waiting_letter_is_due",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True),
                            ("sent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="sent_letter_has_its_time",
                    ),
                ],
            },
        ),
        ProtectTenantTables(),
    ]
