"""Club day: one press of the button, and by the shop's own list nobody is charged twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from subscriptions.models import Charge, Club, ClubRun, ClubRunItem
from subscriptions.operations.clubs import make_club
from subscriptions.operations.runs import draft_run
from subscriptions.operations.shop_accounts import connect_shop
from subscriptions.operations.subscribing import subscribe
from subscriptions.queries.months import month_at
from tests.journeys.people import Seller, at_once, eventually

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

PEOPLE = 40
SHOP_PATH = "/shop/order/{request_id}"


class ClubDay:
    """A club whose members are to be charged, and the admin who does it in a browser."""

    def __init__(self, seller: Seller, admin: User, *, people: list[str]) -> None:
        self.seller = seller
        self.tenant: Tenant = seller.tenant
        self.people = sorted(people)
        now = timezone.now()
        with scope(self.tenant.pk):
            connect_shop(api_key="amber", api_secret="shop_test_12345678")
            self.club: Club = make_club(
                number=1, name="Ales", store_sku=7, now=now - timedelta(days=1)
            )
            for name in people:
                subscribe(club_number=1, customer_store_id=name, by=None, now=now)
            month = month_at(now, self.club)
            self.run: ClubRun = draft_run(club=self.club, month=month, by=None, now=now)
        self.browser = self._log_in(admin)

    def _log_in(self, admin: User) -> requests.Session:
        client = Client()
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        browser = requests.Session()
        browser.cookies.set("sessionid", client.cookies["sessionid"].value)
        browser.get(self.page)
        return browser

    @property
    def page(self) -> str:
        """The address of the run."""
        return f"{self.seller.stack.url}/clubs/1/run/{self.run.pk}/"

    def press(self, verb: str) -> requests.Response:
        """Press a button of the run's page."""
        self.browser.get(self.page)
        form = {"csrfmiddlewaretoken": self.browser.cookies["csrftoken"]}
        return self.browser.post(f"{self.page}{verb}/", data=form, timeout=30)

    def fault(self, kind: str, count: int, **fields: Any) -> None:
        """Have the shop fail."""
        path = {"path": SHOP_PATH, "kind": kind, "count": count, **fields}
        self.seller.sandbox.control("POST", "faults", **path)

    def ordered(self) -> list[str]:
        """The customers of the shop's own orders, sorted."""
        orders = self.seller.sandbox.control("GET", "shop/orders")["orders"]
        return sorted(one["customer_id"] for one in orders)

    def state(self) -> str:
        """The state of the run."""
        with scope(self.tenant.pk):
            self.run.refresh_from_db()
        return self.run.state

    def counts(self) -> Counter[str]:
        """How many items are in each state."""
        with scope(self.tenant.pk):
            return Counter(self.run.items.values_list("state", flat=True))

    def let_time_pass(self) -> None:
        """Make all that waits for a time due now: leases, and times to ask again."""
        now = timezone.now()
        with scope(self.tenant.pk):
            ClubRunItem.objects.filter(due_at__gt=now).update(due_at=now)
            Charge.objects.filter(next_at__gt=now).update(next_at=now)

    def ends(self) -> bool:
        """Whether the run is done, with time passing quickly."""
        self.let_time_pass()
        return self.state() == "done"


@pytest.fixture
def club_day(seller: Seller, admin: User) -> Callable[..., ClubDay]:
    """A club day of so many members."""

    def begin(count: int = PEOPLE) -> ClubDay:
        return ClubDay(seller, admin, people=[f"customer-{n:03}" for n in range(count)])

    return begin


def test_one_press_charges_everybody_once(club_day: Callable[..., ClubDay]) -> None:
    day = club_day()

    answer = day.press("start")
    eventually(day.ends, "the run is done", seconds=60)

    assert answer.status_code == 200
    assert day.ordered() == day.people
    assert day.counts() == {"charged": PEOPLE}


def test_two_press_at_once(club_day: Callable[..., ClubDay]) -> None:
    day = club_day()
    day.browser.get(day.page)
    form = {"csrfmiddlewaretoken": day.browser.cookies["csrftoken"]}

    answers = at_once(
        lambda who: requests.post(
            f"{day.page}start/", data=form, cookies=day.browser.cookies, timeout=30
        ),
        [1, 2, 3, 4],
    )
    eventually(day.ends, "the run is done", seconds=60)

    assert [answer.status_code for answer in answers] == [200] * 4
    assert day.ordered() == day.people


def test_shop_fails_in_each_way_in_the_middle(club_day: Callable[..., ClubDay]) -> None:
    day = club_day()
    for kind in ("lost_after", "error_after", "garbage", "error_before", "drop_before"):
        day.fault(kind, 3)
    day.fault("rate_limit", 2, retry_after=1)

    day.press("start")
    eventually(day.ends, "the run is done", seconds=90)

    assert day.ordered() == day.people
    assert day.counts() == {"charged": PEOPLE}


def test_worker_is_killed_in_the_middle(club_day: Callable[..., ClubDay], seller: Seller) -> None:
    day = club_day()
    day.fault("delay", PEOPLE, seconds=0.2)
    day.press("start")
    eventually(lambda: len(day.ordered()) >= 5, "some are charged", seconds=60)

    seller.stack.kill_worker()
    made = len(day.ordered())
    seller.stack.worker.start()
    eventually(day.ends, "the run is done", seconds=90)

    assert made < PEOPLE
    assert day.ordered() == day.people
    assert day.counts() == {"charged": PEOPLE}


def test_stopped_run_rests_and_goes_on(club_day: Callable[..., ClubDay]) -> None:
    day = club_day()
    day.fault("delay", PEOPLE, seconds=0.2)
    day.press("start")
    eventually(lambda: len(day.ordered()) >= 3, "some are charged", seconds=60)

    day.press("stop")
    eventually(lambda: day.counts()["charging"] == 0, "nobody is under way")
    rested = (day.state(), len(day.ordered()) < PEOPLE)
    day.press("resume")
    eventually(day.ends, "the run is done", seconds=60)

    assert rested == ("stopped", True)
    assert day.ordered() == day.people
