"""One round: customers pay and invoices are pushed while one thing is broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import requests

from chaos.books import Books
from chaos.breakages import Breakage
from chaos.count import Count, count, paid_links, sent_invoices
from chaos.people import charges_of, crowd, invoices_of, send_all
from chaos.site import Site, pause
from core.demo.processes import wait_until

WHOLE_SECONDS = 420.0  # leases of killed workers run out first, of letters after two minutes


@dataclass(frozen=True)
class Scale:
    """How much happens in a round."""

    customers: int
    invoices: int
    broken_seconds: float


@dataclass(frozen=True)
class Outcome:
    """What a round came to; `seconds` from the mending until all was settled."""

    breakage: Breakage
    payments: Count
    invoices: Count
    seconds: float
    troubles: int


def play(site: Site, books: Books, breakage: Breakage, *, scale: Scale, dice: Random) -> Outcome:
    """Play one round and count. Raises RuntimeError when the site cannot be broken or mended."""
    links = books.make_links(scale.customers, breakage.name)
    ids = [link_id for link_id, _ in links]
    invoices = books.bill_next_month()
    customers = crowd(links, key=books.key, within=scale.broken_seconds * 1.5, dice=dice)
    ends = time.monotonic() + WHOLE_SECONDS
    threads = send_all(customers, site, until=ends)
    books.resume()
    pause(dice.uniform(0.2, 1.5))
    breakage.begin(site, dice)
    pause(scale.broken_seconds)
    breakage.end(site, dice)
    mended = time.monotonic()
    if not site.wait_whole():
        raise RuntimeError(f"{breakage.name}: not all parts came back")
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    if breakage.needs_reconciling:
        books.reconcile()
    _wait_settled(books, ids, invoices, ends)
    return Outcome(
        breakage,
        count(ids, _of(ids, lambda: paid_links(charges_of(site, books.key))), books.paid(ids)),
        count(
            invoices,
            _of(invoices, lambda: sent_invoices(invoices_of(site, books.key))),
            books.pushed(invoices),
        ),
        time.monotonic() - mended,
        sum(len(one.troubles) for one in customers),
    )


def _wait_settled(books: Books, links: list[str], invoices: list[str], ends: float) -> None:
    def is_settled() -> bool:
        return len(books.paid(links)) >= len(links) and len(books.pushed(invoices)) >= len(invoices)

    while not is_settled() and time.monotonic() < ends:
        pause(1.0)


def _of(wanted: list[str], read: Callable[[], list[str]]) -> list[str]:
    """Return what Stripe has of the things of this round; asked again while it stumbles."""
    found: list[list[str]] = []

    def is_read() -> bool:
        try:
            found[:] = [read()]
        except requests.RequestException:
            return False
        return True

    wait_until(is_read, seconds=30)
    return [name for name in found[0] if name in set(wanted)]
