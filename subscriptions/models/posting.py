"""What the balance at Stripe moved for rents."""

from __future__ import annotations

from django.db import models

from payments.models import Posting
from subscriptions.models.rent import RentPayment


class RentPosting(Posting):
    """A charge that paid a rent or is on its way, a refund of it, or a dispute about it."""

    rent = models.ForeignKey(RentPayment, on_delete=models.PROTECT, related_name="postings")

    class Meta(Posting.Meta):
        constraints = Posting.rules("rent")
        indexes = [
            models.Index(fields=["tenant", "happened_at"], name="rent_posting_by_time"),
        ]
