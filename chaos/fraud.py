"""`python -m chaos.fraud --tries 10000 --honest 40`: one fraudster against a link that people pay.

A demo of its own. The fraudster comes with another card and another e-mail each time, from some
addresses, one of which an office of honest people shares; meanwhile everybody honest opens the
link, does the check in the browser where one is asked, and pays. What reached Stripe is counted at
the sandbox. Exit code 0: at most `--most` cards were tried, everybody honest paid once, and the
owner was told; 1: not so; 2: it could not be played.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from itertools import count
from random import Random
from typing import Any

import requests
from rich.console import Console

from chaos import program
from chaos.people import GOOD, listed
from chaos.site import Site, enter, site
from core.demo.layout import PROJECT
from core.demo.processes import wait_until

HOME = PROJECT / "var" / "chaos"
OFFICE_OF = 4  # one in so many of the honest sits in the office that the fraudster sits in too
SETTLE_SECONDS = 300.0
HIDDEN = r'name="%s" value="([^"]*)"'


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("chaos.fraud", description=__doc__)
    parser.add_argument("--tries", type=int, default=10_000, help="of the fraudster (10000)")
    parser.add_argument("--honest", type=int, default=40, help="people who pay meanwhile (40)")
    parser.add_argument("--addresses", type=int, default=8, help="of the fraudster (8)")
    parser.add_argument("--at-once", type=int, default=4, help="tries at the same time (4)")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds after each try (0)")
    parser.add_argument("--most", type=int, default=200, help="cards that may be tried (200)")
    parser.add_argument(
        "--stays", action="store_true", help="the fraudster tries card after card on an open page"
    )
    parser.add_argument("--solves", action="store_true", help="the fraudster does each check")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8080)
    return parser.parse_args(words)


@dataclass
class Browser:
    """Somebody at an address; `checks` counts the checks done, `answers` what came back."""

    address: str
    solves: bool
    checks: int = 0
    answers: list[str] = field(default_factory=list)

    def open_stripe(self, url: str, *, looks: bool = True) -> str:
        """Open the link and press its button; return Stripe's page, or nothing."""
        http = requests.Session()
        http.headers["X-Forwarded-For"] = self.address
        if looks:
            http.get(url, timeout=60)
        answer = http.post(url, allow_redirects=False, timeout=60)
        if answer.status_code == 429 and self.solves:
            answer = self._do_check(http, url, answer)
        self.answers.append(str(answer.status_code))
        return answer.headers.get("Location", "") if answer.status_code == 303 else ""

    def _do_check(
        self, http: requests.Session, url: str, asked: requests.Response
    ) -> requests.Response:
        """Find the number as the page's script does."""
        from payments.puzzles import is_solution

        puzzle, bits = _hidden(asked.text, "puzzle"), re.search(r'data-bits="(\d+)"', asked.text)
        if not puzzle or bits is None:
            return asked
        solution = next(str(n) for n in count() if is_solution(puzzle, str(n), int(bits[1])))
        self.checks += 1
        form = {"puzzle": puzzle, "solution": solution}
        return http.post(url, data=form, allow_redirects=False, timeout=60)


def _hidden(text: str, name: str) -> str:
    found = re.search(HIDDEN % name, text)
    return unescape(found[1]) if found else ""


def pay(page: str, number: str, email: str, address: str) -> int:
    """Fill in Stripe's page; returns its status: 303 paid, 402 declined, others not tried."""
    form = {
        "email": email, "method": "card", "number": number, "expiry": "12 / 40", "cvc": "123",
        "name": "Some Body",
    }  # fmt: skip
    headers = {"X-Forwarded-For": address}
    return requests.post(
        page, data=form, headers=headers, allow_redirects=False, timeout=60
    ).status_code


