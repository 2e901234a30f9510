"""What each app knows of the balance at Stripe, so that the daily ledger can be held against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from payments.gateway.movements import SourceFacts
from payments.models import Posting


@dataclass(frozen=True, slots=True)
class Expected:
    """What the balance should have moved for one source: signed minor units, and when.

    The amount is None where the source is known, but not what became of its money.
    """

    amount_minor: int | None
    currency: str
    what: str
    happened_at: datetime | None = None


def _nobody(customers: Collection[str]) -> set[str]:
    return set()


def _nothing(*, tenant_id: UUID, source: SourceFacts, now: datetime) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Book:
    """One app's knowledge. All but `learn` run in the scope of the company.

    `of` returns what is expected of the sources (charges, refunds, disputes, transfers) that are
    this app's; `between` what must have moved in a period; `customers` which of Stripe's customers
    are this app's. `learn` asks Stripe about a source that no book knows the amount of, outside
    any scope, and keeps it if it is this app's: then it returns True.
    """

    name: str
    of: Callable[[Collection[str]], Mapping[str, Expected]]
    between: Callable[[datetime, datetime], Mapping[str, Expected]]
    customers: Callable[[Collection[str]], set[str]] = _nobody
    learn: Callable[..., bool] = _nothing


_books: dict[str, Book] = {}


def register(book: Book) -> None:
    """Add a book; the same name again replaces the first one."""
    _books[book.name] = book


def books() -> list[Book]:
    """Return all books."""
    return list(_books.values())


def postings_of(
    model: type[Posting], sources: Collection[str], words: Callable[[Any], str]
) -> dict[str, Expected]:
    """Return what is expected of the sources that an app keeps postings of; `words` names one."""
    rows = model._default_manager.filter(stripe_id__in=sources)
    return {row.stripe_id: _expected(row, words) for row in rows}


def postings_between(
    model: type[Posting], since: datetime, until: datetime, words: Callable[[Any], str]
) -> dict[str, Expected]:
    """Return the postings of a period that must have moved the balance."""
    rows = model._default_manager.filter(happened_at__gte=since, happened_at__lt=until)
    return {row.stripe_id: _expected(row, words) for row in rows if row.moved_minor}


def _expected(row: Posting, words: Callable[[Any], str]) -> Expected:
    what = f"{row.get_kind_display().lower()} of {words(row)} ({row.status.replace('_', ' ')})"
    return Expected(row.moved_minor, row.currency, what, row.happened_at)
