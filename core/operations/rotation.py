"""Rotation of the keys under which secrets and payers' details lie encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet, TextField, Value
from django.db.models.functions import Cast

from core.encryption import EncryptedTextField, cipher


@dataclass(slots=True)
class Rotated:
    """What became of some rows; `unreadable` names those that no key opens."""

    rows: int = 0
    rewritten: int = 0
    unreadable: list[str] = field(default_factory=list)
    last: Any = None
    # Keys of rows that somebody was writing: to be written again alone.
    busy: list[Any] = field(default_factory=list)

    def add(self, other: Rotated) -> None:
        """Count another batch in."""
        self.rows += other.rows
        self.rewritten += other.rewritten
        self.unreadable += other.unreadable


def encrypted_models() -> Iterator[tuple[type[Model], tuple[str, ...]]]:
    """Yield each model that has encrypted fields, with their names."""
    for model in apps.get_models():
        names = tuple(
            found.name
            for found in model._meta.local_concrete_fields
            if isinstance(found, EncryptedTextField)
        )
        if names:
            yield model, names


def rotate_batch(
    *, model: type[Model], fields: tuple[str, ...], after: Any, size: int, dry_run: bool
) -> Rotated:
    """Write up to `size` rows behind the key `after` again, with the newest key.

    Runs in the scope of a tenant whose rows they are; `last` is None when none are left. A value
    that already lies under the newest key is passed over, so repeating goes on where it stopped.
    It waits for nobody, as it holds many rows: those in `busy` are left to `rotate_row`.
    """
    rows = _raw(model, fields).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    done = Rotated()
    found: dict[Any, list[tuple[str, str, str]]] = {}
    for pk, *values in list(rows[:size]):
        done.rows += 1
        done.last = pk
        if changes := _changes(model, fields, pk, values, done):
            found[pk] = changes
    if dry_run:
        done.rewritten = sum(map(len, found.values()))
        return done
    free = model._default_manager.select_for_update(skip_locked=True, of=("self",), no_key=True)
    held = set(free.filter(pk__in=found).order_by().values_list("pk", flat=True))
    for pk in held:
        done.rewritten += sum(replace(model, pk, *change) for change in found[pk])
    done.busy = [pk for pk in found if pk not in held]
    return done


def rotate_row(*, model: type[Model], fields: tuple[str, ...], pk: Any) -> Rotated:
    """Write one row again with the newest key, in a transaction that holds no other."""
    done = Rotated()
    for _, *values in _raw(model, fields).filter(pk=pk):
        changes = _changes(model, fields, pk, values, done)
        done.rewritten += sum(replace(model, pk, *change) for change in changes)
    return done


def _raw(model: type[Model], fields: tuple[str, ...]) -> QuerySet[Any, tuple[Any, ...]]:
    raw = {f"raw_{name}": Cast(name, TextField()) for name in fields}
    rows: QuerySet[Any, tuple[Any, ...]] = model._default_manager.annotate(**raw).values_list(
        "pk", *raw
    )
    return rows


def _changes(
    model: type[Model], fields: tuple[str, ...], pk: Any, values: list[str | None], done: Rotated
) -> list[tuple[str, str, str]]:
    """Return field, old and new text of each value that is to be written again."""
    found = []
    for name, value in zip(fields, values, strict=True):
        new = _rotated(value, f"{model._meta.label}.{name} of {pk}", done)
        if new is not None:
            found.append((name, str(value), new))
    return found


def _rotated(value: str | None, place: str, done: Rotated) -> str | None:
    """Return the text to write in a value's place; None where nothing is to be written."""
    if value is None or lies_under_newest_key(value):
        return None
    try:
        return cipher().rotate(value.encode()).decode()
    except InvalidToken:
        done.unreadable.append(place)
        return None


def replace(model: type[Model], pk: Any, name: str, old: str, new: str) -> int:
    """Write the new text unless somebody wrote another value meanwhile; return 1 or 0."""
    rows = model._default_manager.annotate(raw_now=Cast(name, TextField()))
    return rows.filter(pk=pk, raw_now=old).update(**{name: Value(new, output_field=TextField())})


def lies_under_newest_key(value: str) -> bool:
    """Return whether the first of FIELD_ENCRYPTION_KEYS wrote a stored value."""
    try:
        Fernet(settings.FIELD_ENCRYPTION_KEYS[0]).decrypt(value.encode())
    except InvalidToken:
        return False
    return True
