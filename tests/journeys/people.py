"""Who acts in a journey: a seller with a Stripe account and an API key, and buyers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import requests

from core import scopes
from core.demo.processes import wait_until
from core.models import Tenant
from core.operations.api_keys import make_api_key
from core.tenancy import scope
from payments.models import Checkout, Payment, StripeAccount
from payments.operations.endpoints import receive_webhooks
from tests.stack import Stack
from tests.stripe import Sandbox, open_stripe_account

T = TypeVar("T")
U = TypeVar("U")

PATIENCE_SECONDS = 20.0
GOOD, DECLINED, ASKS_3DS = "4242424242424242", "4000000000000002", "4000000000003220"
_numbers = count(1)


def eventually(ask: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is true, and return it; fail in words when time is up."""
    answers: list[T] = []

    def holds() -> bool:
        answers[:] = [ask()]
        return bool(answers[0])

    if not wait_until(holds, seconds=seconds):
        pytest.fail(f"after {seconds:.0f} s still not: {what}; the last answer was {answers[0]!r}")
    return answers[0]


def at_once(action: Callable[[U], T], people: list[U]) -> list[T]:
    """Let all people act at the same time; the answers are in their order."""
    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(action, people))


class Seller:
    """A company that takes payments; programs of its own use the API with its key."""

    def __init__(self, tenant: Tenant, stack: Stack, sandbox: Sandbox) -> None:
        self.tenant = tenant
        self.stack = stack
        self.sandbox = sandbox
        self.account: StripeAccount = open_stripe_account(tenant, name=tenant.name)
        with scope(tenant.pk):
            names = [known.name for known in scopes.known()]
            self.key = make_api_key(name="Shop", scopes=names, by=None).secret
        self.receive_webhooks()

    def receive_webhooks(self) -> None:
        """Have Stripe deliver events to the running web server."""
        receive_webhooks(tenant_id=self.tenant.pk, account=self.account)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the API as the seller's program."""
        headers = {"Authorization": f"Api-Key {self.key}", **options.pop("headers", {})}
        url = f"{self.stack.url}/api/{path}"
        return requests.request(method, url, headers=headers, timeout=30, **options)

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of a successful GET."""
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def link(self, **fields: Any) -> Any:
        """Make a payment link of 125.00 EUR, unless told otherwise."""
        body = {"amount_minor": 12500, "currency": "EUR", "title": "Deposit", **fields}
        answer = self.ask("POST", "payment-links/", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def status(self, link: Any) -> str:
        """Return the status of a link now."""
        return str(self.get(f"payment-links/{link['id']}/")["status"])

    def payments(self, link: Any) -> list[Any]:
        """Return the payments of a link, newest first."""
        return list(self.get("payments/", link=link["id"], limit=100)["items"])

    def paid(self, link: Any, *, times: int = 1, seconds: float = PATIENCE_SECONDS) -> list[Any]:
        """Wait until exactly so many payments of a link succeeded; return them."""

        def successes() -> list[Any]:
            return [one for one in self.payments(link) if one["status"] == "success"]

        eventually(lambda: len(successes()) >= times, f"{times} payments", seconds=seconds)
        self.stack.wait_quiet()
        found = successes()
        assert len(found) == times
        return found

    def sessions(self) -> list[Any]:
        """Return all checkout sessions that Stripe has of this seller, from Stripe's own list."""
        return self.listed("checkout/sessions")

    def listed(self, path: str, **query: Any) -> list[Any]:
        """Return all objects of one of Stripe's lists."""
        found: list[Any] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = self.sandbox.stripe(
                "GET", path, key=self.account.secret_key, limit=100, **query, **after
            )
            found += page["data"]
            if not page["has_more"]:
                return found

    def rows(self, kind: type[Checkout] | type[Payment]) -> list[Any]:
        """Return all rows of a kind, as they lie in the database."""
        with scope(self.tenant.pk):
            return list(kind.objects.order_by("created_at"))


class Buyer:
    """Somebody with a browser that runs no scripts, at an address of their own."""

    def __init__(self) -> None:
        self.http = requests.Session()
        number = next(_numbers)
        self.http.headers["X-Forwarded-For"] = f"198.51.{number // 250}.{number % 250 + 1}"

    def look(self, url: str) -> requests.Response:
        """Open a page."""
        return self.http.get(url, timeout=30)

    def click(self, url: str) -> requests.Response:
        """Press the button of a payment page; the answer's Location is Stripe's page."""
        return self.http.post(url, allow_redirects=False, timeout=30)

    def start(self, url: str) -> str:
        """Open a link, press its button, and return the address of Stripe's page."""
        assert self.look(url).status_code == 200
        answer = self.click(url)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def pay(self, page: str, number: str = GOOD) -> str:
        """Fill in Stripe's page and return where it leads, which is empty if the card fails."""
        form = {
            "email": "buyer@example.com", "method": "card", "number": number,
            "expiry": "12 / 40", "cvc": "123", "name": "Bo Buyer",
        }  # fmt: skip
        answer = self.http.post(page, data=form, allow_redirects=False, timeout=30)
        assert answer.status_code in {303, 402}, answer.text
        return answer.headers.get("Location", "")

    def buy(self, url: str) -> str:
        """Open a link and pay it; return the address at which the buyer ends."""
        return self.pay(self.start(url))


def heading(answer: requests.Response) -> str:
    """Return what a page's main heading says."""
    found = re.findall(r"(?s)<h1[^>]*>(.*?)</h1>", answer.text)
    assert len(found) == 1, "a page has one main heading"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def session_id(page: str) -> str:
    """Return the id of the session of one of Stripe's pages."""
    return urlsplit(page).path.rpartition("/")[2]


def new_tenant() -> Tenant:
    """Return a tenant whose name nobody else has."""
    tag = secrets.token_hex(4)
    return Tenant.objects.create(
        name=f"Malt {tag}", slug=f"malt-{tag}", time_zone="Europe/Amsterdam", default_currency="EUR"
    )