@dataclass
class Fraudster:
    """One person with many cards, e-mails and some addresses, who goes on whatever is said."""

    url: str
    addresses: list[str]
    solves: bool
    stays: bool
    pause: float
    dice: Random
    seen: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    open_pages: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tries: int = 0
    is_over: bool = False

    def go_on(self, until: int) -> None:
        """Try until there were so many tries, or somebody has had enough."""
        while not self.is_over:
            with self.lock:
                if self.tries >= until:
                    return
                self.tries += 1
                number = self.tries
            self.attempt(number)
            time.sleep(self.pause)

    def attempt(self, number: int) -> None:
        """Try one card: on a page that is open still, else on a new one."""
        with self.lock:
            page = self.open_pages.pop() if self.open_pages else ""
            card = f"4{self.dice.randrange(10**14):014d}"
        address = self.addresses[number % len(self.addresses)]
        try:
            self._attempt(page, card + _check_digit(card), number, address)
        except requests.RequestException as error:
            self._count(type(error).__name__)

    def _attempt(self, page: str, card: str, number: int, address: str) -> None:
        if not page:
            browser = Browser(address, self.solves)
            page = browser.open_stripe(self.url, looks=False)
            self._count(f"button {browser.answers[-1]}")
        if page:
            status = pay(page, card, f"thief{number}@example{number % 97}.net", address)
            self._count(f"card {status}")
            if status == 402 and self.stays:
                with self.lock:
                    self.open_pages.append(page)

    def _count(self, word: str) -> None:
        with self.lock:
            self.seen[word] += 1


def _check_digit(digits: str) -> str:
    """Return the last digit of a card number (ISO/IEC 7812-1, Luhn)."""
    doubled = [int(one) * 2 for one in digits[::-2]]
    total = sum(one - 9 if one > 9 else one for one in doubled)
    return str(-(total + sum(int(one) for one in digits[-2::-2])) % 10)


@dataclass
class Honest:
    """Somebody who wants to pay once."""

    number: int
    browser: Browser
    comes_at: int  # after so many of the fraudster's tries
    status: int = 0
    seconds: float = 0.0

    def act(self, fraudster: Fraudster) -> None:
        """Come when it is time, and pay; a person presses again a few times when told to wait."""
        while fraudster.tries < self.comes_at and not fraudster.is_over:
            time.sleep(0.2)
        url = fraudster.url
        began = time.monotonic()
        for _ in range(3):
            try:
                page = self.browser.open_stripe(url)
                if page:
                    email = f"honest{self.number}@example.com"
                    self.status = pay(page, GOOD, email, self.browser.address)
                    break
            except requests.RequestException as error:
                self.browser.answers.append(type(error).__name__)
            time.sleep(2)
        self.seconds = time.monotonic() - began


def crowd(options: argparse.Namespace, thief: list[str]) -> list[Honest]:
    """Return everybody honest; some sit at the fraudster's first address."""
    dice = Random(options.seed)
    return [
        Honest(
            number,
            Browser(thief[0] if number % OFFICE_OF == 0 else f"203.0.113.{number + 1}", True),
            dice.randrange(max(1, int(options.tries * 0.9))),
        )
        for number in range(options.honest)
    ]


def attack(fraudster: Fraudster, tries: int, at_once: int, people: list[Honest]) -> float:
    """Let everybody act at the same time; returns the seconds of the attack."""
    threads = [threading.Thread(target=one.act, args=(fraudster,)) for one in people]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        going = [pool.submit(fraudster.go_on, tries) for _ in range(at_once)]
        with suppress(KeyboardInterrupt):
            wait(going)
        fraudster.is_over = True
        for one in going:
            one.result()
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    return took


@dataclass
class Found:
    """What Stripe has and what is here, when all was settled."""

    tried: int  # cards of the fraudster's that Stripe was asked about
    sessions: int
    paid_at_stripe: int
    paid_here: int
    alarms: list[str]
    letters: int
    decisions: Counter[str]


