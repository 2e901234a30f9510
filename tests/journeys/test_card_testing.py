"""A fraudster tries cards by the hundred while honest people pay: who is stopped, and who is not.

Source of the attack: card testing, as Stripe describes it (thousands of small tries, e-mails and
addresses changing). Smaller here than in life: the limits are those of a new company.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from itertools import count
from typing import Any

import pytest
import requests
from django.utils import timezone

from core.tenancy import scope
from payments.models import CardTry, Checkout, FraudAlarm, FraudDecision
from payments.operations.fraud_rules import end_alarm, rules_in_force
from payments.puzzles import is_solution
from tests.journeys.people import DECLINED, Buyer, Seller, at_once, eventually, session_id

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

TRIES, HONEST = 240, 12


class Fraudster(Buyer):
    """Presses and never solves a check; each try is another browser with another e-mail."""

    def __init__(self) -> None:
        super().__init__()
        self.number = count(1)

    def attempt(self, url: str) -> str:
        """Press the button anew and try a card on Stripe's page, if it opens; return that page."""
        answer = requests.post(url, headers=dict(self.http.headers), allow_redirects=False,
                               timeout=30)  # fmt: skip
        if answer.status_code != 303:
            return ""
        page = answer.headers["Location"]
        self.try_card(page)
        return page

    def try_card(self, page: str) -> int:
        """Try one card on Stripe's page; return the answer's status."""
        form = {
            "email": f"thief{next(self.number)}@example.net", "method": "card",
            "number": DECLINED, "expiry": "12 / 40", "cvc": "123", "name": "A Thief",
        }  # fmt: skip
        return requests.post(page, data=form, allow_redirects=False, timeout=30).status_code


class Solver(Fraudster):
    """A fraudster who takes the trouble of every check."""

    def attempt(self, url: str) -> str:
        """Press, solve what is asked, and try a card."""
        page = press_and_solve(self, url)
        if page:
            self.try_card(page)
        return page


def hidden(text: str, name: str) -> str:
    """Return the value of a hidden field, or nothing."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return unescape(found.group(1)) if found else ""


def press_and_solve(somebody: Buyer, url: str) -> str:
    """Press the button as a browser with scripts does: solve the check once, if one is asked."""
    answer = somebody.click(url)
    if answer.status_code == 429:
        puzzle = hidden(answer.text, "puzzle")
        bits = int(re.search(r'data-bits="(\d+)"', answer.text).group(1))  # type: ignore[union-attr]
        solution = next(str(n) for n in count() if is_solution(puzzle, str(n), bits))
        form = {"puzzle": puzzle, "solution": solution}
        answer = somebody.http.post(url, data=form, allow_redirects=False, timeout=30)
    return answer.headers.get("Location", "")


def rows(seller: Seller, model: Any, **which: Any) -> list[Any]:
    """Return rows of the seller's."""
    with scope(seller.tenant.pk):
        return list(model.objects.filter(**which))


def test_fraudster_at_one_address_is_stopped_and_nobody_else_notices(seller: Seller) -> None:
    link = seller.link(max_payments=None)
    thief, honest = Fraudster(), [Buyer() for _ in range(HONEST)]

    with ThreadPoolExecutor(2) as both:
        attack = both.submit(lambda: [thief.attempt(link["url"]) for _ in range(TRIES)])
        paying = both.submit(lambda: at_once(lambda one: one.buy(link["url"]), honest))
        pages, ends = attack.result(), paying.result()

    assert all(ends)
    assert len(seller.paid(link, times=HONEST)) == HONEST
    # The limit of one address for a minute, and of the next if the attack took so long.
    assert 1 <= len([page for page in pages if page]) <= 60
    assert len(seller.sessions()) <= HONEST + 60
    alarms = rows(seller, FraudAlarm, ended_at=None)
    assert {str(one.link_id) for one in alarms} == {link["id"]}
    assert not any(one.is_pause for one in alarms)
    stopped = rows(seller, FraudDecision, outcome="challenged")
    assert len(stopped) >= TRIES - 60
    assert {one.rule.name for one in _with_rules(seller, stopped)} <= {
        "Many tries from one address", "Declines from one address",
    }  # fmt: skip


def _with_rules(seller: Seller, decisions: list[FraudDecision]) -> list[FraudDecision]:
    ids = [one.pk for one in decisions]
    with scope(seller.tenant.pk):
        return list(FraudDecision.objects.filter(pk__in=ids).select_related("rule"))


def test_page_on_which_card_after_card_is_tried_is_closed(seller: Seller) -> None:
    link = seller.link(max_payments=None)
    thief = Fraudster()
    page = thief.start(link["url"])

    for _ in range(5):
        assert thief.try_card(page) == 402
    eventually(
        lambda: [one["status"] for one in seller.sessions()] == ["expired"], "the page is closed"
    )
    seller.stack.wait_quiet()

    assert thief.try_card(page) != 402
    [checkout] = rows(seller, Checkout, stripe_session_id=session_id(page))
    assert checkout.state == "expired"
    assert len(rows(seller, CardTry, checkout=checkout)) == 5
    [closed] = rows(seller, FraudDecision, outcome="closed")
    assert closed.reason.startswith("Declines on one page: 5 declined cards")
    assert Buyer().buy(link["url"])


def test_crowd_of_addresses_brings_the_check_and_who_solves_it_pays(seller: Seller) -> None:
    link = seller.link(max_payments=None)
    for thief in [Fraudster() for _ in range(5)]:
        page = thief.start(link["url"])
        for _ in range(3):
            thief.try_card(page)
    eventually(lambda: len(rows(seller, CardTry)) == 15, "all declines are known")
    seller.stack.wait_quiet()

    refused = [Fraudster().attempt(link["url"]) for _ in range(20)]
    honest = [Buyer() for _ in range(4)]
    pages = [press_and_solve(one, link["url"]) for one in honest]

    assert refused == [""] * 20
    assert all(one.pay(page) for one, page in zip(honest, pages, strict=True))
    assert len(seller.paid(link, times=4)) == 4
    paid = rows(seller, FraudDecision, passed_check=True)
    assert {one.outcome for one in paid} == {"secured"}
    sessions = [one for one in seller.sessions() if one["id"] in {session_id(p) for p in pages}]
    asked = [one["payment_method_options"]["card"] for one in sessions]
    assert asked == [{"request_three_d_secure": "any"}] * 4
    assert not any(one.is_pause for one in rows(seller, FraudAlarm))


def test_fraudster_who_solves_every_check_has_the_link_paused_until_somebody_looks(
    seller: Seller,
) -> None:
    link = seller.link(max_payments=None)
    with scope(seller.tenant.pk):
        [tries] = [r for r in rules_in_force() if (r.counts, r.by) == ("tries", "link")]
        [last] = [rule for rule in rules_in_force() if rule.step == "pause"]
        tries.most, last.most = 0, 4
        tries.save()
        last.save()

    pages = [Solver().attempt(link["url"]) for _ in range(4)]
    eventually(lambda: any(one.is_pause for one in rows(seller, FraudAlarm)), "the owner is told")
    late = Buyer().click(link["url"])
    [pause] = [one for one in rows(seller, FraudAlarm) if one.is_pause]
    with scope(seller.tenant.pk):
        end_alarm(alarm_id=pause.pk, by=None, now=timezone.now())
    after = press_and_solve(Buyer(), link["url"])

    assert all(pages)
    assert late.status_code == 503
    assert "paused for safety" in late.text
    assert after
