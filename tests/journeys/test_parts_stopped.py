"""Any part may stop in the middle of a payment; when it is back, the payment is there, once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connections
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from config.addresses import database
from core.demo import parts
from core.demo.environment import HOST
from core.demo.postgres import DATABASE, SUPERUSER, LocalPostgres
from core.demo.processes import plain_environment, wait_until
from core.demo.valkey import LocalValkey
from core.tenancy import scope
from payments.models import StripeEvent
from tests.journeys.deliveries import Mailbox, body_of
from tests.journeys.people import Buyer, Seller, at_once, eventually, heading, new_tenant
from tests.servers import free_port, make_database, start_in_free_slot, template_of
from tests.stack import READY_SECONDS, Process, Stack
from tests.stripe import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

# Stripe comes again after 1, 5 and 25 seconds.
REDELIVERY_SECONDS = 60.0
UNANSWERED = {"kind": "delay", "seconds": 60, "method": "GET", "path": "/v1/checkout/sessions/*"}

# What waits for a time to come: a lease that runs out, a time to try again.
CLOCKS = {
    "payments_stripeevent": ("next_at",),
    "payments_checkout": ("created_at", "checked_at", "key_used_at"),
}


@dataclass
class Site:
    """A Taproom whose every part can be killed, with servers that nobody else uses."""

    postgres: LocalPostgres
    valkey: LocalValkey
    stripe: Process
    stack: Stack
    sandbox: Sandbox

    def kill(self, server: LocalPostgres | LocalValkey) -> None:
        """End a server as a power cut would end it."""
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: server.exit_code() is not None, seconds=10)

    def mend(self, server: LocalPostgres | LocalValkey) -> None:
        """Start a killed server again."""
        server.restart()
        server.wait_ready()

    def mend_stripe(self) -> None:
        """Start Stripe again, with what it knew."""
        self.stripe.restart()
        health = f"{self.sandbox.base}/_sandbox/health"
        assert wait_until(lambda: answers(health), seconds=20)

    def wait_minutes(self, minutes: int) -> None:
        """Let time pass for what is waiting in the database."""
        with psycopg.connect(self.postgres.url(DATABASE, SUPERUSER)) as connection:
            connection.execute("SET session_replication_role = replica")
            for table, columns in CLOCKS.items():
                moves = ", ".join(f"{name} = {name} - interval '{minutes} min'" for name in columns)
                connection.execute(f"UPDATE {table} SET {moves}")

    def mend_all(self) -> None:
        """Start again whatever has ended, as whoever runs Taproom does, until all of it works.

        Celery's worker ends itself when the broker goes while it holds a task.
        """
        for part in (self.postgres, self.valkey):
            if part.exit_code() is not None:
                self.mend(part)
        assert wait_until(self.works, seconds=READY_SECONDS), self.stack.logs()

    def works(self) -> bool:
        """Tell whether all parts work, and start again those that have ended.

        A worker that is ending may still let the last heartbeat pass, so it is asked itself.
        """
        for process in (self.stripe, *self.stack.processes):
            if process.exit_code() is not None:
                process.restart()
        return self.stack.answers("/readyz") and self.stack.worker_answers()

    def attempts(self) -> list[dict[str, Any]]:
        """Return all tries of Stripe to deliver an event."""
        found = self.sandbox.control("GET", "deliveries")["deliveries"]
        return [attempt for delivery in found for attempt in delivery["attempts"]]


def answers(url: str) -> bool:
    """Tell whether a page is there."""
    try:
        return Buyer().look(url).status_code == 200
    except OSError:
        return False


def start_servers(running: ExitStack) -> tuple[LocalPostgres, LocalValkey]:
    """Start a PostgreSQL that keeps what it confirmed, and a Valkey that forgets all, if killed."""
    postgres, valkey = start_in_free_slot(running, synchronous_commit="on")
    make_database(postgres.url("postgres", SUPERUSER), DATABASE, template_of(postgres))
    return postgres, valkey


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Taproom of this module's own."""
    home = tmp_path_factory.mktemp("site")
    port = free_port()
    base = f"http://{HOST}:{port}"
    with ExitStack() as running:
        postgres, valkey = start_servers(running)
        addresses = {"DATABASE_URL": postgres.url(), "REDIS_URL": valkey.url()}
        stack = Stack(home, {**addresses, "STRIPE_API_BASE": base})
        stripe = Process.of(parts.sandbox(stack.layout, plain_environment(), port))
        running.callback(stripe.stop)
        running.callback(stack.stop)
        stripe.start()
        stack.start()
        yield Site(postgres, valkey, stripe, stack, Sandbox(base))


