"""What changed against an earlier period, by product, the biggest change first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from billing import words
from billing.queries.explaining import LineLike
from billing.queries.shares import by_product

_SETTLES = frozenset({"tax", "carried", "prepaid", "waived"})


@dataclass(frozen=True, slots=True)
class Change:
    """A product, before and now, in minor units."""

    name: str
    before_minor: int
    now_minor: int
    currency: str

    @property
    def difference(self) -> int:
        """How much more it is now."""
        return self.now_minor - self.before_minor

    @property
    def sentence(self) -> str:
        """The change in words."""
        size = words.amount(abs(self.difference), self.currency)
        if not self.before_minor:
            return gettext("%(name)s is new: %(size)s.") % {"name": self.name, "size": size}
        if not self.now_minor:
            return gettext("%(name)s is gone; it was %(size)s.") % {"name": self.name, "size": size}
        kind = gettext("more") if self.difference > 0 else gettext("less")
        percent = abs(self.difference) * 100 // abs(self.before_minor)
        share = f", {percent} %" if 0 < percent < 1000 else ""
        return f"{self.name}: {size} {kind}{share}."


def charges_by_product(lines: Iterable[LineLike]) -> dict[str, int]:
    """Return what products came to, without tax and what only settles."""
    charges = [line for line in lines if line.kind not in _SETTLES]
    return {part.name: part.minor for part in by_product(charges)}


def changes(before: dict[str, int], now: dict[str, int], *, currency: str) -> list[Change]:
    """Return all products that differ, the biggest difference first."""
    names = sorted({*before, *now})
    old, new = defaultdict(int, before), defaultdict(int, now)
    found = [Change(name, old[name], new[name], currency) for name in names]
    return sorted((one for one in found if one.difference), key=lambda one: -abs(one.difference))
