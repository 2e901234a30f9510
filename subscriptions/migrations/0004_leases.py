"""Houses, residents, rooms and leases, and what becomes of their rents."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.encryption
import core.models.base
import core.models.tenant
from core.rls import ProtectTenantTables

APPEND_ONLY = """
CREATE FUNCTION subscriptions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $$;
COMMENT ON FUNCTION subscriptions_refuse_change() IS 'Refuses a change of what is written once.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON subscriptions_houseentry
    FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_change('house_entry_is_append_only');
CREATE TRIGGER append_only BEFORE DELETE ON subscriptions_casenote
    FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_change('case_note_is_append_only');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_usage_portal"),
        ("subscriptions", "0003_club_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="House",
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
                ("source_id", models.CharField(editable=False, max_length=32, null=True)),
                (
                    "source_data",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "findings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                ("name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("currency", models.CharField(max_length=3)),
                (
                    "currency_from",
                    models.CharField(
                        choices=[
                            ("column", "The dump says so"),
                            ("city", "From the city in its leases' names"),
                            ("default", "The company's own"),
                            ("staff", "Set by staff"),
                        ],
                        db_default="staff",
                        default="staff",
                        max_length=8,
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Such as Europe/Brussels; empty: the company's.",
                        max_length=60,
                        validators=[core.models.tenant.validate_zone],
                    ),
                ),
                (
                    "stripe_account_id",
                    models.CharField(
                        blank=True, max_length=64, null=True, verbose_name="Stripe account"
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("is_deleted", models.BooleanField(db_default=False, default=False)),
                (
                    "is_inferred",
                    models.BooleanField(db_default=False, default=False, editable=False),
                ),
            ],
            options={
                "ordering": ["name", "source_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source_id"), name="house_source_id_once_per_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_id", None), ("source_id__gt", ""), _connector="OR"
                        ),
                        name="house_source_id_is_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="house_currency_is_upper_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stripe_account_id", None),
                            ("stripe_account_id__gt", ""),
                            _connector="OR",
                        ),
                        name="house_account_is_not_empty",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeaseImport",
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
                ("file_name", models.CharField(max_length=255)),
                ("sha256", models.CharField(max_length=64)),
                ("columns", models.JSONField(default=dict)),
                ("counts", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=dict)),
                ("imported_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-imported_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "-imported_at"], name="lease_import_newest")
                ],
            },
        ),
        migrations.CreateModel(
            name="Resident",
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
                ("source_id", models.CharField(editable=False, max_length=32, null=True)),
                (
                    "source_data",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "findings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                ("first_name", core.encryption.EncryptedTextField(blank=True, default="")),
                ("last_name", core.encryption.EncryptedTextField(blank=True, default="")),
                ("email", core.encryption.EncryptedTextField(blank=True, default="")),
                ("phone", core.encryption.EncryptedTextField(blank=True, default="")),
                ("address", core.encryption.EncryptedTextField(blank=True, default="")),
                ("birth_date", core.encryption.EncryptedTextField(blank=True, default="")),
                ("details", core.encryption.EncryptedJSONField(default=dict)),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                ("locale", models.CharField(blank=True, db_default="", default="", max_length=10)),
                (
                    "search_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("is_banned", models.BooleanField(db_default=False, default=False)),
                ("stripe_customer_id", models.CharField(blank=True, max_length=64, null=True)),
            ],
            options={
                "ordering": ["created_at", "id"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["search_keys"], name="resident_search"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source_id"), name="resident_source_id_once_per_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_id", None), ("source_id__gt", ""), _connector="OR"
                        ),
                        name="resident_source_id_is_not_empty",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_customer_id"), name="resident_customer_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Room",
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
                ("source_id", models.CharField(editable=False, max_length=32, null=True)),
                (
                    "source_data",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "findings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "house",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rooms",
                        to="subscriptions.house",
                    ),
                ),
                (
                    "house_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=32),
                ),
                ("number", models.IntegerField(blank=True, null=True)),
                (
                    "location",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                ("description", models.TextField(blank=True, db_default="", default="")),
                ("currency", models.CharField(max_length=3)),
                ("base_rent_minor", models.BigIntegerField(blank=True, null=True)),
                ("rent_minor", models.BigIntegerField(blank=True, null=True)),
                ("price_minor", models.BigIntegerField(blank=True, null=True)),
                ("deposit_minor", models.BigIntegerField(blank=True, null=True)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("is_deleted", models.BooleanField(db_default=False, default=False)),
                ("stripe_product_id", models.CharField(blank=True, max_length=64, null=True)),
                ("stripe_price_id", models.CharField(blank=True, max_length=64, null=True)),
            ],
            options={
                "ordering": ["house", "number", "source_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source_id"), name="room_source_id_once_per_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_id", None), ("source_id__gt", ""), _connector="OR"
                        ),
                        name="room_source_id_is_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="room_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_product_id"), name="room_product_once"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_price_id"), name="room_price_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stripe_price_id", None),
                            ("stripe_product_id__isnull", False),
                            _connector="OR",
                        ),
                        name="room_price_belongs_to_product",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lease",
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
                ("source_id", models.CharField(editable=False, max_length=32, null=True)),
                (
                    "source_data",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "findings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leases",
                        to="subscriptions.resident",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leases",
                        to="subscriptions.room",
                    ),
                ),
                (
                    "house",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leases",
                        to="subscriptions.house",
                    ),
                ),
                (
                    "user_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "room_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "house_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=32),
                ),
                ("number", models.BigIntegerField(blank=True, null=True)),
                ("name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("signed", "Signed"),
                            ("active", "Active"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                            ("void", "Void"),
                            ("unknown", "Unknown"),
                        ],
                        default="signed",
                        max_length=10,
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=60,
                        validators=[core.models.tenant.validate_zone],
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("moves_out_on", models.DateField(blank=True, null=True)),
                ("signed_on", models.DateField(blank=True, null=True)),
                ("moved_in_on", models.DateField(blank=True, null=True)),
                ("has_moved_in", models.BooleanField(db_default=False, default=False)),
                ("has_moved_out", models.BooleanField(db_default=False, default=False)),
                ("currency", models.CharField(max_length=3)),
                ("rent_minor", models.BigIntegerField(blank=True, null=True)),
                ("deposit_minor", models.BigIntegerField(blank=True, null=True)),
                ("stripe_subscription_id", models.CharField(blank=True, max_length=64, null=True)),
                ("stripe_price_id", models.CharField(blank=True, max_length=64, null=True)),
            ],
            options={
                "ordering": ["-starts_on", "source_id"],
                "indexes": [
                    models.Index(fields=["tenant", "resident"], name="lease_by_resident"),
                    models.Index(fields=["tenant", "room", "starts_on"], name="lease_by_room"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source_id"), name="lease_source_id_once_per_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_id", None), ("source_id__gt", ""), _connector="OR"
                        ),
                        name="lease_source_id_is_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="lease_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_subscription_id"), name="lease_subscription_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerStripeId",
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
                        choices=[
                            ("customer", "Customer"),
                            ("product", "Product"),
                            ("price", "Price"),
                            ("subscription", "Subscription"),
                            ("account", "Connected account"),
                        ],
                        max_length=12,
                    ),
                ),
                ("stripe_id", models.CharField(max_length=255)),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("noted_at", models.DateTimeField()),
                (
                    "house",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_stripe_ids",
                        to="subscriptions.house",
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_stripe_ids",
                        to="subscriptions.resident",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_stripe_ids",
                        to="subscriptions.room",
                    ),
                ),
                (
                    "lease",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_stripe_ids",
                        to="subscriptions.lease",
                    ),
                ),
            ],
            options={
                "ordering": ["-noted_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "stripe_id"], name="former_stripe_id_by_id")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(
                                    models.Q(
                                        ("lease", None), ("resident__isnull", False), ("room", None)
                                    ),
                                    models.Q(
                                        ("lease", None), ("resident", None), ("room__isnull", False)
                                    ),
                                    models.Q(
                                        ("lease__isnull", False), ("resident", None), ("room", None)
                                    ),
                                    _connector="OR",
                                ),
                                ("house", None),
                            ),
                            models.Q(
                                ("house__isnull", False),
                                ("lease", None),
                                ("resident", None),
                                ("room", None),
                            ),
                            _connector="OR",
                        ),
                        name="former_stripe_id_has_one_owner",
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "kind",
                            "stripe_id",
                            "house",
                            "resident",
                            "room",
                            "lease",
                        ),
                        name="former_stripe_id_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RentPayment",
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
                ("source_id", models.CharField(editable=False, max_length=32, null=True)),
                (
                    "source_data",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "findings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "lease",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rent_payments",
                        to="subscriptions.lease",
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rent_payments",
                        to="subscriptions.resident",
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="duplicates",
                        to="subscriptions.rentpayment",
                    ),
                ),
                (
                    "lease_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "user_source_id",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                ("month", models.DateField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("paid_minor", models.BigIntegerField(db_default=0, default=0)),
                ("pending_minor", models.BigIntegerField(db_default=0, default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("pending", "On its way"),
                            ("part", "Paid in part"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("refunded", "Sent back"),
                            ("written_off", "Written off"),
                        ],
                        default="due",
                        max_length=12,
                    ),
                ),
                ("is_pending", models.BooleanField(db_default=False, default=False)),
                ("is_disputed", models.BooleanField(db_default=False, default=False)),
                ("due_on", models.DateField(null=True)),
                ("paid_on", models.DateField(null=True)),
                ("comment", models.TextField(blank=True, db_default="", default="")),
                ("retries", models.IntegerField(db_default=0, default=0)),
                (
                    "stripe_charge_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "stripe_invoice_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "stripe_payment_intent_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
            ],
            options={
                "ordering": ["-month", "source_id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("stripe_charge_id", ""), _negated=True),
                        fields=["tenant", "stripe_charge_id"],
                        name="rent_by_charge",
                    ),
                    models.Index(
                        condition=models.Q(("stripe_invoice_id", ""), _negated=True),
                        fields=["tenant", "stripe_invoice_id"],
                        name="rent_by_invoice",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source_id"),
                        name="rent_payment_source_id_once_per_tenant",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_id", None), ("source_id__gt", ""), _connector="OR"
                        ),
                        name="rent_payment_source_id_is_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="rent_payment_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("duplicate_of", None)),
                        fields=("tenant", "lease", "month"),
                        name="rent_once_per_lease_and_month",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month", None), ("month__day", 1), _connector="OR"),
                        name="rent_month_is_its_first_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("duplicate_of", None),
                            models.Q(("duplicate_of", models.F("id")), _negated=True),
                            _connector="OR",
                        ),
                        name="rent_is_no_duplicate_of_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Case",
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
                    "rent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="subscriptions.rentpayment",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("closed", "Closed")],
                        default="open",
                        max_length=6,
                    ),
                ),
                ("cause", models.CharField(max_length=300)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(blank=True, db_default="", default="", max_length=500),
                ),
            ],
            options={
                "ordering": ["-opened_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("tenant", "rent"),
                        name="one_open_case_per_rent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "open")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("outcome__gt", ""),
                                ("state", "closed"),
                            ),
                            _connector="OR",
                        ),
                        name="closed_case_says_when_and_how",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseNote",
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
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="subscriptions.case",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("text", models.TextField()),
                ("written_at", models.DateTimeField()),
                ("once", models.CharField(max_length=200, null=True)),
            ],
            options={
                "ordering": ["written_at", "created_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "case", "once"), name="case_note_told_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudWarning",
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
                    "rent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="warnings",
                        to="subscriptions.rentpayment",
                    ),
                ),
                ("stripe_warning_id", models.CharField(max_length=255)),
                ("stripe_charge_id", models.CharField(max_length=255)),
                ("fraud_type", models.CharField(max_length=60)),
                ("is_actionable", models.BooleanField()),
                ("warned_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "cleared_note",
                    models.CharField(blank=True, db_default="", default="", max_length=300),
                ),
            ],
            options={
                "ordering": ["-warned_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["tenant", "stripe_charge_id"], name="fraud_warning_by_charge"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_warning_id"), name="fraud_warning_id_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HouseEntry",
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
                    "house",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger",
                        to="subscriptions.house",
                    ),
                ),
                (
                    "rent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger",
                        to="subscriptions.rentpayment",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("expected", "Expected"),
                            ("received", "Received"),
                            ("returned", "Sent back to the payer"),
                            ("reinstated", "Given back by the bank"),
                            ("sent", "Sent to the house"),
                            ("reversed", "Taken back from the house"),
                            ("written_off", "Written off"),
                        ],
                        max_length=11,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("source", models.CharField(max_length=255)),
                ("happened_at", models.DateTimeField()),
                ("words", models.CharField(blank=True, db_default="", default="", max_length=300)),
            ],
            options={
                "verbose_name_plural": "house entries",
                "ordering": ["happened_at", "created_at", "id"],
                "indexes": [
                    models.Index(
                        fields=["tenant", "house", "happened_at"], name="house_entry_by_house"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="house_entry_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "rent", "kind", "source"), name="house_entry_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RentDispute",
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
                    "rent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="subscriptions.rentpayment",
                    ),
                ),
                ("stripe_dispute_id", models.CharField(max_length=255)),
                ("stripe_charge_id", models.CharField(max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("warning_needs_response", "Inquiry: needs an answer"),
                            ("warning_under_review", "Inquiry: under review"),
                            ("warning_closed", "Inquiry: closed"),
                            ("needs_response", "Needs an answer"),
                            ("under_review", "Under review"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("prevented", "Prevented"),
                        ],
                        max_length=22,
                    ),
                ),
                ("reason", models.CharField(max_length=60)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("fee_minor", models.BigIntegerField(db_default=0, default=0)),
                ("is_refundable", models.BooleanField(db_default=False, default=False)),
                ("answer_by", models.DateTimeField(null=True)),
                ("has_evidence", models.BooleanField(db_default=False, default=False)),
                ("submissions", models.IntegerField(db_default=0, default=0)),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField()),
                ("reminded_for", models.JSONField(db_default=[], default=list)),
            ],
            options={
                "ordering": ["-opened_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["tenant", "stripe_charge_id"], name="rent_dispute_by_charge"
                    ),
                    models.Index(
                        fields=["tenant", "status", "answer_by"], name="rent_dispute_by_status"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_dispute_id"), name="rent_dispute_id_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="rent_dispute_amount_is_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeAct",
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
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="subscriptions.rentdispute",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("submit", "Submit the evidence"),
                            ("accept", "Accept the dispute"),
                            ("refund", "Refund the inquiry"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked for"), ("done", "Done"), ("refused", "Refused")],
                        default="asked",
                        max_length=7,
                    ),
                ),
                ("evidence", models.JSONField(db_default={}, default=dict)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "asked")),
                        fields=["tenant", "next_at"],
                        name="dispute_act_to_do",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")),
                        fields=("tenant", "dispute"),
                        name="one_act_at_a_time_per_dispute",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("done_at__isnull", False),
                            _connector="OR",
                        ),
                        name="done_dispute_act_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RentTransfer",
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
                    "rent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="subscriptions.rentpayment",
                    ),
                ),
                (
                    "house",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="subscriptions.house",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("ready", "Ready to be sent"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("refused", "Refused by Stripe"),
                            ("reversed", "Taken back"),
                            ("dropped", "Not to be sent"),
                        ],
                        max_length=8,
                    ),
                ),
                ("hold", models.CharField(blank=True, db_default="", default="", max_length=30)),
                (
                    "hold_words",
                    models.CharField(blank=True, db_default="", default="", max_length=500),
                ),
                ("held_since", models.DateTimeField(null=True)),
                (
                    "stopped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stop_reason",
                    models.CharField(blank=True, db_default="", default="", max_length=300),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "destination",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "source_charge_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                ("stripe_transfer_id", models.CharField(max_length=255, null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("reversed_minor", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["ready", "sending"])),
                        fields=["tenant", "next_at"],
                        name="rent_transfer_to_send",
                    ),
                    models.Index(fields=["tenant", "state"], name="rent_transfer_by_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="rent_transfer_currency_is_upper_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["held", "ready", "sending", "sent", "refused"])
                        ),
                        fields=("tenant", "rent"),
                        name="one_standing_transfer_per_rent",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_transfer_id"), name="rent_transfer_id_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="rent_transfer_amount_is_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reversed_minor__gte", 0),
                            ("reversed_minor__lte", models.F("amount_minor")),
                        ),
                        name="rent_transfer_comes_back_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "held"), _negated=True),
                            models.Q(("hold__gt", ""), ("hold_words__gt", "")),
                            _connector="OR",
                        ),
                        name="held_rent_transfer_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["sent", "reversed"]), _negated=True),
                            models.Q(
                                ("destination__gt", ""),
                                ("sent_at__isnull", False),
                                ("stripe_transfer_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="sent_rent_transfer_is_known_at_stripe",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeLink",
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
                    "step",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("product", "Product"),
                            ("price", "Price of the room"),
                            ("lease_price", "Price of the lease"),
                            ("subscription", "Subscription"),
                            ("cancellation", "Cancellation of a subscription for the record"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.resident",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.room",
                    ),
                ),
                (
                    "lease",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.lease",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Done"), ("refused", "Refused")],
                        default="waiting",
                        max_length=8,
                    ),
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
                    "stripe_id",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "sent_digest",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["tenant", "next_at"],
                        name="stripe_link_to_push",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease", None), ("resident__isnull", False), ("room", None)),
                            models.Q(("lease", None), ("resident", None), ("room__isnull", False)),
                            models.Q(("lease__isnull", False), ("resident", None), ("room", None)),
                            _connector="OR",
                        ),
                        name="stripe_link_has_one_subject",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "step", "resident"), name="stripe_link_once_per_resident"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "step", "room"), name="stripe_link_once_per_room"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "step", "lease"), name="stripe_link_once_per_lease"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TransferReversal",
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
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="subscriptions.renttransfer",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("approved", "Approved"),
                            ("done", "Done"),
                            ("refused", "Refused by Stripe"),
                            ("declined", "Not wanted"),
                        ],
                        default="proposed",
                        max_length=8,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("reason", models.CharField(max_length=300)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("stripe_reversal_id", models.CharField(max_length=255, null=True)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proposed", "approved"])),
                        fields=("tenant", "transfer"),
                        name="one_open_reversal_per_transfer",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_reversal_id"), name="transfer_reversal_id_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="transfer_reversal_is_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(
                                ("done_at__isnull", False), ("stripe_reversal_id__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="done_transfer_reversal_is_known_at_stripe",
                    ),
                ],
            },
        ),
        ProtectTenantTables(),
        migrations.RunSQL(APPEND_ONLY),
    ]
