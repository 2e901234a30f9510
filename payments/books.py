"""What each app knows of the balance at Stripe, so that the daily ledger can be held against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Expected:
    """What the balance should have moved for one source: signed minor units, and when."""

    amount_minor: int
    currency: str
    what: str
    happened_at: datetime | None = None


def _nobody(customers: Collection[str]) -> set[str]:
    return set()


@dataclass(frozen=True, slots=True)
class Book:
    """One app's knowledge. All run in the scope of the company.

    `of` returns what is expected of the sources (charges, refunds, disputes, transfers) that are
    this app's; `between` what must have moved in a period; `customers` which of Stripe's customers
    are this app's, for charges that it keeps no row of.
    """

    name: str
    of: Callable[[Collection[str]], Mapping[str, Expected]]
    between: Callable[[datetime, datetime], Mapping[str, Expected]]
    customers: Callable[[Collection[str]], set[str]] = _nobody


_books: dict[str, Book] = {}


def register(book: Book) -> None:
    """Add a book; the same name again replaces the first one."""
    _books[book.name] = book


def books() -> list[Book]:
    """Return all books."""
    return list(_books.values())
