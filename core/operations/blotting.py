"""Take an erased person out of free texts: what people or programs wrote about them anywhere.

E-mails and phone numbers name one person and are blotted wherever they stand. A name may be that
of two people: it is blotted in the rows that hang on the erased one, and counted in others, for a
person to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from core.encryption import EncryptedTextField

BLOTTED: Final = "[erased]"
_BATCH: Final = 500
_MOST_NAMED: Final = 5
# Shorter ones stand in too much that is none of theirs.
_SHORTEST_NAME, _SHORTEST_PHONE = 5, 7


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns of a model (`app.Model`) in which somebody may be named.

    `of` is a path of Django's to an id of the person, for rows that hang on them; "" for none.
    """

    model: str
    fields: tuple[str, ...]
    of: str = ""


@dataclass(frozen=True, slots=True)
class Needles:
    """What names a person: their own, and what may be that of others too."""

    own: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def every(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.own, *self.names)


@dataclass(frozen=True, slots=True)
class Blotted:
    """What came of one model: rows that were changed, and ids of others that hold the name."""

    model: str
    rows: int
    named: tuple[str, ...]


def needles_of(emails: Iterable[str], words: Iterable[str]) -> Needles:
    """Sort what is known of a person: e-mails, phone numbers, and names of two words or more."""
    phones, names = set(), set()
    for word in (" ".join(one.split()) for one in words):
        if sum(sign.isdigit() for sign in word) >= _SHORTEST_PHONE:
            phones.add(word)
        elif " " in word and len(word) >= _SHORTEST_NAME:
            names.add(word)
    return Needles(own=tuple(sorted({*emails, *phones})), names=tuple(sorted(names)))


def blot(texts: Iterable[Texts], needles: Needles, ids: frozenset[UUID]) -> Iterator[Blotted]:
    """Blot a person out of these columns. In scope; repeating finds nothing more."""
    for one in texts:
        if needles.every:
            yield _blot(one, needles, ids)


def _blot(texts: Texts, needles: Needles, ids: frozenset[UUID]) -> Blotted:
    model = apps.get_model(texts.model)
    rows = model._default_manager.order_by()
    theirs: set[Any] = set()
    if texts.of:
        theirs = set(rows.filter(**{f"{texts.of}__in": ids}).values_list("pk", flat=True))
    own, every = _pattern(needles.own), _pattern(needles.every)
    changed = 0
    named: list[str] = []
    for pk, *values in _candidates(rows, texts.fields, needles):
        pattern = every if pk in theirs else own
        blotted = [_without(value, pattern) for value in values]
        if blotted != values:
            changed += model._default_manager.filter(pk=pk).update(
                **dict(zip(texts.fields, blotted, strict=True))
            )
        if any(_without(value, every) != value for value in blotted):
            named.append(str(pk))
    return Blotted(texts.model, changed, tuple(named[:_MOST_NAMED]))


def _candidates(
    rows: models.QuerySet[Any], fields: tuple[str, ...], needles: Needles
) -> Iterable[tuple[Any, ...]]:
    """Return the rows that may hold a needle; those with an encrypted column are all looked at."""
    kinds = [rows.model._meta.get_field(name) for name in fields]
    if not any(isinstance(kind, EncryptedTextField) for kind in kinds):
        plain = {f"{name}_as_text": Cast(name, TextField()) for name in fields}
        held = Q(pk__in=[])
        for name in plain:
            for needle in needles.every:
                held |= Q(**{f"{name}__icontains": needle})
        rows = rows.annotate(**plain).filter(held)
    return rows.values_list("pk", *fields).iterator(chunk_size=_BATCH)


def _pattern(needles: tuple[str, ...]) -> re.Pattern[str]:
    # Without needles nothing matches.
    found = "|".join(re.escape(one) for one in sorted(needles, key=len, reverse=True)) or "(?!)"
    return re.compile(found, re.IGNORECASE)


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(BLOTTED, value)
    if isinstance(value, dict):
        return {key: _without(inner, pattern) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, pattern) for inner in value]
    return value
