"""Invoices: what an organization owes for a period, line by line, and corrections of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import ExactField
from billing.models.organization import Organization
from billing.models.period import BillingPeriod, BillingRun
from core.encryption import EncryptedJSONField
from core.models import Tenant, TenantRow, User
from core.money import Money


class NumberSeries(TenantRow):
    """The next number of a series, taken under its row's lock: no gap, no number twice."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoices"
        CREDIT_NOTE = "credit_note", "Credit notes"

    kind = models.CharField(max_length=11, choices=Kind.choices)
    # Stripe takes numbers of up to 26 characters.
    prefix = models.CharField(max_length=12)
    next_number = models.BigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="number_series_once_per_kind"),
            models.UniqueConstraint(fields=["tenant", "prefix"], name="number_prefix_once"),
            models.CheckConstraint(
                name="number_prefix_is_plain", condition=Q(prefix__regex=r"^[A-Z0-9-]{1,12}$")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}{self.next_number}"


class Invoice(TenantRow):
    """One invoice. Its total is the sum of its lines, never below zero.

    A draft may be compiled anew. Finalized it has a number and never changes (trigger): it can
    only be voided, which leaves all its figures. `content_sha256` is the hash of what is printed
    on it. `payer` is a copy, encrypted, that may be erased; the money facts stay.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINAL = "final", "Final"
        VOID = "void", "Void"

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="invoices"
    )
    period = models.ForeignKey(BillingPeriod, on_delete=models.PROTECT, related_name="invoices")
    run = models.ForeignKey(
        BillingRun, on_delete=models.SET_NULL, null=True, related_name="invoices"
    )
    state = models.CharField(max_length=5, choices=State.choices, default=State.DRAFT)
    number = models.CharField(max_length=26, null=True)
    currency = models.CharField(max_length=3)
    payer = EncryptedJSONField(default=dict)
    collection = models.CharField(max_length=20, choices=Organization.Collection.choices)
    tax_name = models.CharField(max_length=60, blank=True, default="")
    tax_percentage = ExactField(max_digits=9, decimal_places=6, default=0)
    tax_is_inclusive = models.BooleanField(default=False)
    # Charges of the period before tax, prepaid credit and what is carried.
    net_minor = models.BigIntegerField()
    # Tax as a line when exclusive; within the net amount when inclusive.
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    lines_count = models.IntegerField()
    compiled_at = models.DateTimeField()
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    finalized_at = models.DateTimeField(null=True)
    content_sha256 = models.CharField(max_length=64, blank=True, default="")
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=300, blank=True, default="")
    voided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["period"], condition=~Q(state="void"), name="invoice_once_per_period"
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="invoice_number_once"),
            models.CheckConstraint(
                name="invoice_total_is_not_negative", condition=Q(total_minor__gte=0)
            ),
            models.CheckConstraint(
                name="final_invoice_has_number_and_hash",
                condition=Q(state="draft", number=None, finalized_at=None)
                | (
                    ~Q(state="draft")
                    & Q(
                        number__isnull=False,
                        finalized_at__isnull=False,
                        issued_on__isnull=False,
                        due_on__isnull=False,
                        content_sha256__gt="",
                    )
                ),
            ),
            models.CheckConstraint(
                name="void_invoice_says_when_and_why",
                condition=Q(state="void", voided_at__isnull=False, void_reason__gt="")
                | (~Q(state="void") & Q(voided_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="invoice_newest"),
            models.Index(fields=["organization", "-created_at"], name="invoice_of_organization"),
            models.Index(fields=["run", "organization"], name="invoice_of_run"),
        ]

    def __str__(self) -> str:
        return self.number or "draft"

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return Money(self.total_minor, self.currency)


class InvoiceLine(models.Model):
    """What one source owes for one period by now, less what was invoiced for it before.

    That rule makes each line: a usage price, a fee, a minimum, an item, a carried amount, the
    tax, the prepaid credit. `source`, `source_id` and `charged_from` name it; of one invoice they
    are unique, and over all invoices that are not void their amounts add up to what is owed.
    `quantity` and `exact` (minor units, not rounded) are what the line adds; `amount_minor` is
    rounded half-up once, as a difference of two rounded sums where there was an earlier line.
    """

    class Kind(models.TextChoices):
        USAGE = "usage", "Usage"
        MINIMUM = "minimum", "Minimum"
        RECURRING = "recurring", "Recurring fee"
        ONE_OFF = "one_off", "One-off"
        LATE = "late", "Late or corrected"
        CREDIT = "credit", "Credit"
        TAX = "tax", "Tax"
        PREPAID = "prepaid", "Prepaid credit used"
        CARRIED = "carried", "Carried"
        WAIVED = "waived", "Waived"

    class Source(models.TextChoices):
        USAGE = "usage"  # source_id: the price
        MINIMUM = "minimum"  # the price
        FEE = "fee"  # the recurring fee
        ITEM = "item"  # the one-off item
        TAX = "tax"  # the tax rate
        PREPAID = "prepaid"  # the organization
        CARRIED_IN = "carried_in"  # the invoice that carried it out
        CARRIED_OUT = "carried_out"  # the organization
        WAIVED = "waived"  # the organization

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, related_name="lines", db_constraint=False
    )
    organization_id = models.UUIDField()
    position = models.IntegerField()
    kind = models.CharField(max_length=9, choices=Kind.choices)
    source = models.CharField(max_length=11, choices=Source.choices)
    source_id = models.UUIDField()
    # First day of the period that is charged for, which need not be that of the invoice.
    charged_from = models.DateField()
    product = models.CharField(max_length=120, blank=True)
    description = models.CharField(max_length=500)
    starts_on = models.DateField()
    ends_on = models.DateField()
    quantity = ExactField(null=True)
    unit = models.CharField(max_length=40, blank=True)
    exact = ExactField()
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["invoice", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "source", "source_id", "charged_from"],
                name="line_once_per_source",
            ),
            models.CheckConstraint(
                name="line_ends_after_it_starts", condition=Q(ends_on__gt=F("starts_on"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "charged_from", "source_id"], name="line_of_source"
            ),
            # What waits to be taken up: looked for by each statement, and seldom there.
            models.Index(
                fields=["organization_id"],
                condition=Q(source="carried_out"),
                name="line_carried_out",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class CreditNote(TenantRow):
    """Takes back part of a finalized invoice, which itself stays as it is.

    `settled_by`: from what is still open, back to where the payment came from, or kept for the
    organization as prepaid credit.
    """

    class State(models.TextChoices):
        ISSUED = "issued", "Issued"
        VOID = "void", "Void"

    class Settled(models.TextChoices):
        OPEN_AMOUNT = "open_amount", _("Less to pay")
        REFUND = "refund", _("Refunded")
        PREPAID = "prepaid", _("Kept as prepaid credit")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    number = models.CharField(max_length=26)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ISSUED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300)
    settled_by = models.CharField(max_length=11, choices=Settled.choices)
    idempotency_key = models.CharField(max_length=200, null=True)
    issued_on = models.DateField()
    issued_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    content_sha256 = models.CharField(max_length=64)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="credit_note_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"], name="credit_note_key_once"
            ),
            models.CheckConstraint(
                name="credit_note_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(TenantRow):
    """What a credit note takes back of one invoice line, or of the whole without one."""

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, null=True, related_name="+")
    description = models.CharField(max_length=500)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credit_note_line_is_positive", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.description
