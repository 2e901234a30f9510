"""Links made from files: which file, and which row of it became which link."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.models import TenantRow
from payments.models.link import PaymentLink


class LinkImport(TenantRow):
    """One file that links were made from. `keys` are those of its good rows, in the file's order.

    `digest` is that of the file's text: the same file is the same import, however often it comes.
    """

    digest = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200, blank=True)
    keys = ArrayField(models.CharField(max_length=64), default=list)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="link_import_once_per_file"),
        ]

    def __str__(self) -> str:
        return self.file_name or "Links from a file"


class ImportedLink(TenantRow):
    """The link that a row of a file became; `key` is made from what the row says."""

    key = models.CharField(max_length=64)
    link = models.ForeignKey(PaymentLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="link_imported_once_per_row"),
        ]

    def __str__(self) -> str:
        return self.key
