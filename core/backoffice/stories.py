"""One story of a person, from whatever row of theirs one looks: the same on every page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from core.backoffice.timelines import Happening, Person, timeline_of_person

SHORT, LONG = 30, 500

PersonOfRow = Callable[[Any], Person]
Finder = Callable[[Person], Person]

_people: dict[str, PersonOfRow] = {}
_finders: list[Finder] = []


@dataclass(frozen=True, slots=True)
class Story:
    """What happened with a person in all apps, newest first; and whether there is more of it."""

    lines: list[Happening]
    has_more: bool


def register_person_of(model: type[models.Model], person_of: PersonOfRow) -> None:
    """Say whose a row of `model` is: `person_of(row)` returns what the row knows of them."""
    _people[model._meta.label] = person_of


def register_finder(finder: Finder) -> None:
    """Add an app that may know a person by more than is known: `finder(person)` returns that.

    It costs the same number of queries however much it finds, and finds only what the one who
    asks may see.
    """
    if finder not in _finders:
        _finders.append(finder)


def person_behind(row: models.Model) -> Person | None:
    """Return whose a row is, by all that any app knows them by. In scope; None for other rows."""
    person_of = _people.get(row._meta.label)
    if person_of is None:
        return None
    person = person_of(row)
    for finder in _finders:
        person = person | finder(person)
    return person


def story_of(row: models.Model, *, is_long: bool = False) -> Story | None:
    """Return the story of the person whose row it is. In scope; None for rows of nobody.

    The number of queries does not depend on how much happened.
    """
    person = person_behind(row)
    if person is None:
        return None
    most = LONG if is_long else SHORT
    lines = timeline_of_person(person, most=most + 1)
    return Story(lines[:most], len(lines) > most)
