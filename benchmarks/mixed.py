"""`python -m benchmarks.load --minutes 10 --rate 20`: mixed traffic against a whole Taproom.

Links are made, customers pay through the sandbox, Stripe's webhooks come in, usage is sent, staff
look at pages. Actions start at a set rate whatever the answers do, and an action's time runs from
the moment it was due. At the end what was wanted is held against the database and the sandbox.
Exit code 0: no error, nothing lost or doubled, flat memory.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import platform
import re
import secrets
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.table import Table

from chaos.count import paid_links
from chaos.people import GOOD, charges_of
from chaos.site import PARTS, CannotStart, Site, enter, site
from core.demo.layout import PROJECT

HOME = PROJECT / "var" / "load"
WEIGHTS = {"pay": 4, "make link": 3, "read api": 4, "usage": 5, "admin page": 3, "webhook": 2}
PAGES = ("/admin/", "/links/", "/payments/", "/today/", "/billing/organizations/")
BATCH = 20
SETTLE_SECONDS = 180.0
# Memory is flat when it grew by less than both since the warm-up.
GROWTH, GROWTH_MB = 0.15, 40.0
PERCENTILES = (0.5, 0.95, 0.99)


@dataclass
class Tally:
    """What was done: seconds of each step, errors, and what must be found afterwards."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    links: set[str] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    usage: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Wrong(Exception):
    """An answer that was none of success."""


class Traffic:
    """The people and programs of one company; each action is one of them doing one thing."""

    def __init__(self, on: Site, tally: Tally, links: list[tuple[str, str]], seed: int) -> None:
        self._site, self._tally, self._dice = on, tally, Random(seed)
        self._links, self._run = links, secrets.token_hex(4)
        self._next = iter(range(10**9))
        self._local = threading.local()
        self._staff = self._sign_in()

    def act(self, kind: str, due: float) -> None:
        """Do one action, and count how long it took since it was due."""
        doing: dict[str, Callable[[requests.Session], None]] = {
            "pay": self._pay, "make link": self._make_link, "read api": self._read_api,
            "usage": self._send_usage, "admin page": self._look, "webhook": self._deliver,
        }  # fmt: skip
        try:
            doing[kind](self._http())
        except (requests.RequestException, Wrong, ValueError, KeyError) as error:
            with self._tally.lock:
                self._tally.errors[f"{kind}: {type(error).__name__} {error}"[:90]] += 1
        with self._tally.lock:
            self._tally.seconds[kind].append(time.monotonic() - due)

    def _http(self) -> requests.Session:
        if not hasattr(self._local, "http"):
            self._local.http = requests.Session()
        http: requests.Session = self._local.http
        http.cookies.clear()
        number = self._dice.randrange(60_000)
        http.headers["X-Forwarded-For"] = f"198.51.{number // 250}.{number % 250 + 1}"
        return http

    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Api-Key {self._site.facts['api_key']}"}

    def _wanted(self, answer: requests.Response, *statuses: int) -> requests.Response:
        if answer.status_code not in statuses:
            raise Wrong(f"{answer.status_code} from {urlsplit(answer.url).path[:20]}")
        return answer

    def _pay(self, http: requests.Session) -> None:
        with self._tally.lock:
            link_id, url = self._links.pop()
        self._wanted(http.get(url, timeout=30), 200)
        opened = self._wanted(http.post(url, allow_redirects=False, timeout=30), 303)
        session = urlsplit(opened.headers["Location"]).path.rpartition("/")[2]
        paid = self._site.control("POST", f"checkout/sessions/{session}/pay", {"card": GOOD})
        if paid["session"]["payment_status"] != "paid":
            raise Wrong("not paid")
        with self._tally.lock:
            self._tally.paid.add(link_id)

    def _make_link(self, http: requests.Session) -> None:
        body = {"title": f"Load {self._run}", "amount_minor": 1850, "currency": "EUR"}
        headers = {**self._key(), "Idempotency-Key": secrets.token_hex(16)}
        url = f"{self._site.web}/api/payment-links/"
        made = self._wanted(http.post(url, json=body, headers=headers, timeout=30), 201).json()
        with self._tally.lock:
            self._tally.links.add(made["id"])
            self._links.insert(0, (made["id"], made["url"]))

    def _read_api(self, http: requests.Session) -> None:
        path = self._dice.choice(("payments/", "payment-links/", "organizations/"))
        url = f"{self._site.web}/api/{path}?limit=20"
        self._wanted(http.get(url, headers=self._key(), timeout=30), 200)

    def _send_usage(self, http: requests.Session) -> None:
        now = datetime.now(UTC).isoformat()
        keys = [f"load-{self._run}-{next(self._next)}" for _ in range(BATCH)]
        body = [
            {"idempotency_key": key, "organization": "tap-house", "meter": "readings",
             "quantity": "1", "time": now, "dimensions": {"app": "bar", "region": "bar"}}
            for key in keys
        ]  # fmt: skip
        url = f"{self._site.web}/api/usage-events/"
        told = self._wanted(http.post(url, json=body, headers=self._key(), timeout=30), 200).json()
        if told["accepted"] != BATCH:
            raise Wrong(f"{told['accepted']} of {BATCH} accepted")
        with self._tally.lock:
            self._tally.usage.update(keys)

    def _look(self, http: requests.Session) -> None:
        url = self._site.web + self._dice.choice(PAGES)
        answer = http.get(url, cookies=self._staff, timeout=30, allow_redirects=False)
        self._wanted(answer, 200)

    def _deliver(self, http: requests.Session) -> None:
        """Deliver a signed event of a type that leads to nothing; one in four comes twice."""
        event_id, at = f"evt_load{secrets.token_hex(10)}", int(time.time())
        event = {
            "id": event_id, "object": "event", "type": "plan.updated", "created": at,
            "livemode": False, "data": {"object": {"id": "plan_x", "object": "plan"}},
        }  # fmt: skip
        body = json.dumps(event)
        key = str(self._site.facts["webhook_secret"]).encode()
        made = hmac.new(key, f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={at},v1={made}", "Content-Type": "application/json"}
        for _ in range(1 + (self._dice.random() < 0.25)):
            url = str(self._site.facts["webhook_url"])
            self._wanted(http.post(url, data=body, headers=headers, timeout=30), 200)
        with self._tally.lock:
            self._tally.events.add(event_id)

    def _sign_in(self) -> dict[str, str]:
        """Return the cookies of an admin who signed in as people do."""
        http, url = requests.Session(), f"{self._site.web}/accounts/login/"
        page = http.get(url, timeout=30).text
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        form = {
            "csrfmiddlewaretoken": found[1] if found else "",
            "login": self._site.facts["admin_username"],
            "password": self._site.facts["admin_password"],
        }
        http.post(url, data=form, headers={"Referer": url}, timeout=30, allow_redirects=False)
        cookies: dict[str, str] = http.cookies.get_dict()
        if "sessionid" not in cookies:
            raise CannotStart("the admin could not sign in")
        return cookies


def drive(traffic: Traffic, *, seconds: float, rate: float, seed: int) -> None:
    """Start actions at a set rate for so long, then wait for the last of them."""
    dice, began = Random(seed), time.monotonic()
    kinds = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=int(seconds * rate))
    with ThreadPoolExecutor(64) as people:
        for number, kind in enumerate(kinds):
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            people.submit(traffic.act, kind, due)


