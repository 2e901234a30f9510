import datetime

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.encryption
import core.models.base
import core.models.tenant
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Club",
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
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "number",
                    models.IntegerField(
                        help_text="How the website and other programs know it.", verbose_name="id"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                (
                    "store_sku",
                    models.IntegerField(
                        help_text="What the shop sends to each member.", verbose_name="SKU"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Such as Europe/Amsterdam; empty: the company's.",
                        max_length=60,
                        validators=[core.models.tenant.validate_zone],
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
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="ClubStatus",
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
                ("number", models.IntegerField(verbose_name="id")),
                ("name", models.CharField(max_length=255)),
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
                "verbose_name_plural": "club statuses",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="ClubStatusChange",
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
                ("reference", models.CharField(max_length=36)),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=core.models.base.DatabaseNow())),
                ("details", models.TextField(blank=True, db_default="", default="")),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                ("status", models.IntegerField()),
                (
                    "club",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="subscriptions.club",
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
                "ordering": ["-effective_at", "-recorded_at", "-reference"],
            },
        ),
        migrations.CreateModel(
            name="ShopAccount",
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
                ("api_key", core.encryption.EncryptedTextField()),
                ("api_secret", core.encryption.EncryptedTextField()),
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
                "verbose_name": "shop account",
            },
        ),
        migrations.CreateModel(
            name="Subscription",
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
                ("reference", models.CharField(max_length=36, verbose_name="id")),
                ("customer_store_id", models.CharField(max_length=36, verbose_name="customer")),
                ("subscribed_at", models.DateTimeField(db_default=core.models.base.DatabaseNow())),
                ("last_status", models.IntegerField(editable=False, null=True)),
                ("last_effective_at", models.DateTimeField(editable=False, null=True)),
                (
                    "club",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="subscriptions.club",
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
            },
        ),
        migrations.CreateModel(
            name="Charge",
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
                ("request_id", models.CharField(max_length=200, verbose_name="request id")),
                ("month", models.DateField()),
                ("customer_store_id", models.CharField(max_length=36, verbose_name="customer")),
                ("store_sku", models.IntegerField(verbose_name="SKU")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("claimed", "Under way"),
                            ("charged", "Charged"),
                            ("declined", "Declined"),
                            ("refused", "Refused"),
                            ("unsent", "Not sent"),
                            ("unknown", "Unknown"),
                        ],
                        default="claimed",
                        max_length=10,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "-"),
                            ("retry", "Try again later"),
                            ("customer", "The customer must act"),
                            ("ours", "We must mend something"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("answer", models.JSONField(editable=False, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "requested_by",
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
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="charges",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="SubscriptionStatus",
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
                ("number", models.IntegerField(verbose_name="id")),
                ("name", models.CharField(max_length=255)),
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
                "verbose_name_plural": "subscription statuses",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="SubscriptionStatusChange",
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
                ("reference", models.CharField(max_length=36)),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=core.models.base.DatabaseNow())),
                ("details", models.TextField(blank=True, db_default="", default="")),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                ("status", models.IntegerField()),
                (
                    "origin",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Put in by SQL"),
                            ("subscribed", "Subscribed"),
                            ("command", "Commanded"),
                            ("return", "Return from a pause"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                    ),
                ),
                ("interval_days", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="subscriptions.subscription",
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
                "ordering": ["-effective_at", "-recorded_at", "-reference"],
            },
        ),
        migrations.AddConstraint(
            model_name="club",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="club_id_once_per_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="clubstatus",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="club_status_id_once_per_tenant"
            ),
        ),
        migrations.AddIndex(
            model_name="clubstatuschange",
            index=models.Index(
                condition=models.Q(("withdrawn_at", None)),
                fields=["club", "-effective_at", "-recorded_at", "-reference"],
                name="club_status_newest",
            ),
        ),
        migrations.AddConstraint(
            model_name="clubstatuschange",
            constraint=models.UniqueConstraint(
                fields=("tenant", "reference"), name="club_status_history_id_once_per_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="clubstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference__regex", "^[^[:cntrl:]]+$")),
                name="club_status_history_id_is_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="clubstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_at__gte", datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    ("effective_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                name="club_status_history_effect_date_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="clubstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recorded_at__gte", datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    ("recorded_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                name="club_status_history_create_date_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="shopaccount",
            constraint=models.UniqueConstraint(
                fields=("tenant",), name="shop_account_once_per_tenant"
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["tenant", "customer_store_id"], name="subscription_by_customer"
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="subscription_newest"),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("tenant", "reference"), name="subscription_id_once_per_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("tenant", "club", "customer_store_id"),
                name="subscription_once_per_customer_and_club",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference__regex", "^[^[:cntrl:]]+$")),
                name="subscription_id_is_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("customer_store_id__regex", "^[^[:cntrl:]]+$")),
                name="subscription_customer_is_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "subscribed_at__gte",
                        datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC),
                    ),
                    ("subscribed_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                name="subscription_create_date_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("last_effective_at", None), ("last_status", None)),
                    models.Q(("last_effective_at__isnull", False), ("last_status__isnull", False)),
                    _connector="OR",
                ),
                name="subscription_last_belongs_together",
            ),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(
                condition=models.Q(("state__in", ["claimed", "unknown"])),
                fields=["tenant", "next_at"],
                name="charge_open",
            ),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="charge_newest"),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.UniqueConstraint(
                fields=("tenant", "request_id"), name="charge_request_id_once_per_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["claimed", "charged", "unknown"])),
                fields=("tenant", "subscription", "month"),
                name="charge_once_per_month",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="charge_month_is_its_first_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(("request_id__regex", "^[^[:cntrl:]]+$")),
                name="charge_request_id_is_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_at__isnull", False), ("state__in", ["claimed", "unknown"])),
                    models.Q(
                        models.Q(("state__in", ["claimed", "unknown"]), _negated=True),
                        ("next_at", None),
                    ),
                    _connector="OR",
                ),
                name="open_charge_is_due_again",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "charged"), _negated=True),
                    models.Q(("answer__isnull", False), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="charged_charge_has_answer",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatus",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="subscription_status_id_once_per_tenant"
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionstatuschange",
            index=models.Index(
                condition=models.Q(("withdrawn_at", None)),
                fields=["subscription", "-effective_at", "-recorded_at", "-reference"],
                include=("status",),
                name="subscription_status_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionstatuschange",
            index=models.Index(
                fields=["tenant", "effective_at"], name="subscription_status_by_effect"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatuschange",
            constraint=models.UniqueConstraint(
                fields=("tenant", "reference"),
                name="subscription_status_history_id_once_per_tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference__regex", "^[^[:cntrl:]]+$")),
                name="subscription_status_history_id_is_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_at__gte", datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    ("effective_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                name="subscription_status_history_effect_date_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recorded_at__gte", datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    ("recorded_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                name="subscription_status_history_create_date_in_range",
            ),
        ),
        ProtectTenantTables(),
    ]
