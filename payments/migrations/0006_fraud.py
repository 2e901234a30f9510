"""Rules against stolen cards, disputes and warnings, and the daily ledger."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.encryption
import core.models.base
from core.rls import ProtectTenantTables

# `address` may be written again under a new key; nothing else changes, and nothing young goes.
APPEND_ONLY = """
CREATE OR REPLACE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.created_at < now() - interval '1 day' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'address' - 'updated_at'
            = to_jsonb(OLD) - 'address' - 'updated_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_frauddecision
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change('fraud_decision_is_append_only');
"""
NO_MORE = """
DROP TRIGGER append_only ON payments_frauddecision;
DROP FUNCTION payments_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("payments", "0005_receipts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="three_d_secure",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.CreateModel(
            name="Dispute",
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
                ("stripe_dispute_id", models.CharField(max_length=255)),
                ("stripe_charge_id", models.CharField(blank=True, max_length=255)),
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
                ("reason", models.CharField(blank=True, max_length=60)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("fee_minor", models.BigIntegerField(db_default=0, default=0)),
                ("submissions", models.IntegerField(db_default=0, default=0)),
                ("answer_by", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="payments.payment",
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
                "ordering": ["-opened_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "payment"], name="dispute_by_payment"),
                    models.Index(
                        fields=["tenant", "status", "answer_by"], name="dispute_by_status"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_dispute_id"), name="dispute_id_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)),
                        name="dispute_amount_is_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeAnswer",
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
                            ("submit", "Submit the evidence"),
                            ("accept", "Accept the dispute"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Being sent"),
                            ("done", "Done"),
                            ("refused", "Refused by Stripe"),
                        ],
                        default="asked",
                        max_length=7,
                    ),
                ),
                ("evidence", core.encryption.EncryptedJSONField(default=dict)),
                ("asked_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("epoch", models.PositiveSmallIntegerField(default=1)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
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
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="payments.dispute",
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
                        name="dispute_answer_to_send",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "refused"), _negated=True),
                        fields=("tenant", "dispute"),
                        name="dispute_answered_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EarlyWarning",
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
                ("stripe_warning_id", models.CharField(max_length=255)),
                ("stripe_charge_id", models.CharField(max_length=255)),
                ("fraud_type", models.CharField(blank=True, max_length=60)),
                ("is_actionable", models.BooleanField()),
                ("warned_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("kept", "Kept"), ("refunded", "Sent back")],
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="early_warnings",
                        to="payments.payment",
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
                "ordering": ["-warned_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "payment"], name="early_warning_by_payment"),
                    models.Index(
                        condition=models.Q(("decision", ""), ("is_actionable", True)),
                        fields=["tenant", "warned_at"],
                        name="early_warning_to_decide",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_warning_id"), name="early_warning_id_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudCount",
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
                ("mark", models.CharField(max_length=64)),
                ("ends_at", models.DateTimeField()),
                ("count", models.BigIntegerField(db_default=0, default=0)),
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
                "indexes": [models.Index(fields=["tenant", "ends_at"], name="fraud_count_by_end")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "mark", "ends_at"), name="fraud_count_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudRule",
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
                ("name", models.CharField(max_length=120)),
                (
                    "counts",
                    models.CharField(
                        choices=[
                            ("tries", "Presses of the button"),
                            ("declines", "Declined cards"),
                            ("declines_checked", "Declined cards of people who passed the check"),
                            ("cards", "Different cards"),
                            ("amount_below", "Amount below"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("address", "network address"),
                            ("link", "link"),
                            ("email", "e-mail"),
                            ("card", "card"),
                            ("checkout", "payment page"),
                            ("tenant", "whole company"),
                            ("country", "card's country"),
                        ],
                        max_length=8,
                    ),
                ),
                ("most", models.PositiveBigIntegerField()),
                ("window_seconds", models.PositiveIntegerField(default=3600)),
                ("currency", models.CharField(blank=True, db_default="", default="", max_length=3)),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("three_d_secure", "Ask the bank to confirm (3-D Secure)"),
                            ("challenge", "Have the browser do a check first"),
                            ("close", "Close the payment page"),
                            ("block", "Refuse until the time is over"),
                            ("pause", "Pause the link and tell us"),
                        ],
                        max_length=16,
                    ),
                ),
                ("is_on", models.BooleanField(db_default=True, default=True)),
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
                "ordering": ["counts", "by", "most", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "counts", "by", "step", "currency"),
                        name="fraud_rule_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window_seconds__gte", 1), ("window_seconds__lte", 2592000)
                        ),
                        name="fraud_rule_has_window",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("counts", "amount_below"),
                                models.Q(("currency", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("counts", "amount_below"), _negated=True),
                                ("currency", ""),
                            ),
                            _connector="OR",
                        ),
                        name="fraud_rule_amount_has_currency",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudDecision",
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
                    "outcome",
                    models.CharField(
                        choices=[
                            ("allowed", "Let through"),
                            ("secured", "Let through, with 3-D Secure"),
                            ("challenged", "Asked for a check"),
                            ("refused", "Refused"),
                            ("closed", "Payment page closed"),
                            ("paused", "Link paused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("counted", models.BigIntegerField(db_default=0, default=0)),
                ("kind", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("passed_check", models.BooleanField(db_default=False, default=False)),
                ("address", core.encryption.EncryptedTextField(default="")),
                (
                    "address_mark",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "email_mark",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
                (
                    "checkout",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fraud_decisions",
                        to="payments.checkout",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fraud_decisions",
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
                (
                    "rule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.fraudrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["tenant", "-created_at", "-id"], name="fraud_decision_newest"
                    ),
                    models.Index(fields=["tenant", "checkout"], name="fraud_decision_by_checkout"),
                    models.Index(
                        fields=["tenant", "subject_id", "-created_at"], name="fraud_by_subject"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudAlarm",
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
                    "step",
                    models.CharField(
                        choices=[
                            ("three_d_secure", "Ask the bank to confirm (3-D Secure)"),
                            ("challenge", "Have the browser do a check first"),
                            ("close", "Close the payment page"),
                            ("block", "Refuse until the time is over"),
                            ("pause", "Pause the link and tell us"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("raised_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.BigIntegerField(db_default=1, default=1)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alarms",
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
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alarms",
                        to="payments.fraudrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-raised_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "rule", "link"),
                        name="fraud_alarm_open_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ListedParty",
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
                        choices=[("allow", "Always let through"), ("block", "Never let through")],
                        max_length=5,
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("address", "Network address"),
                            ("email", "E-mail"),
                            ("card", "Card"),
                            ("country", "Card's country"),
                        ],
                        max_length=8,
                    ),
                ),
                ("value", core.encryption.EncryptedTextField()),
                ("mark", models.CharField(editable=False, max_length=64)),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=300)),
                (
                    "added_by",
                    models.ForeignKey(
                        editable=False,
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
                "verbose_name_plural": "listed parties",
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "mark"), name="listed_party_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Movement",
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
                ("stripe_movement_id", models.CharField(max_length=255)),
                ("kind", models.CharField(max_length=60)),
                ("source_id", models.CharField(blank=True, max_length=255)),
                ("amount_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField(db_default=0, default=0)),
                ("currency", models.CharField(max_length=3)),
                ("made_at", models.DateTimeField()),
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
                "ordering": ["-made_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "made_at"], name="movement_by_time"),
                    models.Index(fields=["tenant", "source_id"], name="movement_by_source"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_movement_id"), name="movement_id_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CardTry",
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
                ("stripe_charge_id", models.CharField(max_length=255)),
                ("is_paid", models.BooleanField()),
                ("method", models.CharField(blank=True, max_length=40)),
                ("card", core.encryption.EncryptedTextField(default="")),
                ("card_mark", models.CharField(blank=True, max_length=64)),
                ("email_mark", models.CharField(blank=True, max_length=64)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("decline_code", models.CharField(blank=True, max_length=64)),
                ("risk_level", models.CharField(blank=True, max_length=20)),
                ("risk_score", models.PositiveSmallIntegerField(null=True)),
                ("outcome_type", models.CharField(blank=True, max_length=30)),
                ("outcome_reason", models.CharField(blank=True, max_length=80)),
                ("seller_message", models.CharField(blank=True, max_length=500)),
                ("is_secured", models.BooleanField(db_default=False, default=False)),
                (
                    "suspicion",
                    models.CharField(blank=True, db_default="", default="", max_length=300),
                ),
                ("cleared_at", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "checkout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="card_tries",
                        to="payments.checkout",
                    ),
                ),
                (
                    "cleared_by",
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
                "verbose_name_plural": "card tries",
                "ordering": ["-made_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["tenant", "checkout", "-made_at"], name="card_try_by_checkout"
                    ),
                    models.Index(
                        condition=models.Q(
                            ("cleared_at__isnull", True),
                            ("is_paid", True),
                            models.Q(("suspicion", ""), _negated=True),
                        ),
                        fields=["tenant", "made_at"],
                        name="card_try_suspicious",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "stripe_charge_id"), name="card_try_once_per_charge"
                    )
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NO_MORE),
        ProtectTenantTables(),
    ]
