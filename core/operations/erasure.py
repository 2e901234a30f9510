"""Erase a customer: every app takes the person out of its rows and keeps what money needs.

Apps register a finder (which e-mails belong to an id) and an eraser. What nobody registered is
not erased: tests hold the list of tables with payers' details against the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from core.models import AuditEntry, User
from core.operations.audit import keep
from core.operations.blotting import Needles, Texts, blot, needles_of
from core.tenancy import scope

log = structlog.get_logger(__name__)


class NobodyFound(Exception):
    """Nobody here has this e-mail or id; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is erased: e-mails in small letters, and ids (ours, Stripe's) by which rows are found."""

    emails: frozenset[str]
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased in one table: how many rows, and what was kept, or is to be done by hand."""

    what: str
    rows: int
    note: str = ""


Finder = Callable[[str], Iterable[str]]
Eraser = Callable[[Subject], Iterable[Erased]]
Namer = Callable[[Subject], Iterable[str]]


def _nobody(subject: Subject) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Part:
    """One app's part. `tables` names the models whose details it erases, for the tests.

    `find` returns the e-mails and ids that an id or e-mail leads to; `erase` runs in scope, and
    finds nothing more when it is repeated. `words` tells names and phone numbers before that, and
    `texts` the columns from which they and the e-mails are taken after it.
    """

    name: str
    find: Finder
    erase: Eraser
    tables: tuple[str, ...]
    words: Namer = _nobody
    texts: tuple[Texts, ...] = ()


@dataclass(slots=True)
class Erasure:
    """All that was erased, and where nothing of this person was left."""

    erased: list[Erased] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were changed in all."""
        return sum(one.rows for one in self.erased)


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Add an app's part; the same name again replaces the first one."""
    _parts[part.name] = part


def parts() -> list[Part]:
    """Return all parts, by name."""
    return [_parts[name] for name in sorted(_parts)]


def erase_customer(
    *, tenant_id: UUID, who: str, by: User | None = None, is_dry_run: bool = False
) -> Erasure:
    """Erase a person, named by e-mail or by an id of theirs, in all apps. Money facts stay.

    All or nothing, in one transaction; kept in the audit log by figures alone. Repeating erases
    what came since. Raises NobodyFound when the id leads to nobody.
    """
    try:
        with scope(tenant_id):
            erasure = Erasure(list(_erase(subject_of(who))))
            detail = {one.what: one.rows for one in erasure.erased}
            keep(AuditEntry.Verb.ERASED, "a customer, on request", by=by, detail=detail)
            if is_dry_run:
                raise _Undo(erasure)
    except _Undo as undo:
        return undo.erasure
    log.info("customer_erased", rows=erasure.rows)
    return erasure


class _Undo(Exception):
    """A look before the act: all of it is rolled back."""

    def __init__(self, erasure: Erasure) -> None:
        super().__init__()
        self.erasure = erasure


def subject_of(who: str) -> Subject:
    """Return the person whom an e-mail or an id leads to. In scope. Raises NobodyFound."""
    asked = who.strip()
    if not asked or len(asked) > 254 or not asked.isprintable():
        raise NobodyFound("Name the customer by an e-mail or an id.")
    known = {asked.casefold()} if "@" in asked else {asked}
    while True:
        found = {one for part in parts() for name in known for one in part.find(name)}
        found = {one.casefold() if "@" in one else one for one in found}
        if found <= known:
            break
        known |= found
    emails = frozenset(name for name in known if "@" in name)
    ids = frozenset(known - emails)
    if not emails and ids == {asked}:
        raise NobodyFound(f"Nobody here is found by {asked!r}: give an e-mail.")
    return Subject(emails=emails, ids=ids)


def _erase(subject: Subject) -> Iterator[Erased]:
    words = [word for part in parts() for word in part.words(subject) if word]
    needles = needles_of(subject.emails, words)
    for part in parts():
        yield from part.erase(subject)
    yield from _erase_texts(needles, subject)


def _erase_texts(needles: Needles, subject: Subject) -> Iterator[Erased]:
    ids = frozenset(uuid for one in subject.ids if (uuid := as_uuid(one)) is not None)
    done = list(blot([one for part in parts() for one in part.texts], needles, ids))
    yield Erased("texts", sum(one.rows for one in done))
    for one in done:
        if one.named:
            note = f"The name stands in others: look at {one.model} {', '.join(one.named)}"
            yield Erased(f"left in {one.model}", 0, note)


def as_uuid(text: str) -> UUID | None:
    """Return an id of ours; None for one of another kind."""
    try:
        return UUID(text)
    except ValueError:
        return None
