"""What the staff pages of clubs put on the back office: header, worklists, timelines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.timelines import Happening, register_timeline
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User
from subscriptions.models import Club, Subscription
from subscriptions.queries.runs import worklist

ADMINS = frozenset({User.Role.ADMIN.value})
MOST = 30


def story_of_skips(subscription: Subscription) -> Iterable[Happening]:
    """Tell which months a member skipped, and which skips were taken back."""
    for skip in subscription.skips.select_related("made_by", "undone_by")[:MOST]:
        note = f": {skip.reason}" if skip.reason else ""
        yield Happening(skip.made_at, f"{skip.month:%B %Y} skipped{note}", str(skip.made_by or ""))
        if skip.undone_at is not None:
            what = f"Skip of {skip.month:%B %Y} taken back"
            yield Happening(skip.undone_at, what, str(skip.undone_by or ""))


def story_of_moves(subscription: Subscription) -> Iterable[Happening]:
    """Tell from and to which clubs a member went."""
    for move in subscription.moves_here.select_related("left__club", "moved_by")[:MOST]:
        link = reverse("club_member", args=[move.left_id])
        who = str(move.moved_by or "")
        yield Happening(move.moved_at, f"Came from {move.left.club}", who, link)
    for move in subscription.moves_away.select_related("joined__club", "moved_by")[:MOST]:
        link = reverse("club_member", args=[move.joined_id])
        who = str(move.moved_by or "")
        yield Happening(move.moved_at, f"Went to {move.joined.club}", who, link)


def story_of_runs(club: Club) -> Iterable[Happening]:
    """Tell when a club's runs began and ended."""
    for run in club.runs.select_related("started_by", "ended_by")[:MOST]:
        link = reverse("club_run", args=[club.number, run.pk])
        name = f"Run of {run.month:%B %Y}"
        if run.started_at is not None:
            yield Happening(run.started_at, f"{name} started", str(run.started_by or ""), link)
        if run.ended_at is not None:
            what = f"{name} {run.get_state_display().lower()}"
            yield Happening(run.ended_at, what, str(run.ended_by or ""), link)


def count_failed(now: datetime) -> int:
    """Count members whose charge failed in an open run."""
    return worklist().count()


register_nav(NavItem("Clubs", lambda: reverse("clubs"), order=40, group="Clubs and rents"))
register_timeline(Subscription, story_of_skips)
register_timeline(Subscription, story_of_moves)
register_timeline(Club, story_of_runs)
register_worklist(
    Worklist(
        name="club_run_failures",
        title="Members who could not be charged",
        count=count_failed,
        url=lambda: reverse("clubs_worklist"),
        why="Try again, ask the customer to act, or mark it as settled before the month is over.",
        order=49,
        roles=ADMINS,
    )
)
