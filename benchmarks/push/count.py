"""What is wanted at Stripe against what is there: each invoice once, right, final, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """An invoice as it is to stand at Stripe. Lines: our id and the amount, in order of ids."""

    number: str
    currency: str
    total: int
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How both sides compare. `strangers` are invoices at Stripe that nobody wanted."""

    wanted: int
    there: int
    doubled: int = 0
    wrong: int = 0
    missing: int = 0
    drafts: int = 0
    strangers: int = 0
    customers_doubled: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether everything is there once and right, and nothing else."""
        odd = (self.doubled, self.wrong, self.missing, self.drafts, self.strangers)
        return self.wanted == self.there and not any(odd) and not self.customers_doubled


def tally(
    wanted: Mapping[str, Wanted],
    made: Iterable[Mapping[str, Any]],
    customers: Iterable[str],
) -> Tally:
    """Compare what is wanted with all invoices at Stripe, and with the customers' ids of ours."""
    living = [one for one in made if one["status"] != "void"]
    final = [one for one in living if one["status"] != "draft"]
    times = Counter(one["metadata"].get("taproom_invoice", "") for one in final)
    right = {
        one["metadata"]["taproom_invoice"]
        for one in final
        if wanted.get(one["metadata"].get("taproom_invoice", "")) == as_wanted(one)
    }
    known = times.keys() & wanted.keys()
    return Tally(
        wanted=len(wanted),
        there=len(right),
        doubled=sum(times[ref] > 1 for ref in known),
        wrong=len(known - right),
        missing=len(wanted.keys() - times.keys()),
        drafts=len(living) - len(final),
        strangers=sum(count for ref, count in times.items() if ref not in wanted),
        customers_doubled=sum(count > 1 for count in Counter(customers).values()),
    )


def as_wanted(one: Mapping[str, Any]) -> Wanted:
    """Return an invoice of the sandbox in the form in which it is compared."""
    lines = ((line["metadata"].get("taproom_line", ""), line["amount"]) for line in one["lines"])
    return Wanted(one["number"] or "", one["currency"], one["total"], tuple(sorted(lines)))
