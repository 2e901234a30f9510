"""Answers kept for requests that are repeated with the same Idempotency-Key."""

from __future__ import annotations

from django.db import models

from core.encryption import EncryptedTextField
from core.models.base import TenantRow


class StoredAnswer(TenantRow):
    """The first answer to a POST, given again when the same caller repeats the same key.

    `status` is null while the first request is still running.
    """

    caller = models.CharField(max_length=48)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    # Answers may hold payers' details.
    body = EncryptedTextField(default="")
    lease_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "caller", "key"], name="answer_once_per_idempotency_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status or 'running'}"
