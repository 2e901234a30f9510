"""What all views of the CRM's API share: the actor, one row or 404, errors in their place."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.generics import GenericAPIView

from core.api.problems import FieldError, Problem, invalid, not_found
from core.api.views import ApiView
from core.invalid import FieldsInvalid
from crm.operations.stages import LeadMerged, NotThere
from crm.operations.timeline import Actor

Row = TypeVar("Row", bound=Model)
LONGEST_WORDS = 80

# What only PostgreSQL can see, where somebody else was quicker than the operation's own checks.
_OVERTAKEN = {
    "23503": "Something this names (a person, a team, a stage) went away meanwhile.",
    "23505": "Somebody stored the same meanwhile.",
    "42501": "You may not do this to a lead that you do not see, or would see no longer.",
}


class CrmView(ApiView, GenericAPIView[Any]):
    """A view of the CRM. Rows that the database does not show are 404, whoever's they are."""

    idempotency = "accepted"
    problems = {LeadMerged: (409, "lead_merged"), NotThere: (409, "changed_meanwhile")}

    @property
    def actor(self) -> Actor:
        """Who acts: a person, or an API key by its name."""
        key = self.caller.api_key
        return Actor(user=self.by, words=f"API key {key.name}"[:LONGEST_WORDS] if key else "")

    def one(self, rows: QuerySet[Row], pk: UUID) -> Row:
        """Return one row, or 404 alike for unknown, foreign and unseen ones."""
        found = rows.filter(pk=pk).first()
        if found is None:
            raise not_found()
        return found

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        """Point at each field that an operation refused; the database's own rules are 409."""
        return super().handle_exception(_as_problem(exc) or exc)


def refused(error: FieldsInvalid, *, under: str = "", but: Iterable[str] = ()) -> Problem:
    """Point at each field; those not in `but` lie under the field `under` of the body."""
    return invalid(
        *(
            FieldError(
                wrong.detail,
                code=wrong.code,
                pointer="#/" + "/".join(_path(wrong.field, under, but)),
            )
            for wrong in error.errors
        )
    )


def _path(field: str, under: str, but: Iterable[str]) -> list[str]:
    steps = field.split(".")
    return [under, *steps] if under and field not in but else steps


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, FieldsInvalid):
        return refused(error)
    if isinstance(error, ObjectDoesNotExist):
        return not_found()
    state = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, DatabaseError) and state in _OVERTAKEN:
        detail = f"{_OVERTAKEN[state]} Nothing was changed. Read again, then repeat."
        return Problem(HTTPStatus.CONFLICT, "conflict", detail)
    return None
