"""What links offer beyond one amount, and the versions of what they said."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.encryption
import core.models.base
from core.rls import ProtectTenantTables


def _row():
    """Return the columns that all tenant rows share."""
    now = core.models.base.DatabaseNow
    return [
        (
            "id",
            models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("created_at", models.DateTimeField(db_default=now(), editable=False)),
        ("updated_at", models.DateTimeField(db_default=now(), editable=False)),
    ]


def _tenant():
    return _to("core.tenant", django.db.models.deletion.PROTECT, editable=False)


def _to(model, on_delete, **options):
    return models.ForeignKey(on_delete=on_delete, to=model, **{"related_name": "+", **options})


def _user(**options):
    return _to(settings.AUTH_USER_MODEL, django.db.models.deletion.SET_NULL, null=True, **options)


def _link(**options):
    return _to("payments.paymentlink", django.db.models.deletion.PROTECT, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_outgoing_webhooks"),
        ("payments", "0003_settled_refunds_and_times_off"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="paymentlink",
            name="pricing",
            field=models.CharField(
                choices=[
                    ("fixed", "One amount"),
                    ("chosen", "The customer chooses the amount"),
                    ("items", "Several items"),
                    ("parts", "One amount, paid in parts"),
                ],
                db_default="fixed",
                default="fixed",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="paymentlink",
            name="offer",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()), default=dict, editable=False
            ),
        ),
        migrations.AddField(
            model_name="paymentlink",
            name="prefill",
            field=core.encryption.EncryptedJSONField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="paymentlink",
            name="claimed_minor",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="paymentlink",
            name="received_minor",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="paymentlink",
            name="terms_version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddConstraint(
            model_name="paymentlink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pricing", "parts"), _negated=True),
                    ("claimed_minor__lte", models.F("amount_minor")),
                    _connector="OR",
                ),
                name="link_parts_within_whole",
            ),
        ),
        migrations.CreateModel(
            name="LinkVersion",
            fields=[
                *_row(),
                ("number", models.PositiveIntegerField()),
                ("terms", core.encryption.EncryptedJSONField()),
                (
                    "changed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        db_default=[],
                        default=list,
                        size=None,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("link", _link(related_name="versions")),
                ("made_by", _user()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "link", "number"), name="link_version_numbered_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", 0)), name="link_version_counts_from_one"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="checkout",
            name="link_version",
            field=_to(
                "payments.linkversion",
                django.db.models.deletion.PROTECT,
                null=True,
                related_name="checkouts",
            ),
        ),
        migrations.AddField(
            model_name="checkout",
            name="details",
            field=core.encryption.EncryptedJSONField(null=True),
        ),
        migrations.CreateModel(
            name="LinkTemplate",
            fields=[
                *_row(),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("name", models.CharField(max_length=80)),
                ("terms", core.encryption.EncryptedJSONField()),
                ("created_by", _user(editable=False)),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "name"), name="link_template_named_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkImport",
            fields=[
                *_row(),
                ("digest", models.CharField(max_length=64)),
                ("file_name", models.CharField(blank=True, max_length=200)),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("imported_by", _user()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "digest"), name="link_import_once_per_file"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportedLink",
            fields=[
                *_row(),
                ("key", models.CharField(max_length=64)),
                ("link", _link()),
                ("tenant", _tenant()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "key"), name="link_imported_once_per_row"
                    )
                ],
            },
        ),
        ProtectTenantTables(),
    ]
