"""What operators and admins do: explain, connect the shop, sweep, and tell the demo's story."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import demo_story as people
from core.demo_story import Stage
from core.models import Tenant, User
from core.tenancy import scope
from subscriptions import demo_story
from subscriptions.models import (
    Charge,
    Club,
    ShopAccount,
    Subscription,
    SubscriptionStatusChange,
)
from subscriptions.operations.clubs import make_club
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import subscribe
from tests.backoffice.conftest import logged_in
from tests.stripe import Sandbox
from tests.subscriptions.conftest import CUSTOMER, LONG_AGO, NOW

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]


def explained(*words: str) -> list[str]:
    out = io.StringIO()
    call_command("explain_subscription", *words, stdout=out)
    return out.getvalue().splitlines()


def test_subscription_is_explained_in_words(join: Join, tenant: Tenant) -> None:
    member = join()
    with scope(tenant.pk):
        change_status(
            reference=member.reference, status=3, by=None, now=NOW, interval=5,
            effective_at=NOW + timedelta(days=1), details="Holiday",
        )  # fmt: skip
        change_status(reference=member.reference, status=2, by=None, now=NOW + timedelta(days=2))

    lines = explained(member.reference, "--on", "2026-03-11T13:00:00")

    assert lines == [
        f"Subscription {member.reference}",
        f"Customer {CUSTOMER} in club 1 (Ales)",
        "Subscribed 2026-03-10 13:00:00",
        "",
        "History, in the order in which it takes effect:",
        "   2026-03-10 13:00:00  active  (recorded 2026-03-10 13:00:00) · Subscribed",
        "-> 2026-03-11 13:00:00  paused  (recorded 2026-03-10 13:00:00) · Holiday",
        "   2026-03-12 13:00:00  cancelled  (recorded 2026-03-12 13:00:00)",
        (
            "   2026-03-16 13:00:00  active  (recorded 2026-03-10 13:00:00)"
            " · Automatic return schedule · withdrawn 2026-03-12 13:00:00"
        ),
        "",
        (
            "At 2026-03-11 14:00:00 it is paused: of the rows that have taken effect,"
            " the one marked -> took effect last"
        ),
        "(of two with the same effect the one recorded later counts).",
        "Next: cancelled from 2026-03-12 13:00:00 on.",
        "Its club is active.",
        "So it is not on the list of those to be charged:",
        "those are active, in a club that is active or closed.",
        "Times are those of the club (Europe/Amsterdam).",
    ]


def test_subscription_that_is_unclear_is_asked_for(
    join: Join, other_tenant: Tenant, tenant: Tenant
) -> None:
    member = join()
    with scope(other_tenant.pk):
        make_club(number=1, name="Ciders", store_sku=1, now=LONG_AGO)
        their = subscribe(club_number=1, customer_store_id="c", by=None, now=NOW)
        Subscription.objects.filter(pk=their.pk).update(reference=member.reference)

    with pytest.raises(CommandError, match="amber, bitter"):
        explained(member.reference)
    with pytest.raises(CommandError, match="no subscription 'nobody'"):
        explained("nobody")
    with pytest.raises(CommandError, match="--on"):
        explained(member.reference, "--tenant", "amber", "--on", "soon")
    assert explained(member.reference, "--tenant", "bitter")[1] == "Customer c in club 1 (Ciders)"


def test_shop_is_connected_with_a_secret_from_standard_input(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("shop_test_1\n"))
    call_command("connect_shop", "--tenant", "amber", "--key", "k", stdout=io.StringIO())
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))

    with pytest.raises(CommandError, match="secret must be"):
        call_command("connect_shop", "--tenant", "amber", "--key", "k")

    with scope(tenant.pk):
        found = ShopAccount.objects.get()
    assert (found.api_key, found.api_secret) == ("k", "shop_test_1")


def test_admin_enters_credentials_that_are_never_shown(admin: User, tenant: Tenant) -> None:
    pages = logged_in(admin)
    add = reverse("admin:subscriptions_shopaccount_add")

    odd = pages.post(add, {"new_key": "k", "new_secret": "zwölf"})
    done = pages.post(add, {"new_key": "k", "new_secret": "shop_test_9"})
    again = pages.post(add, {"new_key": "k", "new_secret": "shop_test_9"})

    assert "plain characters" in odd.content.decode()
    assert done.status_code == 302
    assert "There is a shop account already" in again.content.decode()
    with scope(tenant.pk):
        found = ShopAccount.objects.get()
    assert found.api_secret == "shop_test_9"
    change = reverse("admin:subscriptions_shopaccount_change", args=[found.pk])
    assert "shop_test_9" not in pages.get(change).content.decode()


def test_counselor_sees_no_credentials(counselor: User) -> None:
    pages: Client = logged_in(counselor)

    assert pages.get(reverse("admin:subscriptions_shopaccount_add")).status_code == 403


def test_story_goes_through_the_shop_and_is_told_once(
    db: None, sandbox: Sandbox, settings: Any
) -> None:
    settings.SHOP_URL = f"{sandbox.base}/shop"
    stage = Stage(say=lambda words: None, now=timezone.now())
    people.tell(stage)

    demo_story.tell(stage)
    demo_story.tell(stage)

    with scope(stage.tenant.pk):
        assert Club.objects.count() == 3
        states = sorted(Charge.objects.values_list("state", flat=True))
        withdrawn = SubscriptionStatusChange.objects.exclude(withdrawn_at=None).count()
    made = sandbox.control("GET", "shop/orders")["orders"]
    assert (states, withdrawn) == (["charged", "charged", "charged", "declined", "refused"], 1)
    assert [one["asked"] for one in made] == [1, 1, 1]
    with scope(stage.neighbour.pk):
        assert Subscription.objects.count() == 1
