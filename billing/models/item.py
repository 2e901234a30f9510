"""One-off items, and money that an organization paid ahead."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing.models.invoice import Invoice
from billing.models.organization import Organization
from core.models import TenantRow, User


class OneOffItem(TenantRow):
    """An amount owed once; below zero it is a credit. It joins the first invoice that may hold it.

    `due_on` is a day of the organization's calendar.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="items")
    description = models.CharField(max_length=300)
    product = models.CharField(max_length=120, blank=True)
    amount_minor = models.BigIntegerField()
    due_on = models.DateField()
    idempotency_key = models.CharField(max_length=200, null=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-due_on", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="item_key_once"),
            models.CheckConstraint(name="item_is_an_amount", condition=~Q(amount_minor=0)),
        ]
        indexes = [models.Index(fields=["organization", "due_on"], name="item_by_due_day")]

    def __str__(self) -> str:
        return self.description


class WalletEntry(TenantRow):
    """One movement of an organization's prepaid credit; append-only, the balance is the sum."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", "Paid ahead"
        GRANT = "grant", "Granted"
        USED = "used", "Used by an invoice"
        RETURNED = "returned", "Returned by a voided invoice"
        CREDIT_NOTE = "credit_note", "From a credit note"
        WITHDRAWN = "withdrawn", "Taken back"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="wallet")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    amount_minor = models.BigIntegerField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=200, null=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "wallet entries"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="wallet_key_once"),
            models.UniqueConstraint(
                fields=["invoice", "kind"],
                condition=Q(invoice__isnull=False, kind__in=["used", "returned"]),
                name="wallet_used_once_per_invoice",
            ),
            models.CheckConstraint(
                name="wallet_entry_has_its_sign",
                condition=Q(kind__in=["used", "withdrawn"], amount_minor__lt=0)
                | (~Q(kind__in=["used", "withdrawn"]) & Q(amount_minor__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount_minor}"
