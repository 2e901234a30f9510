"""Wanted, there, doubled, lost: what is here held against what Stripe has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """What became of one kind of thing in one round."""

    wanted: int
    there: int
    doubled: int
    lost: int

    @property
    def is_sound(self) -> bool:
        """Whether each thing is there, once."""
        return self.wanted == self.there and not self.doubled and not self.lost


def count(wanted: Iterable[str], at_stripe: Iterable[str], here: Iterable[str]) -> Count:
    """Compare by the id of the thing that was wanted; each list holds an id once for each row.

    There: once at Stripe and once here. Doubled: what is more than one on either side, and what
    nobody wanted. Lost: what is not on both sides.
    """
    names = set(wanted)
    stripe, ours = Counter(at_stripe), Counter(here)
    there = sum(1 for name in names if stripe[name] >= 1 and ours[name] >= 1)
    surplus = sum(max(found - (name in names), 0) for name, found in stripe.items())
    surplus += sum(max(found - (name in names), 0) for name, found in ours.items())
    return Count(len(names), there, surplus, len(names) - there)


def paid_links(charges: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the id of the link for each time that money was taken at Stripe.

    Charges and not sessions: of a session that took money twice there is one.
    """
    return [
        str(_metadata(charge).get("taproom_subject"))
        for charge in charges
        if charge["status"] == "succeeded"
    ]


def sent_invoices(invoices: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the id of ours for each invoice at Stripe that a customer can see."""
    return [
        str(_metadata(invoice).get("taproom_invoice"))
        for invoice in invoices
        if invoice["status"] not in {"draft", "void"}
    ]


def _metadata(thing: Mapping[str, object]) -> Mapping[str, object]:
    found = thing.get("metadata")
    return found if isinstance(found, Mapping) else {}
