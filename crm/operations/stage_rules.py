"""Make, edit and order the stages of a company's pipeline; for admins, by the database's rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.tenancy import current
from crm.models import Stage

S = TypeVar("S", bound=Stage)
EDITABLE = ("name", "outcome", "deadline_days", "needs_note", "may_go_back")
LONGEST_DEADLINE = 3660
LAST_POSITION = 32767
STEP = 10
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


def add_stage(model: type[S], *, key: str, position: int | None = None, **fields: Any) -> S:
    """Add a stage to the company in scope, last unless `position` says otherwise.

    `fields` are those of EDITABLE. Raises FieldsInvalid.
    """
    stages = list(model._default_manager.select_for_update())
    if position is None:
        position = max((stage.position for stage in stages), default=0) + STEP
    stage = model(tenant_id=current().tenant_id, key=key, position=position)
    mistakes = [*_wrong_place(key, position), *_apply(stage, fields)]
    if key in {other.key for other in stages}:
        mistakes.insert(0, WrongField("key", "taken", "Another stage has this key."))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    stage.save(force_insert=True)
    return stage


def edit_stage(model: type[S], *, stage_id: UUID, changes: dict[str, Any]) -> S:
    """Change the name or the rules of a stage: `changes` are fields of EDITABLE.

    Rows that stand on it stay. Raises FieldsInvalid, DoesNotExist. Repeating changes nothing.
    """
    stage = model._default_manager.select_for_update().get(pk=stage_id)
    before = {name: getattr(stage, name) for name in EDITABLE}
    mistakes = list(_apply(stage, changes))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    changed = [name for name in EDITABLE if getattr(stage, name) != before[name]]
    if changed:
        stage.version += 1
        stage.save(update_fields=[*changed, "version"])
    return stage


def order_stages(model: type[S], *, keys: list[str]) -> list[S]:
    """Put all stages into the order of `keys`, from left to right.

    Raises FieldsInvalid unless each stage is named exactly once. Repeating changes nothing.
    """
    stages = {stage.key: stage for stage in model._default_manager.select_for_update()}
    if sorted(keys) != sorted(stages):
        detail = f"Name each stage once: {', '.join(stages)}."
        raise FieldsInvalid(WrongField("keys", "not_all_stages", detail))
    for index, key in enumerate(keys, start=1):
        stage = stages[key]
        if stage.position != index * STEP:
            stage.position = index * STEP
            stage.version += 1
            stage.save(update_fields=["position", "version"])
    return [stages[key] for key in keys]


def _wrong_place(key: str, position: int) -> Iterator[WrongField]:
    if not _KEY.fullmatch(key):
        detail = "At most 40 small letters, digits and underscores, such as in_review."
        yield WrongField("key", "malformed_key", detail)
    if not 0 <= position <= LAST_POSITION:
        yield WrongField("position", "out_of_range", f"From 0 to {LAST_POSITION}.")


def _apply(stage: Stage, fields: dict[str, Any]) -> Iterator[WrongField]:
    for name, value in fields.items():
        if name not in EDITABLE:
            raise TypeError(f"a stage has no editable field {name!r}")
        setattr(stage, name, value.strip() if isinstance(value, str) else value)
    yield from wrong_texts({"name": stage.name}, {"name": 60})
    if not stage.name:
        yield WrongField("name", "required", "A stage needs a name.")
    if stage.outcome not in Stage.Outcome.values:
        detail = f"Give one of {', '.join(Stage.Outcome.values)}."
        yield WrongField("outcome", "unknown_outcome", detail)
    if stage.deadline_days is not None and not 0 <= stage.deadline_days <= LONGEST_DEADLINE:
        detail = f"From 0 to {LONGEST_DEADLINE} days, or null."
        yield WrongField("deadline_days", "out_of_range", detail)
