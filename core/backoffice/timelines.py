"""Timelines: what happened to one object, told by every app that knows something of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models

MOST = 50

Source = Callable[[Any], Iterable["Happening"]]
PersonSource = Callable[["Person"], Iterable["Happening"]]

_sources: dict[str, list[Source]] = defaultdict(list)
_person_sources: list[PersonSource] = []


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a timeline: when, what, by whom (empty: by itself), and where to read on.

    `detail` is a text of several lines below it, such as a note; `tone` is the class of a badge
    (good, bad, note), where a line should stand out.
    """

    when: datetime
    what: str
    who: str = ""
    link: str = ""
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody outside the company, by all that apps may know them by.

    `emails` and `phones` are normalised; `subjects` are rows by kind and id, as a checkout has
    them, such as `("application_fee", id)`; `accounts` are their ids at the company's shop.
    """

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    subjects: frozenset[tuple[str, UUID]] = frozenset()
    accounts: frozenset[str] = frozenset()

    @classmethod
    def known_by(cls, email: str | None, *subjects: tuple[str, UUID]) -> Person:
        """Return whoever has this e-mail, if it is one, and these rows."""
        known = (email or "").strip().lower()
        return cls(emails=frozenset([known] if known else []), subjects=frozenset(subjects))

    def ids(self, *kinds: str) -> list[UUID]:
        """Return the ids of the person's rows of these kinds, in order."""
        return sorted(pk for kind, pk in self.subjects if kind in kinds)

    def __or__(self, other: Person) -> Person:
        """Return somebody known by all that either is known by."""
        both = {
            one.name: getattr(self, one.name) | getattr(other, one.name) for one in fields(Person)
        }
        return Person(**both)


def register_timeline(model: type[models.Model], source: Source) -> None:
    """Add a source for the rows of `model`: `source(row)` yields Happenings, in scope."""
    if source not in _sources[model._meta.label]:
        _sources[model._meta.label].append(source)


def timeline_of(row: models.Model) -> list[Happening]:
    """Return what happened to a row, newest first, at most MOST."""
    happened = list(edits_of(row))
    for source in _sources[row._meta.label]:
        happened.extend(source(row))
    return sorted(happened, key=lambda h: h.when, reverse=True)[:MOST]


def edits_of(row: models.Model) -> Iterable[Happening]:
    """Yield what people did to the row in the back office."""
    entries = LogEntry.objects.select_related("user").filter(
        content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk)
    )
    for entry in entries.order_by("-action_time")[:MOST]:
        what = "Added" if entry.is_addition() else entry.get_change_message() or "Edited"
        yield Happening(when=entry.action_time, what=what, who=str(entry.user))


def register_person_source(source: PersonSource) -> None:
    """Add what an app knows of a person: `source(person)` yields Happenings, in scope.

    A source costs the same number of queries however much it finds.
    """
    if source not in _person_sources:
        _person_sources.append(source)


def timeline_of_person(person: Person, *, most: int = MOST) -> list[Happening]:
    """Return what happened with a person in all apps, newest first, at most `most`."""
    happened = [one for source in _person_sources for one in source(person)]
    return sorted(happened, key=lambda h: h.when, reverse=True)[:most]
