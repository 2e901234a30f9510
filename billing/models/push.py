"""What is sent to Stripe and how far it has got, and what Stripe says came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import CreditNote, Invoice
from billing.models.organization import Organization
from core.currencies import get_currency
from core.models import TenantRow, User


class PushDesk(TenantRow):
    """Whether a company's invoices go out: one row each; paused, no push is begun."""

    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    # Since when Stripe has given no certain answer, and when it gave one last.
    down_since = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="push_desk_once_per_tenant"),
        ]

    def __str__(self) -> str:
        return "paused" if self.paused_at else "running"


class Push(TenantRow):
    """The way of one thing of ours to Stripe: an invoice, a customer, or a credit note.

    `step` is what is done next. The row is claimed until `leased_until` before a call, with
    `key_used_at` set when the step's idempotency key is used first; `generation` goes up when a
    new key is needed. `last_error` says in words what happened and what follows.
    """

    class Step(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        CREATE = "create", "Create the draft"
        LINES = "lines", "Add the lines"
        VERIFY = "verify", "Compare"
        FINALIZE = "finalize", "Finalize"
        CREDIT = "credit", "Credit note"
        VOID = "void", "Void"
        PAID = "paid", "Tell that it was paid elsewhere"
        DONE = "done", "Done"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        WAITING = "waiting", "To be tried again"
        MISMATCH = "mismatch", "Differs from ours"
        BLOCKED = "blocked", "A person must act"
        DONE = "done", "At Stripe"
        DROPPED = "dropped", "Not sent"

    # What a worker may take up by itself.
    OPEN = (State.QUEUED, State.WAITING)

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    invoice = models.OneToOneField(
        Invoice, on_delete=models.PROTECT, null=True, related_name="push"
    )
    credit_note = models.OneToOneField(
        CreditNote, on_delete=models.PROTECT, null=True, related_name="push"
    )
    step = models.CharField(max_length=8, choices=Step.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    stripe_id = models.CharField(max_length=255, null=True, unique=True)
    generation = models.PositiveIntegerField(default=1)
    key_used_at = models.DateTimeField(null=True)
    lines_sent = models.IntegerField(default=0)
    is_collapsed = models.BooleanField(default=False)
    # What is sent under the key in use: the ids of lines, so that a repetition is identical.
    sending = models.JSONField(default=list)
    # Where it differs: [what, ours, Stripe's] for each difference, as words.
    differences = models.JSONField(default=list)
    calls = models.IntegerField(default=0)
    # How often it was taken up, which also tells one holder of the lease from the next.
    attempts = models.IntegerField(default=0)
    # How often in a row it got no further; each time it waits longer.
    failures = models.IntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    hosted_url = models.URLField(max_length=500, blank=True, default="")
    pdf_url = models.URLField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "pushes"
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="push_is_of_one_thing",
                condition=Q(invoice=None) | Q(credit_note=None),
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(invoice=None, credit_note=None),
                name="customer_push_once_per_organization",
            ),
            models.CheckConstraint(
                name="open_push_is_due_again",
                condition=~Q(state__in=["queued", "waiting"]) | Q(next_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="push_due",
                condition=Q(state__in=["queued", "waiting"]),
            ),
            models.Index(fields=["tenant", "state", "created_at"], name="push_by_state"),
            models.Index(
                fields=["tenant", "leased_until"],
                name="push_under_way",
                condition=Q(leased_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} · {self.state}"


class StripeCall(TenantRow):
    """One call that a push made: for whoever has to find out what happened. Append-only."""

    push = models.ForeignKey(Push, on_delete=models.CASCADE, related_name="log")
    step = models.CharField(max_length=8, choices=Push.Step.choices)
    idempotency_key = models.CharField(max_length=255, blank=True)
    outcome = models.CharField(max_length=12)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.step}: {self.outcome}"


class InvoiceStanding(TenantRow):
    """What has become of a finalized invoice's money, as Stripe said when it was asked last.

    It moves one way only: paid is left for a refund, a dispute or a void alone. `paid_minor` is
    what is settled of the total, be it by Stripe's balance of the customer.
    """

    class State(models.TextChoices):
        NOTHING_DUE = "nothing_due", _("Nothing to pay")
        UNSENT = "unsent", _("Not yet at Stripe")
        OPEN = "open", _("Open")
        PAST_DUE = "past_due", _("Past due")
        UNCOLLECTIBLE = "uncollectible", _("Uncollectible")
        PAID = "paid", _("Paid")
        VOID = "void", _("Void")

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="standing")
    state = models.CharField(max_length=13, choices=State.choices, default=State.UNSENT)
    paid_minor = models.BigIntegerField(default=0)
    credited_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    paid_at = models.DateTimeField(null=True)
    is_paid_out_of_band = models.BooleanField(default=False)
    # Dunning: tries to take the money, and the next one.
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True, default="")
    overdue_at = models.DateTimeField(null=True)
    stripe_status = models.CharField(max_length=20, blank=True, default="")
    # When Stripe was asked last.
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="standing_amounts_are_not_negative",
                condition=Q(paid_minor__gte=0, credited_minor__gte=0, refunded_minor__gte=0),
            ),
            models.CheckConstraint(
                name="paid_standing_has_its_time",
                condition=~Q(state="paid") | Q(paid_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="standing_by_state")]

    def __str__(self) -> str:
        return self.get_state_display()

    @property
    def is_moved_on(self) -> bool:
        """Whether it was too small to charge, so that Stripe asks for it with the next invoice."""
        smallest = get_currency(self.invoice.currency).minimum
        is_small = 0 < self.invoice.total_minor < smallest
        return self.state == self.State.PAID and is_small and not self.is_paid_out_of_band


class Notice(TenantRow):
    """Something told to an organization, in words: what happened and what to do."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="notices")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    # The same thing is told once.
    once = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=1000)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "once"], name="notice_told_once"),
        ]

    def __str__(self) -> str:
        return self.title
