"""How far a zone's clocks are from UTC, moment by moment, for statements that count by them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# Payments lie well within; clocks of a far future are nobody's to know.
_FROM, _TO = datetime(1990, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@lru_cache(maxsize=64)
def all_shifts(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """Return each moment at which clocks of `zone` are set, with their seconds from UTC since."""
    shifts = [(_FROM, _offset(_FROM, zone))]
    moment = _FROM
    while moment < _TO:
        following = moment + _DAY
        if _offset(following, zone) != shifts[-1][1]:
            at = _first_moment(moment, following, zone)
            shifts.append((at, _offset(at, zone)))
        moment = following
    return tuple(shifts)


def shifts(
    zone: ZoneInfo, since: datetime | None, until: datetime | None
) -> tuple[list[datetime], list[int]]:
    """Return the moments that matter in `[since, until)`, and the seconds from each one on.

    The first stands for all that came before it.
    """
    every = all_shifts(zone)
    moments = [moment for moment, _ in every]
    first = max(bisect_right(moments, since) - 1, 0) if since else 0
    last = bisect_right(moments, until) if until else len(every)
    kept = every[first : max(last, first + 1)]
    return [moment for moment, _ in kept], [seconds for _, seconds in kept]


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _first_moment(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which the offset of `before` ended, found by halving."""
    old = _offset(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
