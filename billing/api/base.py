"""What views of billing share: finding an organization, and pointing at refused fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing.models import Organization
from billing.operations.items import LONGEST_KEY, KeyUsedOtherwise
from core.api.problems import FieldError, Problem, invalid, not_found
from core.api.versions import check_match
from core.api.views import ApiView
from core.invalid import FieldsInvalid

# How the fields of operations are called in bodies.
_NAMES = {"tax_rate_id": "tax_rate", "meter_id": "meter", "version_id": "version"}


@contextmanager
def pointing() -> Iterator[None]:
    """Answer 400 for what an operation refuses, with a pointer at each field."""
    try:
        yield
    except FieldsInvalid as error:
        raise invalid(
            *(
                FieldError(
                    wrong.detail,
                    code=wrong.code,
                    pointer=f"#/{_NAMES.get(wrong.field, wrong.field)}",
                )
                for wrong in error.errors
            )
        ) from error


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text is, in its usual form, or None."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


class OrganizationView(ApiView):
    """A view of one organization, which its path names by id or by code."""

    def organization(self, reference: str, *, lock: bool = False) -> Organization:
        """Return the organization; locked, for a change that the caller's `If-Match` allows."""
        rows = Organization.objects.all()
        found: Organization = find(rows.select_for_update() if lock else rows, reference)
        if lock:
            check_match(self.request, found)
        return found


def find(rows: QuerySet[Any], reference: str) -> Any:
    """Return the row whose id or code this is; a Problem (404) for none and for a foreign one."""
    pk = as_uuid(reference)
    found = rows.filter(pk=pk).first() if pk else None
    if found is None and len(reference) <= 64 and reference.isascii() and "\0" not in reference:
        found = rows.filter(code=reference).first()
    if found is None:
        raise not_found()
    return found


def checked(serializer: Any) -> dict[str, Any]:
    """Return the fields of a body that has the right shape; raises a ValidationError (400)."""
    serializer.is_valid(raise_exception=True)
    fields: dict[str, Any] = serializer.validated_data
    return fields


def key_of(request: Any) -> str:
    """Return the Idempotency-Key of a request that cannot do without one."""
    key = str(request.META["HTTP_IDEMPOTENCY_KEY"])
    if len(key) > LONGEST_KEY:
        words = f"At most {LONGEST_KEY} characters here: the key is kept with the row."
        raise invalid(FieldError(words, code="too_long", header="Idempotency-Key"))
    return key


@contextmanager
def key_told() -> Iterator[None]:
    """Answer 422 for a key that named something else before, however long ago."""
    try:
        yield
    except KeyUsedOtherwise as error:
        wrong = FieldError(str(error), code="key_reused", header="Idempotency-Key")
        raise Problem(422, "key_reused", str(error), errors=[wrong]) from error
