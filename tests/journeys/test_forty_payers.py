"""Everybody comes at once: a link for five is paid five times, however many press the button."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from payments.models import Checkout
from tests.journeys.people import Buyer, Seller, at_once, session_id

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

CROWD = 40


def rush(people: list[Buyer], link: Any) -> list[requests.Response]:
    """Let all people open a link, and then press its button at the same time."""
    at_once(lambda somebody: somebody.look(link["url"]), people)
    return at_once(lambda somebody: somebody.click(link["url"]), people)


def pages(answers: list[requests.Response]) -> list[str]:
    """Return the addresses of Stripe's pages among the answers."""
    return [answer.headers["Location"] for answer in answers if answer.status_code == 303]


def test_link_for_five_is_paid_five_times(seller: Seller) -> None:
    crowd = [Buyer() for _ in range(CROWD)]
    link = seller.link(max_payments=5)

    answers = rush(crowd, link)

    assert sorted(answer.status_code for answer in answers) == [303] * 5 + [503] * 35
    assert len(set(pages(answers))) == len(seller.sessions()) == 5
    lucky = [who for who, answer in zip(crowd, answers, strict=True) if answer.status_code == 303]
    paying = list(zip(lucky, pages(answers), strict=True))
    assert all(at_once(lambda pair: pair[0].pay(pair[1]), paying))
    payments = seller.paid(link, times=5)
    assert {one["standing"] for one in payments} == {"expected"}
    assert seller.status(link) == "limit_reached"
    late = Buyer()
    assert late.look(link["url"]).status_code == 410
    assert late.click(link["url"]).status_code == 410
    assert len(seller.sessions()) == 5


def test_forty_clicks_of_one_visitor_are_one_session(seller: Seller) -> None:
    link = seller.link(max_payments=None)
    visitor = Buyer()
    visitor.look(link["url"])
    hands = [Buyer() for _ in range(CROWD)]
    for hand in hands:
        hand.http.cookies.update(visitor.http.cookies)

    answers = at_once(lambda hand: hand.click(link["url"]), hands)

    assert {answer.status_code for answer in answers} <= {303, 503}
    assert len(set(pages(answers))) == len(seller.sessions()) == len(seller.rows(Checkout)) == 1


def test_link_for_one_has_one_session_whoever_clicks(seller: Seller) -> None:
    crowd = [Buyer() for _ in range(CROWD)]
    link = seller.link()

    answers = rush(crowd, link)

    assert {answer.status_code for answer in answers} <= {303, 503}
    [page] = set(pages(answers))
    [session] = seller.sessions()
    assert session_id(page) == session["id"]
    results = at_once(lambda somebody: requests.get(page, timeout=30).status_code, crowd)
    assert results == [200] * CROWD
    assert crowd[0].pay(page)
    assert len(seller.paid(link)) == 1
    assert crowd[1].look(link["url"]).status_code == 200
    assert len(seller.sessions()) == 1
