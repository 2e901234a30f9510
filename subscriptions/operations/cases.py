"""Cases: opened by the program or a person, told what happens, closed with an outcome."""

from __future__ import annotations

from datetime import datetime

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import User
from subscriptions.models import Case, CaseNote, RentPayment


class CaseClosed(Exception):
    """The case is closed; nothing was changed."""


def open_case(rent: RentPayment, *, cause: str, now: datetime, by: User | None = None) -> Case:
    """Return the open case of a rent, or open one. In scope; repeating finds the same case."""
    case, _ = Case.objects.get_or_create(
        tenant_id=rent.tenant_id,
        rent=rent,
        state=Case.State.OPEN,
        defaults={"cause": cause[:300], "opened_at": now, "owner": by},
    )
    return case


def tell_case(
    case: Case, text: str, *, now: datetime, by: User | None = None, once: str | None = None
) -> None:
    """Write what was said or done. With `once` the same thing is written once."""
    values = {"by": by, "text": text, "written_at": now}
    if once is None:
        CaseNote.objects.create(tenant_id=case.tenant_id, case=case, **values)
    else:
        CaseNote.objects.get_or_create(
            tenant_id=case.tenant_id, case=case, once=once[:200], defaults=values
        )


def add_note(*, case: Case, text: str, by: User, now: datetime) -> None:
    """Write a person's note. Raises FieldsInvalid, CaseClosed."""
    errors = list(wrong_texts({"text": text}, {"text": 5000}, multiline=frozenset({"text"})))
    if not text.strip():
        errors.append(WrongField("text", "required", "Write what happened."))
    if errors:
        raise FieldsInvalid(*errors)
    _locked_open(case)
    tell_case(case, text.strip(), by=by, now=now)


def take_case(*, case: Case, by: User, now: datetime) -> Case:
    """Make a case one's own. Raises CaseClosed."""
    found = _locked_open(case)
    if found.owner_id != by.pk:
        found.owner = by
        found.version += 1
        found.save(update_fields=["owner", "version"])
        tell_case(found, "Took the case.", by=by, now=now)
    return found


def close_case(*, case: Case, outcome: str, by: User, now: datetime) -> Case:
    """Close a case with what came of it. Raises FieldsInvalid, CaseClosed."""
    errors = list(wrong_texts({"outcome": outcome}, {"outcome": 500}))
    if not outcome.strip():
        errors.append(WrongField("outcome", "required", "Say what came of it."))
    if errors:
        raise FieldsInvalid(*errors)
    found = _locked_open(case)
    found.state, found.closed_at, found.outcome = Case.State.CLOSED, now, outcome.strip()
    found.version += 1
    found.save(update_fields=["state", "closed_at", "outcome", "version"])
    tell_case(found, f"Closed: {found.outcome}", by=by, now=now)
    return found


def _locked_open(case: Case) -> Case:
    found = Case.objects.select_for_update().get(pk=case.pk)
    if found.state != Case.State.OPEN:
        raise CaseClosed("This case is closed. Open a new one for what happened since.")
    return found
