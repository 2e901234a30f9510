"""Customers who pay: they open a link, press the button, pay at Stripe, and try again on errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

import requests

from chaos.site import Site

GOOD, DECLINED = "4242424242424242", "4000000000000002"
TRY_AGAIN_SECONDS = 1.5
DECLINED_FIRST = 0.2  # the part of customers whose first card is declined


@dataclass
class Customer:
    """One person with one link. `is_done` once Stripe said that the money was taken."""

    number: int
    link_id: str
    url: str
    starts_after: float
    cards: list[str]
    key: str  # of the company, to read at Stripe what became of a try
    is_done: bool = False
    troubles: list[str] = field(default_factory=list)

    def act(self, site: Site, until: float) -> None:
        """Pay, whatever comes in between, until a moment (monotonic)."""
        time.sleep(self.starts_after)
        while not self.is_done and time.monotonic() < until:
            try:
                self.is_done = self._try(site)
            except (requests.RequestException, ValueError) as error:
                self.troubles.append(type(error).__name__)
            if not self.is_done:
                time.sleep(TRY_AGAIN_SECONDS)

    def _try(self, site: Site) -> bool:
        browser = requests.Session()
        address = f"198.51.{self.number // 250}.{self.number % 250 + 1}"
        browser.headers["X-Forwarded-For"] = address
        browser.get(self.url, timeout=15)
        answer = browser.post(self.url, allow_redirects=False, timeout=30)
        if answer.status_code != 303:
            self.troubles.append(f"page {answer.status_code}")
            return self._was_paid(site)
        session = urlsplit(answer.headers["Location"]).path.rpartition("/")[2]
        while self.cards:
            paid = site.control("POST", f"checkout/sessions/{session}/pay", {"card": self.cards[0]})
            if paid["session"]["payment_status"] == "paid":
                return True
            self.cards.pop(0)
        return False

    def _was_paid(self, site: Site) -> bool:
        """Look at Stripe, as a customer looks at the bank account."""
        return any(
            session["payment_status"] == "paid"
            for session in sessions_of(site, self.key)
            if session["metadata"].get("taproom_subject") == self.link_id
        )


def sessions_of(site: Site, key: str) -> Iterable[dict[str, dict[str, str]]]:
    """Yield all checkout sessions that Stripe has of a company."""
    return listed(site, key, "checkout/sessions")


def charges_of(site: Site, key: str) -> Iterable[dict[str, dict[str, str]]]:
    """Yield all charges that Stripe has of a company, also those that failed."""
    return listed(site, key, "charges")


def invoices_of(site: Site, key: str) -> Iterable[dict[str, dict[str, str]]]:
    """Yield all invoices that Stripe has of a company."""
    return listed(site, key, "invoices")


def listed(site: Site, key: str, path: str) -> Iterable[dict[str, dict[str, str]]]:
    """Yield all objects of one of Stripe's lists, newest first."""
    after: dict[str, str] = {}
    while True:
        answer = requests.get(
            f"{site.facts['stripe_api_base']}/v1/{path}",
            params={"limit": "100", **after},
            headers={"Authorization": f"Bearer {key}"},
            timeout=20,
        )
        if answer.status_code == 429:
            time.sleep(0.5)
            continue
        answer.raise_for_status()
        page = answer.json()
        yield from page["data"]
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


def crowd(links: list[tuple[str, str]], *, key: str, within: float, dice: Random) -> list[Customer]:
    """Return a customer for each (id, address) of a link, who comes within so many seconds."""
    return [
        Customer(
            number=dice.randrange(60_000),
            link_id=link_id,
            url=url,
            starts_after=dice.uniform(0, within),
            cards=[DECLINED, GOOD] if dice.random() < DECLINED_FIRST else [GOOD],
            key=key,
        )
        for link_id, url in links
    ]


def send_all(customers: list[Customer], site: Site, *, until: float) -> list[threading.Thread]:
    """Let all customers act at the same time; returns their threads."""
    threads = [
        threading.Thread(target=one.act, args=(site, until), daemon=True) for one in customers
    ]
    for thread in threads:
        thread.start()
    return threads
