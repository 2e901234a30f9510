"""`manage.py run_club`: from the command line, to the end, and on again."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.demo.processes import wait_until
from core.tenancy import scope
from subscriptions.models import Charge, Club, ClubRun, Subscription
from subscriptions.operations.clubs import set_club_status
from tests.stripe import ROOT, Sandbox
from tests.subscriptions.shops import ordered, states

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("run_club", *words, "--tenant", "amber", stdout=out)
    return out.getvalue()


def only_run(club: Club) -> ClubRun:
    with scope(club.tenant_id):
        return ClubRun.objects.get()


def test_command_charges_everybody(club: Club, members: list[Subscription], shop: Sandbox) -> None:
    said = run("1")

    assert said.splitlines()[0].endswith(": 3 to charge")
    assert said.splitlines()[-1] == "Done: 3 charged"
    assert ordered(shop) == ["ann", "ben", "cleo"]


def test_command_twice_charges_nobody_again(
    club: Club, members: list[Subscription], shop: Sandbox
) -> None:
    run("1")

    again = run("1")

    assert again.splitlines()[1:] == [
        "  left out: 3  Charged already this month",
        "Done: 3 excluded",
    ]
    assert ordered(shop) == ["ann", "ben", "cleo"]


def test_dry_run_only_looks(club: Club, members: list[Subscription], shop: Sandbox) -> None:
    said = run("1", "--dry-run")

    assert said.splitlines()[0].endswith(": 3 to charge")
    assert ordered(shop) == []
    with scope(club.tenant_id):
        assert ClubRun.objects.count() == 0


def test_failures_end_with_a_code_of_their_own(club: Club, join: Join, shop: Sandbox) -> None:
    join("customer-declined-1")

    with pytest.raises(CommandError) as failure:
        run("1")

    assert failure.value.returncode == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("7",), "no club 7"), (("99999999999",), "no club"),
        (("1", "--month", "2026-3"), "such as 2026-03"), (("1", "--month", "2001-01"), "is over"),
    ],
)  # fmt: skip
def test_bad_arguments_are_told(words: tuple[str, ...], said: str, club: Club) -> None:
    with pytest.raises(CommandError, match=said):
        run(*words)


def test_inactive_club_is_told(club: Club) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=3, now=timezone.now())

    with pytest.raises(CommandError, match="inactive"):
        run("1")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_goes_on_without_a_double(
    how: signal.Signals, club: Club, join: Join, shop: Sandbox, settings: Any
) -> None:
    people = sorted(join(f"customer-{number:02}").customer_store_id for number in range(30))
    environment = {**os.environ, "SHOP_URL": settings.SHOP_URL, "SHOP_RATE": "20"}
    command = [sys.executable, "manage.py", "run_club", "1", "--tenant", "amber"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert wait_until(lambda: len(ordered(shop)) >= 5, seconds=60)
        process.send_signal(how)
        _, told = process.communicate(timeout=60)
    made = len(ordered(shop))

    with scope(club.tenant_id):  # as if the leases of a killed process were over
        ClubRun.objects.get().items.filter(state="charging").update(due_at=timezone.now())
        Charge.objects.filter(state="claimed").update(next_at=timezone.now())
    run("1")

    assert 5 <= made < 30
    assert (how == signal.SIGKILL) or (process.returncode == 1 and b"Interrupted" in told)
    assert ordered(shop) == people
    assert set(states(only_run(club)).values()) == {"charged"}
