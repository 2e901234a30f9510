"""The steps that staff may take about a rent: looked at once more, then taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.jobs import enqueue
from core.models import User
from subscriptions.models import RentPayment
from subscriptions.operations import (
    dispute_acts,
    objections,
    rent_collections,
    reversals,
    transfers,
)
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.rents import NotADuplicate, NothingLost, count_instead, write_off
from subscriptions.queries.case_actions import Action, action_named
from subscriptions.queries.rent_case import RentCase, rent_case

LONGEST_TEXT = 300
Refusals = (
    dispute_acts.ActNotPossible,
    reversals.NotOpen,
    reversals.NothingToTakeBack,
    transfers.NotPossible,
    NothingLost,
    NotADuplicate,
    rent_collections.NotCollectable,
)


class StepNotPossible(Exception):
    """The step is not possible now; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class _Step:
    case: RentCase
    text: str
    by: User
    now: datetime


def take_step(*, rent_id: UUID, code: str, text: str, by: User, now: datetime) -> Action:
    """Take one of the steps of `next_actions`, with the rent locked. In scope; returns the step.

    Who asks second finds the step taken. Raises StepNotPossible, FieldsInvalid,
    RentPayment.DoesNotExist.
    """
    RentPayment.objects.select_for_update(of=("self",)).get(pk=rent_id)
    case = rent_case(rent_id)
    action = action_named(case, code, now)
    if action is None:
        raise StepNotPossible("This step does not belong to what the rent is in now.")
    if not action.is_allowed:
        raise StepNotPossible(action.why_not)
    if action.wants_text:
        _check_text(text)
    try:
        _STEPS[code](_Step(case, text.strip(), by, now))
    except Refusals as error:
        raise StepNotPossible(str(error)) from error
    return action


def _check_text(text: str) -> None:
    errors = list(wrong_texts({"text": text}, {"text": LONGEST_TEXT}))
    if not text.strip():
        errors.append(WrongField("text", "required", "Say why; it stays in the case."))
    if errors:
        raise FieldsInvalid(*errors)


def _act(verb: Callable[..., object]) -> Callable[[_Step], None]:
    def take(step: _Step) -> None:
        assert step.case.dispute is not None  # noqa: S101 - the action belongs to one
        verb(dispute=step.case.dispute, by=step.by, now=step.now)

    return take


def _decide(*, approve: bool) -> Callable[[_Step], None]:
    def take(step: _Step) -> None:
        assert step.case.proposal is not None  # noqa: S101 - the action belongs to one
        reversals.decide_reversal(
            reversal=step.case.proposal, approve=approve, by=step.by, now=step.now
        )

    return take


def _propose(step: _Step) -> None:
    assert step.case.transfer is not None  # noqa: S101 - the action belongs to one
    reversals.propose_reversal(step.case.transfer, reason=step.text, now=step.now)


def _clear(step: _Step) -> None:
    assert step.case.warning is not None  # noqa: S101 - the action belongs to one
    objections.clear_warning(warning=step.case.warning, note=step.text, by=step.by, now=step.now)


def _stop(step: _Step) -> None:
    assert step.case.transfer is not None  # noqa: S101 - the action belongs to one
    transfers.stop_transfer(transfer=step.case.transfer, reason=step.text, by=step.by, now=step.now)


def _release(step: _Step) -> None:
    assert step.case.transfer is not None  # noqa: S101 - the action belongs to one
    transfers.release_transfer(transfer=step.case.transfer, by=step.by, now=step.now)


def _again(step: _Step) -> None:
    case = open_case(step.case.rent, cause="To be transferred again", now=step.now)
    tell_case(case, "Asked to transfer the rent again.", by=step.by, now=step.now)
    enqueue("subscriptions.refresh_rent", rent_id=step.case.rent.pk)


def _write_off(step: _Step) -> None:
    write_off(rent=step.case.rent, reason=step.text, by=step.by, now=step.now)


def _refresh(step: _Step) -> None:
    enqueue("subscriptions.refresh_rent", rent_id=step.case.rent.pk)


def _payment_page(step: _Step) -> None:
    case = open_case(step.case.rent, cause="To be paid by a link", now=step.now)
    tell_case(case, "Asked for a payment page.", by=step.by, now=step.now)
    enqueue("subscriptions.open_rent_page", rent_id=step.case.rent.pk)


def _collect(step: _Step) -> None:
    rent_collections.ask_to_collect(rent=step.case.rent, by=step.by, now=step.now)


def _count_this(step: _Step) -> None:
    count_instead(rent=step.case.rent, by=step.by, now=step.now)


_STEPS: dict[str, Callable[[_Step], None]] = {
    "submit": _act(dispute_acts.submit_evidence),
    "accept": _act(dispute_acts.accept_dispute),
    "refund": _act(dispute_acts.refund_inquiry),
    "clear_warning": _clear,
    "approve_reversal": _decide(approve=True),
    "decline_reversal": _decide(approve=False),
    "propose_reversal": _propose,
    "stop": _stop,
    "release": _release,
    "again": _again,
    "write_off": _write_off,
    "refresh": _refresh,
    "payment_page": _payment_page,
    "collect": _collect,
    "count_this": _count_this,
}
