"""Applications: what a lead applies for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from core.encryption import EncryptedTextField
from core.models import EditableRow
from core.models.base import DatabaseNow
from core.money import Money
from crm.models.lead import Lead
from crm.models.stage import ApplicationStage


class Application(EditableRow):
    """One application of a lead for a programme, with the fee that is asked for it, if any."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="applications")
    programme = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="What is applied for."
    )
    stage = models.CharField(
        max_length=40,
        default=ApplicationStage.FIRST,
        db_default=ApplicationStage.FIRST,
        db_comment="The key of a row of crm_applicationstage.",
    )
    stage_since = models.DateTimeField(
        db_default=DatabaseNow(), editable=False, db_comment="When the stage was entered."
    )
    fee_minor = models.BigIntegerField(
        null=True, blank=True, db_comment="The application fee in minor units; null: none."
    )
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    fee_token = EncryptedTextField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "What leads apply for."
        constraints = [
            models.CheckConstraint(
                name="application_fee_has_a_currency",
                condition=Q(fee_minor__isnull=True, currency="")
                | Q(fee_minor__gt=0, currency__regex=r"^[A-Z]{3}$"),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "lead"], name="application_by_lead"),
            models.Index(fields=["tenant", "stage"], name="application_by_stage"),
            models.Index(
                fields=["tenant", "stage", "stage_since"], name="application_by_stage_age"
            ),
            models.Index(fields=["tenant", "created_at", "id"], name="application_by_age"),
        ]

    def __str__(self) -> str:
        return self.programme or "Application"

    @property
    def fee(self) -> Money | None:
        """The application fee, or None where none is asked for."""
        return None if self.fee_minor is None else Money(self.fee_minor, self.currency)

    @property
    def fee_url(self) -> str:
        """The address at which the applicant pays the fee; empty until it was asked for."""
        if not self.fee_token:
            return ""
        return f"{settings.PUBLIC_URL}{reverse('application_fee', args=[self.fee_token])}"
