"""All rows of usage billing, each table with its rules at once: migrating is slow by the step."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import billing.models.fields
import billing.models.plan
import core.encryption
import core.models.base
import core.models.tenant
from core.rls import ProtectTenantTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0003_usage_portal"),
        ("payments", "0003_settled_refunds_and_times_off"),
    ]

    operations = [
        # Ranges that may not overlap stand beside columns that must be equal.
        BtreeGistExtension(),
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
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("ended_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                ("checks", models.PositiveIntegerField()),
                ("violations", models.JSONField(default=dict)),
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
        migrations.CreateModel(
            name="BillingRun",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("month", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("compiling", "Compiling"),
                            ("review", "In review"),
                            ("finalizing", "Finalizing"),
                            ("stopped", "Stopped"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="compiling",
                        max_length=10,
                    ),
                ),
                ("stopped_in", models.CharField(blank=True, default="", max_length=10)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("compiled_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-month", "-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["compiling", "review", "finalizing", "stopped"])
                        ),
                        fields=("tenant",),
                        name="one_open_billing_run",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)),
                        name="billing_run_month_is_its_first_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", False), ("state__in", ["done", "cancelled"])
                            ),
                            models.Q(
                                models.Q(("state__in", ["done", "cancelled"]), _negated=True),
                                ("ended_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="ended_billing_run_has_its_end",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillingSettings",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("grace_hours", models.PositiveSmallIntegerField(db_default=24, default=24)),
                ("oldest_usage_days", models.PositiveSmallIntegerField(db_default=35, default=35)),
                ("net_days", models.PositiveSmallIntegerField(db_default=14, default=14)),
                (
                    "below_minimum",
                    models.CharField(
                        choices=[
                            ("carry", "Carried to the next invoice"),
                            ("waive", "Waived"),
                            ("push", "Sent all the same"),
                        ],
                        db_default="carry",
                        default="carry",
                        max_length=5,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "billing settings",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant",), name="billing_settings_once_per_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("grace_hours__lte", 744)),
                        name="billing_grace_is_at_most_a_month",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("oldest_usage_days__gte", 1), ("oldest_usage_days__lte", 400)
                        ),
                        name="oldest_usage_is_of_some_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("net_days__lte", 365)),
                        name="billing_net_days_is_at_most_a_year",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Meter",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=120)),
                ("product", models.CharField(blank=True, max_length=120)),
                ("unit", models.CharField(blank=True, max_length=40)),
                (
                    "aggregation",
                    models.CharField(
                        choices=[
                            ("sum", "Sum of quantities"),
                            ("count", "Number of events"),
                            ("max", "Largest quantity"),
                            ("latest", "Latest quantity"),
                            ("unique", "Different values"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "dimensions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("unique_by", models.CharField(blank=True, default="", max_length=40)),
                ("allows_negative", models.BooleanField(default=False)),
                ("is_archived", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["product", "name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "code"), name="meter_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")),
                        name="meter_code_is_plain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("aggregation", "unique"), ("unique_by__gt", "")),
                            models.Q(
                                models.Q(("aggregation", "unique"), _negated=True),
                                ("unique_by", ""),
                            ),
                            _connector="OR",
                        ),
                        name="unique_meter_says_by_what",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("allows_negative", False), ("aggregation", "sum"), _connector="OR"
                        ),
                        name="only_sums_may_be_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberSeries",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("invoice", "Invoices"), ("credit_note", "Credit notes")],
                        max_length=11,
                    ),
                ),
                ("prefix", models.CharField(max_length=12)),
                ("next_number", models.BigIntegerField(default=1)),
            ],
            options={
                "verbose_name_plural": "number series",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "kind"), name="number_series_once_per_kind"
                    ),
                    models.UniqueConstraint(fields=("tenant", "prefix"), name="number_prefix_once"),
                    models.CheckConstraint(
                        condition=models.Q(("prefix__regex", "^[A-Z0-9-]{1,12}$")),
                        name="number_prefix_is_plain",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Plan",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=3)),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "code"), name="plan_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")),
                        name="plan_code_is_plain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="plan_currency_is_upper_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanVersion",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="billing.plan",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("note", models.CharField(blank=True, max_length=300)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["plan", "-number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "number"), name="plan_version_number_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="billing.planversion",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="billing.meter",
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        choices=[
                            ("per_unit", "Per unit"),
                            ("graduated", "Graduated: each tier for its own units"),
                            ("volume", "Volume: all units at the tier reached"),
                            ("package", "Package"),
                        ],
                        max_length=9,
                    ),
                ),
                ("filter_dimension", models.CharField(blank=True, default="", max_length=40)),
                ("filter_value", models.CharField(blank=True, default="", max_length=200)),
                (
                    "included",
                    billing.models.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "package_size",
                    billing.models.fields.ExactField(
                        blank=True, decimal_places=12, max_digits=38, null=True
                    ),
                ),
                ("minimum_minor", models.BigIntegerField(default=0)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
            ],
            options={
                "ordering": ["version", "meter", "filter_value", "starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on", None),
                            ("ends_on__gt", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="price_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("included__gte", 0)),
                        name="price_includes_no_less_than_nothing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minimum_minor__gte", 0)),
                        name="price_minimum_is_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("model", "package"), ("package_size__gt", 0)),
                            models.Q(
                                models.Q(("model", "package"), _negated=True),
                                ("package_size", None),
                            ),
                            _connector="OR",
                        ),
                        name="package_price_has_its_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("filter_dimension", ""), _negated=True),
                            ("filter_value", ""),
                            _connector="OR",
                        ),
                        name="price_filter_has_dimension",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("version", "="),
                            ("meter", "="),
                            ("filter_dimension", "="),
                            ("filter_value", "="),
                            (
                                billing.models.plan.DaysFrom(
                                    "starts_on",
                                    "ends_on",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="price_ranges_do_not_overlap",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("filter_dimension", ""), _negated=True),
                        expressions=[
                            ("version", "="),
                            ("meter", "="),
                            ("filter_dimension", "<>"),
                            (
                                billing.models.plan.DaysFrom(
                                    "starts_on",
                                    "ends_on",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="price_filters_use_one_dimension",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceTier",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "price",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tiers",
                        to="billing.price",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "above",
                    billing.models.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "up_to",
                    billing.models.fields.ExactField(
                        blank=True, decimal_places=12, max_digits=38, null=True
                    ),
                ),
                (
                    "rate",
                    billing.models.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "flat",
                    billing.models.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
            ],
            options={
                "ordering": ["price", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("price", "position"), name="tier_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("above__gte", 0),
                            models.Q(
                                ("up_to", None), ("up_to__gt", models.F("above")), _connector="OR"
                            ),
                        ),
                        name="tier_ends_above_its_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate__gte", 0), ("flat__gte", 0)),
                        name="tier_rates_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PushDesk",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("paused_at", models.DateTimeField(null=True)),
                (
                    "paused_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("pause_reason", models.CharField(blank=True, default="", max_length=300)),
                ("down_since", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="push_desk_once_per_tenant")
                ],
            },
        ),
        migrations.CreateModel(
            name="RecurringFee",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fees",
                        to="billing.planversion",
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("product", models.CharField(blank=True, max_length=120)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "timing",
                    models.CharField(
                        choices=[
                            ("advance", "In advance: with the invoice before"),
                            ("arrears", "In arrears: with the period's own invoice"),
                        ],
                        max_length=7,
                    ),
                ),
                ("is_prorated", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["version", "name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 0)),
                        name="recurring_fee_is_not_negative",
                    ),
                    models.UniqueConstraint(
                        fields=("version", "name"), name="recurring_fee_name_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("percentage", billing.models.fields.ExactField(decimal_places=6, max_digits=9)),
                ("is_inclusive", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("percentage__gte", 0), ("percentage__lte", 100)),
                        name="tax_rate_is_a_percentage",
                    ),
                    models.UniqueConstraint(fields=("tenant", "name"), name="tax_rate_name_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organization",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("code", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=200)),
                ("payer", core.encryption.EncryptedJSONField(default=dict)),
                ("currency", models.CharField(max_length=3)),
                (
                    "time_zone",
                    models.CharField(max_length=60, validators=[core.models.tenant.validate_zone]),
                ),
                ("anchor_day", models.PositiveSmallIntegerField(default=1)),
                ("billing_starts_on", models.DateField()),
                ("closed_through", models.DateField(editable=False, null=True)),
                ("net_days", models.PositiveSmallIntegerField(default=14)),
                (
                    "collection",
                    models.CharField(
                        choices=[
                            ("charge_automatically", "Charged by saved method"),
                            ("send_invoice", "Pays by invoice"),
                        ],
                        default="send_invoice",
                        max_length=20,
                    ),
                ),
                (
                    "below_minimum",
                    models.CharField(
                        choices=[
                            ("carry", "Carried to the next invoice"),
                            ("waive", "Waived"),
                            ("push", "Sent all the same"),
                        ],
                        default="carry",
                        max_length=5,
                    ),
                ),
                (
                    "tax_rate",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.taxrate",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("closed", "Closed")],
                        default="active",
                        max_length=6,
                    ),
                ),
                (
                    "stripe_customer_id",
                    models.CharField(editable=False, max_length=255, null=True, unique=True),
                ),
                ("portal_token", core.encryption.EncryptedTextField(default="", editable=False)),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "code"), name="organization_code_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")),
                        name="organization_code_is_plain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="organization_currency_is_upper_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("anchor_day__gte", 1), ("anchor_day__lte", 31)),
                        name="organization_anchor_is_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("net_days__lte", 365)),
                        name="organization_net_days_is_at_most_a_year",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Alert",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="billing.organization",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("amount", "Amount owed"),
                            ("usage", "Usage of a meter"),
                            ("limit", "Spend limit"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.meter",
                    ),
                ),
                ("amount_minor", models.BigIntegerField(null=True)),
                (
                    "quantity",
                    billing.models.fields.ExactField(decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "set_by",
                    models.CharField(
                        choices=[("customer", "The organization"), ("staff", "Staff")],
                        default="staff",
                        max_length=8,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["organization", "created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor__isnull", True),
                                ("kind", "usage"),
                                ("meter__isnull", False),
                                ("quantity__gt", 0),
                            ),
                            models.Q(
                                models.Q(("kind", "usage"), _negated=True),
                                ("amount_minor__gt", 0),
                                ("meter__isnull", True),
                                ("quantity__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="alert_has_its_threshold",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("kind", "limit")),
                        fields=("organization",),
                        name="one_spend_limit_per_organization",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="billing.organization",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.planversion",
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["organization", "starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on", None),
                            ("ends_on__gt", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="assignment_ends_after_it_starts",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("organization", "="),
                            (
                                billing.models.plan.DaysFrom(
                                    "starts_on",
                                    "ends_on",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="one_plan_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillingPeriod",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="periods",
                        to="billing.organization",
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("month", models.DateField()),
                ("whole_days", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("closed", "Closed, not yet invoiced"),
                            ("invoiced", "Invoiced"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                ("recheck_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["organization", "starts_on"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "invoiced"), _negated=True),
                        fields=["tenant", "month", "organization"],
                        name="period_to_invoice",
                    ),
                    models.Index(
                        condition=models.Q(("recheck_at__isnull", False)),
                        fields=["organization", "starts_on"],
                        name="period_to_recheck",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "starts_on"), name="period_start_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__gt", models.F("starts_on")),
                            ("ends_at__gt", models.F("starts_at")),
                        ),
                        name="period_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="period_month_is_its_first_day"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("organization", "="),
                            (
                                billing.models.plan.DaysFrom(
                                    "starts_on",
                                    "ends_on",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="periods_do_not_overlap",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertFiring",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="firings",
                        to="billing.alert",
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingperiod",
                    ),
                ),
                ("period_starts_on", models.DateField()),
                ("value", billing.models.fields.ExactField(decimal_places=12, max_digits=38)),
                ("threshold", billing.models.fields.ExactField(decimal_places=12, max_digits=38)),
            ],
            options={
                "ordering": ["-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "period_starts_on", "threshold"), name="alert_fires_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="billing.organization",
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="billing.billingperiod",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="invoices",
                        to="billing.billingrun",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("final", "Final"), ("void", "Void")],
                        default="draft",
                        max_length=5,
                    ),
                ),
                ("number", models.CharField(max_length=26, null=True)),
                ("currency", models.CharField(max_length=3)),
                ("payer", core.encryption.EncryptedJSONField(default=dict)),
                (
                    "collection",
                    models.CharField(
                        choices=[
                            ("charge_automatically", "Charged by saved method"),
                            ("send_invoice", "Pays by invoice"),
                        ],
                        max_length=20,
                    ),
                ),
                ("tax_name", models.CharField(blank=True, default="", max_length=60)),
                (
                    "tax_percentage",
                    billing.models.fields.ExactField(decimal_places=6, default=0, max_digits=9),
                ),
                ("tax_is_inclusive", models.BooleanField(default=False)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("lines_count", models.IntegerField()),
                ("compiled_at", models.DateTimeField()),
                ("issued_on", models.DateField(null=True)),
                ("due_on", models.DateField(null=True)),
                ("finalized_at", models.DateTimeField(null=True)),
                ("content_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(blank=True, default="", max_length=300)),
                (
                    "voided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "-created_at", "-id"], name="invoice_newest"),
                    models.Index(
                        fields=["organization", "-created_at"], name="invoice_of_organization"
                    ),
                    models.Index(fields=["run", "organization"], name="invoice_of_run"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "void"), _negated=True),
                        fields=("period",),
                        name="invoice_once_per_period",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "number"), name="invoice_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("total_minor__gte", 0)),
                        name="invoice_total_is_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finalized_at", None), ("number", None), ("state", "draft")),
                            models.Q(
                                models.Q(("state", "draft"), _negated=True),
                                ("content_sha256__gt", ""),
                                ("due_on__isnull", False),
                                ("finalized_at__isnull", False),
                                ("issued_on__isnull", False),
                                ("number__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="final_invoice_has_number_and_hash",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", "void"),
                                ("void_reason__gt", ""),
                                ("voided_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("state", "void"), _negated=True), ("voided_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="void_invoice_says_when_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNote",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="billing.invoice",
                    ),
                ),
                ("number", models.CharField(max_length=26)),
                (
                    "state",
                    models.CharField(
                        choices=[("issued", "Issued"), ("void", "Void")],
                        default="issued",
                        max_length=6,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.CharField(max_length=300)),
                (
                    "settled_by",
                    models.CharField(
                        choices=[
                            ("open_amount", "Less to pay"),
                            ("refund", "Refunded"),
                            ("prepaid", "Kept as prepaid credit"),
                        ],
                        max_length=11,
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=200, null=True)),
                ("issued_on", models.DateField()),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("content_sha256", models.CharField(max_length=64)),
                ("voided_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "number"), name="credit_note_number_once"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="credit_note_key_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="credit_note_amount_is_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="billing.invoice",
                    ),
                ),
                ("organization_id", models.UUIDField()),
                ("position", models.IntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("usage", "Usage"),
                            ("minimum", "Minimum"),
                            ("recurring", "Recurring fee"),
                            ("one_off", "One-off"),
                            ("late", "Late or corrected"),
                            ("credit", "Credit"),
                            ("tax", "Tax"),
                            ("prepaid", "Prepaid credit used"),
                            ("carried", "Carried"),
                            ("waived", "Waived"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("usage", "Usage"),
                            ("minimum", "Minimum"),
                            ("fee", "Fee"),
                            ("item", "Item"),
                            ("tax", "Tax"),
                            ("prepaid", "Prepaid"),
                            ("carried_in", "Carried In"),
                            ("carried_out", "Carried Out"),
                            ("waived", "Waived"),
                        ],
                        max_length=11,
                    ),
                ),
                ("source_id", models.UUIDField()),
                ("charged_from", models.DateField()),
                ("product", models.CharField(blank=True, max_length=120)),
                ("description", models.CharField(max_length=500)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "quantity",
                    billing.models.fields.ExactField(decimal_places=12, max_digits=38, null=True),
                ),
                ("unit", models.CharField(blank=True, max_length=40)),
                ("exact", billing.models.fields.ExactField(decimal_places=12, max_digits=38)),
                ("amount_minor", models.BigIntegerField()),
            ],
            options={
                "ordering": ["invoice", "position"],
                "indexes": [
                    models.Index(
                        fields=["organization_id", "charged_from", "source_id"],
                        name="line_of_source",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("invoice", "source", "source_id", "charged_from"),
                        name="line_once_per_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="line_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNoteLine",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "credit_note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.creditnote",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.invoiceline",
                    ),
                ),
                ("description", models.CharField(max_length=500)),
                ("amount_minor", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="credit_note_line_is_positive",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceStanding",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="standing",
                        to="billing.invoice",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("nothing_due", "Nothing to pay"),
                            ("unsent", "Not yet at Stripe"),
                            ("open", "Open"),
                            ("past_due", "Past due"),
                            ("uncollectible", "Uncollectible"),
                            ("paid", "Paid"),
                            ("void", "Void"),
                        ],
                        default="unsent",
                        max_length=13,
                    ),
                ),
                ("paid_minor", models.BigIntegerField(default=0)),
                ("credited_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("paid_at", models.DateTimeField(null=True)),
                ("is_paid_out_of_band", models.BooleanField(default=False)),
                ("attempts", models.IntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(blank=True, default="", max_length=500)),
                ("overdue_at", models.DateTimeField(null=True)),
                ("stripe_status", models.CharField(blank=True, default="", max_length=20)),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["tenant", "state"], name="standing_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credited_minor__gte", 0),
                            ("paid_minor__gte", 0),
                            ("refunded_minor__gte", 0),
                        ),
                        name="standing_amounts_are_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "paid"), _negated=True),
                            ("paid_at__isnull", False),
                            _connector="OR",
                        ),
                        name="paid_standing_has_its_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="billing.organization",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.invoice",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("once", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=200)),
                ("text", models.CharField(max_length=1000)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "once"), name="notice_told_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OneOffItem",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="billing.organization",
                    ),
                ),
                ("description", models.CharField(max_length=300)),
                ("product", models.CharField(blank=True, max_length=120)),
                ("amount_minor", models.BigIntegerField()),
                ("due_on", models.DateField()),
                ("idempotency_key", models.CharField(max_length=200, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("cancelled_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-due_on", "-created_at"],
                "indexes": [
                    models.Index(fields=["organization", "due_on"], name="item_by_due_day")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="item_key_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor", 0), _negated=True),
                        name="item_is_an_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Push",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.organization",
                    ),
                ),
                (
                    "invoice",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="push",
                        to="billing.invoice",
                    ),
                ),
                (
                    "credit_note",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="push",
                        to="billing.creditnote",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("create", "Create the draft"),
                            ("lines", "Add the lines"),
                            ("verify", "Compare"),
                            ("finalize", "Finalize"),
                            ("credit", "Credit note"),
                            ("void", "Void"),
                            ("done", "Done"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("waiting", "To be tried again"),
                            ("mismatch", "Differs from ours"),
                            ("blocked", "A person must act"),
                            ("done", "At Stripe"),
                            ("dropped", "Not sent"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("stripe_id", models.CharField(max_length=255, null=True, unique=True)),
                ("generation", models.PositiveIntegerField(default=1)),
                ("key_used_at", models.DateTimeField(null=True)),
                ("lines_sent", models.IntegerField(default=0)),
                ("is_collapsed", models.BooleanField(default=False)),
                ("sending", models.JSONField(default=list)),
                ("differences", models.JSONField(default=list)),
                ("calls", models.IntegerField(default=0)),
                ("attempts", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                ("done_at", models.DateTimeField(null=True)),
                ("hosted_url", models.URLField(blank=True, default="", max_length=500)),
                ("pdf_url", models.URLField(blank=True, default="", max_length=500)),
            ],
            options={
                "verbose_name_plural": "pushes",
                "ordering": ["created_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "waiting"])),
                        fields=["tenant", "next_at"],
                        name="push_due",
                    ),
                    models.Index(fields=["tenant", "state", "created_at"], name="push_by_state"),
                    models.Index(
                        condition=models.Q(("leased_until__isnull", False)),
                        fields=["tenant", "leased_until"],
                        name="push_under_way",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("invoice", None), ("credit_note", None), _connector="OR"
                        ),
                        name="push_is_of_one_thing",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("credit_note", None), ("invoice", None)),
                        fields=("organization",),
                        name="customer_push_once_per_organization",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["queued", "waiting"]), _negated=True),
                            ("next_at__isnull", False),
                            _connector="OR",
                        ),
                        name="open_push_is_due_again",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeCall",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "push",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="billing.push",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("create", "Create the draft"),
                            ("lines", "Add the lines"),
                            ("verify", "Compare"),
                            ("finalize", "Finalize"),
                            ("credit", "Credit note"),
                            ("void", "Void"),
                            ("done", "Done"),
                        ],
                        max_length=8,
                    ),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=255)),
                ("outcome", models.CharField(max_length=12)),
                ("detail", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="UsageBucket",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.organization",
                    ),
                ),
                ("day", models.DateField()),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.meter",
                    ),
                ),
                ("dimensions", models.JSONField(default=dict)),
                (
                    "quantity",
                    billing.models.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                ("events", models.IntegerField(default=0)),
                ("last_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "day", "meter", "dimensions"),
                        name="bucket_once_per_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "idempotency_key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                ("bucket_id", models.BigIntegerField()),
                ("time", models.DateTimeField()),
                ("received_at", models.DateTimeField(db_default=core.models.base.DatabaseNow())),
                ("idempotency_key", models.CharField(max_length=200)),
                ("quantity", billing.models.fields.ExactField(decimal_places=12, max_digits=38)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("usage", "Usage"),
                            ("replace", "Replaces another event"),
                            ("void", "Voids another event"),
                        ],
                        default="usage",
                        max_length=7,
                    ),
                ),
                ("value", models.CharField(max_length=200, null=True)),
                ("corrects", models.CharField(max_length=200, null=True)),
                ("reason", models.CharField(max_length=300, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["bucket_id", "time"], name="event_by_bucket_and_time"),
                    models.Index(
                        condition=models.Q(("value__isnull", False)),
                        fields=["bucket_id", "value"],
                        name="event_by_value",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("corrects", None), ("kind", "usage"), ("reason", None)),
                            models.Q(
                                models.Q(("kind", "usage"), _negated=True),
                                ("corrects__isnull", False),
                                ("reason__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="correcting_event_has_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("corrects__isnull", False)),
                        fields=("tenant", "corrects"),
                        name="event_corrected_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WalletEntry",
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
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.tenant",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallet",
                        to="billing.organization",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("top_up", "Paid ahead"),
                            ("grant", "Granted"),
                            ("used", "Used by an invoice"),
                            ("returned", "Returned by a voided invoice"),
                            ("credit_note", "From a credit note"),
                            ("withdrawn", "Taken back"),
                        ],
                        max_length=11,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                (
                    "invoice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.invoice",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                ("idempotency_key", models.CharField(max_length=200, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "wallet entries",
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="wallet_key_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("invoice__isnull", False), ("kind__in", ["used", "returned"])
                        ),
                        fields=("invoice", "kind"),
                        name="wallet_used_once_per_invoice",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_minor__lt", 0), ("kind__in", ["used", "withdrawn"])),
                            models.Q(
                                models.Q(("kind__in", ["used", "withdrawn"]), _negated=True),
                                ("amount_minor__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="wallet_entry_has_its_sign",
                    ),
                ],
            },
        ),
        ProtectTenantTables(),
    ]