@dataclass(frozen=True)
class Memory:
    """Megabytes of each part before and after, and how long the last payment took to be noticed."""

    before: dict[str, float]
    after: dict[str, float]
    settled: float


def memory(on: Site) -> dict[str, float]:
    """Return the megabytes of each part that are its own (private, or shared with its kin once)."""
    return {part: sum(map(_own_megabytes, on.with_sessions(part))) for part in PARTS}


def _own_megabytes(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(map(int, re.findall(r"^Pss: +(\d+) kB", text, re.MULTILINE))) / 1024


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("benchmarks.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=10.0, help="actions a second (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8078)
    return parser.parse_args(words)


def run(options: argparse.Namespace, console: Console) -> bool:
    """Play, compare and tell; returns whether all was well."""
    seconds = options.minutes * 60
    with site(HOME, options.port, console.print) as on:
        enter(on)
        from chaos.books import Books

        books, tally = Books(on.facts["tenant_id"]), Tally()
        links = books.make_links(int(seconds * options.rate * 0.25) + 50, "Load")
        traffic = Traffic(on, tally, links, options.seed)
        console.print("warming up ...")
        drive(traffic, seconds=max(10.0, seconds * 0.1), rate=options.rate, seed=options.seed + 1)
        tally.seconds.clear()
        before = memory(on)
        console.print(f"{options.rate:g} actions a second for {options.minutes:g} minutes ...")
        drive(traffic, seconds=seconds, rate=options.rate, seed=options.seed)
        settled = settle(books, tally)
        after = memory(on)
        counted = compare(books, on, tally)
    return tell(console, options, tally, counted, Memory(before, after, settled))


def settle(books: object, tally: Tally) -> float:
    """Wait until what was paid is here; returns how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < SETTLE_SECONDS:
        paid = books.paid(sorted(tally.paid))  # type: ignore[attr-defined]
        if len(paid) >= len(tally.paid):
            break
        time.sleep(1.0)
    return time.monotonic() - began


def compare(books: object, on: Site, tally: Tally) -> dict[str, tuple[int, int, int, int]]:
    """Return wanted, there, doubled and lost of each kind of row."""
    from billing.models import UsageEvent
    from core.tenancy import scope
    from payments.models import PaymentLink, StripeEvent

    with scope(books.tenant.pk):  # type: ignore[attr-defined]
        links = map(str, PaymentLink.objects.values_list("pk", flat=True))
        events = StripeEvent.objects.filter(processed_at__isnull=False)
        here = {
            "links": Counter(links),
            "webhooks": Counter(events.values_list("stripe_event_id", flat=True)),
            "usage events": Counter(
                UsageEvent.objects.filter(idempotency_key__startswith="load-").values_list(
                    "idempotency_key", flat=True
                )
            ),
        }
    here["payments here"] = Counter(books.paid(sorted(tally.paid)))  # type: ignore[attr-defined]
    here["payments at Stripe"] = Counter(paid_links(charges_of(on, books.key)))  # type: ignore[attr-defined]
    wanted = {
        "links": tally.links, "webhooks": tally.events, "usage events": tally.usage,
        "payments here": tally.paid, "payments at Stripe": tally.paid,
    }  # fmt: skip
    return {
        name: (
            len(names),
            sum(1 for one in names if here[name][one]),
            sum(here[name][one] - 1 for one in names if here[name][one] > 1),
            sum(1 for one in names if not here[name][one]),
        )
        for name, names in wanted.items()
    }


def percentile(values: list[float], part: float) -> float:
    """Return the value under which this part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def is_flat(before: float, after: float) -> bool:
    """Return whether a part's memory did not grow by more than is usual."""
    return after - before <= max(before * GROWTH, GROWTH_MB)


def tell(
    console: Console,
    options: argparse.Namespace,
    tally: Tally,
    counted: dict[str, tuple[int, int, int, int]],
    found: Memory,
) -> bool:
    """Show the tables, and leave them in var/load/report.txt; returns whether all was well."""
    before, after = found.before, found.after
    paper = Console(record=True, width=100, file=console.file)
    paper.print(
        f"{options.rate:g} actions a second for {options.minutes:g} minutes, seed {options.seed}; "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    paper.print(table("times", ("done", "50 %", "95 %", "99 %"), _times(tally)))
    rows = [(name, *map(str, figures)) for name, figures in counted.items()]
    paper.print(table("rows", ("wanted", "there", "doubled", "lost"), rows))
    grown = [
        (part, f"{before[part]:.0f}", f"{after[part]:.0f}",
         "flat" if is_flat(before[part], after[part]) else "GREW")
        for part in before
    ]  # fmt: skip
    paper.print(table("memory, MB", ("before", "after", ""), grown))
    paper.print(f"last payment noticed {found.settled:.0f} s after the end")
    paper.print(f"{tally.errors.total()} errors")
    for words, count in tally.errors.most_common(10):
        paper.print(f"  {count} x {words}")
    HOME.joinpath("report.txt").write_text(paper.export_text())
    is_sound = all(not doubled and not lost for _, _, doubled, lost in counted.values())
    return is_sound and not tally.errors and all(is_flat(before[one], after[one]) for one in before)


def _times(tally: Tally) -> list[tuple[str, ...]]:
    return [
        (kind, str(len(values)), *(f"{1000 * percentile(values, p):.0f} ms" for p in PERCENTILES))
        for kind, values in sorted(tally.seconds.items())
    ]


def table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    """Return a table with names on the left and figures on the right."""
    made = Table(title=title)
    made.add_column("")
    for column in columns:
        made.add_column(column, justify="right")
    for row in rows:
        made.add_row(*row)
    return made


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    console = Console(width=max(100, Console().width))
    try:
        return 0 if run(arguments(words), console) else 1
    except CannotStart as error:
        console.print(f"[red]{error}[/]")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