@contextmanager
def rows_of(postgres: LocalPostgres) -> Iterator[None]:
    """Let this process read and write the rows of another server."""
    usual = connections.settings["default"]
    connections["default"].close()
    connections.settings["default"] = {**usual, **database(postgres.url())}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = usual
        del connections["default"]


@pytest.fixture
def site(
    whole_site: Site, settings: Settings, django_db_blocker: DjangoDbBlocker
) -> Iterator[Site]:
    """A Taproom whose parts all run when the test begins."""
    settings.PUBLIC_URL = whole_site.stack.url
    settings.STRIPE_API_BASE = whole_site.sandbox.base
    whole_site.mend_all()
    with django_db_blocker.unblock(), rows_of(whole_site.postgres):
        yield whole_site
        whole_site.mend_all()
        whole_site.sandbox.control("POST", "reset")
        whole_site.stack.wait_quiet()


@pytest.fixture
def seller(site: Site) -> Seller:
    """A company on that Taproom."""
    return Seller(new_tenant(), site.stack, site.sandbox)


def inbox(seller: Seller, **which: Any) -> list[StripeEvent]:
    """Return events in the seller's inbox."""
    with scope(seller.tenant.pk):
        return list(StripeEvent.objects.filter(**which))


def test_worker_killed_while_it_acts_on_an_event(site: Site, seller: Seller, buyer: Buyer) -> None:
    link = seller.link()
    page = buyer.start(link["url"])
    site.sandbox.control("POST", "faults", **UNANSWERED)
    buyer.pay(page)
    eventually(lambda: inbox(seller, attempts=1, processed_at=None), "an event being acted on")

    site.stack.kill_worker()
    site.sandbox.control("DELETE", "faults")
    assert seller.payments(link) == []
    site.stack.worker.restart()
    site.wait_minutes(3)

    seller.paid(link, seconds=REDELIVERY_SECONDS)
    eventually(lambda: not inbox(seller, processed_at=None), "an inbox without work")


def test_web_killed_while_events_arrive(site: Site, seller: Seller, buyer: Buyer) -> None:
    link = seller.link()
    page = buyer.start(link["url"])

    site.stack.web.kill()
    buyer.pay(page)
    eventually(lambda: [one for one in site.attempts() if one["error"]], "a delivery in vain")
    site.stack.web.restart()
    site.stack.wait_ready()

    seller.paid(link, seconds=REDELIVERY_SECONDS)


def test_web_takes_many_events_as_soon_as_it_is_back(site: Site, seller: Seller) -> None:
    mailbox = Mailbox(seller.account.webhook_url, seller.account.webhook_secrets[0])
    site.stack.web.kill()
    site.stack.web.restart()
    site.stack.wait_ready()

    answers = at_once(mailbox.post, [body_of() for _ in range(20)])

    assert [answer.status_code for answer in answers] == [200] * 20
    eventually(lambda: len(inbox(seller, processed_at__isnull=False)) == 20, "all acted on")


def test_valkey_killed_during_a_payment(site: Site, seller: Seller, buyer: Buyer) -> None:
    link = seller.link()

    site.kill(site.valkey)
    buyer.buy(link["url"])
    eventually(lambda: inbox(seller, type="checkout.session.completed"), "the event in the inbox")
    eventually(site.attempts, "deliveries")
    assert {one["status"] for one in site.attempts()} == {200}
    assert seller.payments(link) == []
    site.mend(site.valkey)
    site.mend_all()
    site.wait_minutes(3)

    seller.paid(link, seconds=REDELIVERY_SECONDS)


def test_stripe_down_when_the_customer_comes(site: Site, seller: Seller, buyer: Buyer) -> None:
    link = seller.link()

    site.stripe.kill()
    refused = buyer.click(link["url"])
    site.mend_stripe()
    buyer.buy(link["url"])

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "Nothing was charged and your attempt is kept" in refused.text
    assert heading(refused) == "Deposit"
    seller.paid(link)
    assert len(seller.sessions()) == 1


def test_postgresql_killed_during_a_payment(site: Site, seller: Seller, buyer: Buyer) -> None:
    link = seller.link()
    page = buyer.start(link["url"])

    site.kill(site.postgres)
    buyer.pay(page)
    eventually(site.attempts, "a delivery in vain")
    assert {one["status"] for one in site.attempts()} <= {500, 503}
    assert buyer.look(link["url"]).status_code in {500, 503}
    site.mend(site.postgres)

    site.stack.wait_ready()
    seller.paid(link, seconds=REDELIVERY_SECONDS)
