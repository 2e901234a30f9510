"""What the header of every staff page leads to; each app adds its own pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.models import User

_items: dict[str, NavItem] = {}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the header. `url` is asked late, when all routes are known.

    `order` sorts entries (core uses 0 and 900); `roles` are the roles that see it. Entries of the
    same `group` share a menu of that title, which stands where the first of them would. `covers`
    are beginnings of other paths at which this entry is the current one.
    """

    title: str
    url: Callable[[], str]
    order: int = 100
    roles: frozenset[str] = frozenset(User.Role.values)
    group: str = ""
    covers: tuple[str, ...] = ()


def register_nav(item: NavItem) -> None:
    """Add an entry; the same title again replaces the first one."""
    _items[item.title] = item


def navigation_of(user: User) -> list[NavItem]:
    """Return the entries that this person may follow, in order."""
    seen = [item for item in _items.values() if user.is_superuser or user.role in item.roles]
    return sorted(seen, key=lambda item: item.order)


def menus_of(items: Iterable[NavItem]) -> list[tuple[str, list[NavItem]]]:
    """Return entries by menu, in order; one that is alone in its menu has no menu's title."""
    found: dict[str, list[NavItem]] = {}
    for item in items:
        found.setdefault(item.group or item.title, []).append(item)
    return [(title if len(group) > 1 else "", group) for title, group in found.items()]
