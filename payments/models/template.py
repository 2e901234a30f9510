"""Templates: what a link says, kept under a name to make further links from."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.encryption import EncryptedJSONField
from core.models import EditableRow


class LinkTemplate(EditableRow):
    """The terms of a link under a name; without moments and without a certain customer."""

    name = models.CharField(max_length=80)
    terms = EncryptedJSONField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="link_template_named_once"),
        ]

    def __str__(self) -> str:
        return self.name