def look(on: Site, books: Any, link_id: str, since: float) -> Found:
    """Read Stripe's own lists and our rows."""
    from core.models import Letter
    from core.tenancy import scope
    from payments.models import FraudAlarm, FraudDecision

    def fresh(path: str) -> Iterable[dict[str, Any]]:
        return (one for one in listed(on, books.key, path) if int(one["created"]) >= since)  # type: ignore[call-overload]

    ours = [
        one for one in fresh("checkout/sessions")
        if one["metadata"].get("taproom_subject") == link_id
    ]  # fmt: skip
    with scope(books.tenant.pk):
        alarms = FraudAlarm.objects.filter(link_id=link_id)
        told = [f"{one.step}: {one.reason}" for one in alarms]
        decisions = FraudDecision.objects.filter(link_id=link_id)
        outcomes = Counter(decisions.values_list("outcome", flat=True))
        letters = Letter.objects.filter(kind__contains="alarm").count()
    return Found(
        tried=sum(one["status"] == "failed" for one in fresh("charges")),
        sessions=len(ours),
        paid_at_stripe=sum(one["payment_status"] == "paid" for one in ours),
        paid_here=len(books.paid([link_id])),
        alarms=told,
        letters=letters,
        decisions=outcomes,
    )


def run(options: argparse.Namespace, console: Console) -> bool:
    """Play, count and tell; returns whether all was as it should be."""
    with site(HOME, options.port, console.print) as on:
        enter(on)
        from chaos.books import Books

        books, since = Books(on.facts["tenant_id"]), time.time() - 1
        link_id, url = books.make_open_link("Festival ticket")
        addresses = [f"198.51.100.{number + 1}" for number in range(options.addresses)]
        fraudster = Fraudster(
            url, addresses, options.solves, options.stays, options.pause, Random(options.seed)
        )
        people = crowd(options, addresses)
        console.print(f"{options.tries} tries from {options.addresses} addresses, "
                      f"{options.honest} honest people ...")  # fmt: skip
        fraudster.seconds = attack(fraudster, options.tries, options.at_once, people)
        wait_until(lambda: len(books.paid([link_id])) >= _paid(people), seconds=SETTLE_SECONDS)
        found = look(on, books, link_id, since)
    return tell(console.print, options, fraudster, people, found)


def _paid(people: list[Honest]) -> int:
    return sum(one.status == 303 for one in people)


def tell(
    say: Callable[..., None],
    options: argparse.Namespace,
    fraudster: Fraudster,
    people: list[Honest],
    found: Found,
) -> bool:
    """Say what became of everybody; returns whether all was as it should be."""
    say(f"{fraudster.tries} tries in {fraudster.seconds:.0f} s, {options.at_once} at once, "
        f"seed {options.seed}; "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    say(f"the fraudster saw: {dict(fraudster.seen)}")
    say(f"cards tried at Stripe: {found.tried}; pages opened there: {found.sessions}")
    say(f"decisions kept: {dict(found.decisions)}")
    say(f"the owner was told {len(found.alarms)} times, {found.letters} letters")
    for words in found.alarms[:8]:
        say(f"  {words}", markup=False)
    office = [one for one in people if one.browser.address == fraudster.addresses[0]]
    seconds = sorted(one.seconds for one in people)
    say(f"honest: {_paid(people)} of {len(people)} paid ({found.paid_at_stripe} at Stripe, "
        f"{found.paid_here} here), {_paid(office)} of {len(office)} in the fraudster's office; "
        f"{sum(one.browser.checks > 0 for one in people)} did the check; "
        f"half of them within {seconds[len(seconds) // 2]:.1f} s, all within {seconds[-1]:.1f} s"
        )  # fmt: skip
    for one in people:
        if one.status != 303:
            say(f"  not paid: {one.number} at {one.browser.address}: {one.browser.answers}")
    counts = {_paid(people), found.paid_at_stripe, found.paid_here}
    is_well = counts == {len(people)} and found.tried <= options.most and bool(found.alarms)
    say("stopped, and everybody honest paid" if is_well else "[red]not as it should be")
    return is_well


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    options = arguments(words)
    return program.play(lambda console: run(options, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
