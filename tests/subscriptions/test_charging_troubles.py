"""Processes that stall or die while a member is charged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Charge, Subscription
from subscriptions.operations.charging import LEASE, ChargeOutcome, ask_again, charge
from subscriptions.operations.shop_accounts import connect_shop
from tests.subscriptions.conftest import NOW

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]
States = Charge.State


class SlowShop:
    """A shop whose first answer waits until it is let go; later ones come at once and say 500."""

    def __init__(self, status: int) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        shop = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                is_first, code = not shop.asked.is_set(), 500
                shop.asked.set()
                if is_first:
                    shop.go.wait(30)
                    code = status
                self.send_response(code)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}/shop"


@pytest.fixture(params=[429, 401, 402, 503])
def slow(request: Any, tenant: Tenant, settings: Any) -> Iterator[SlowShop]:
    """A shop that answers late with each status that says that nothing was charged, or nothing."""
    shop = SlowShop(request.param)
    settings.SHOP_URL, settings.SHOP_TIMEOUT_SECONDS = shop.url, 30.0
    with scope(tenant.pk):
        connect_shop(api_key="amber", api_secret="shop_test_12345678")
    yield shop
    shop.go.set()
    shop.server.shutdown()
    shop.server.server_close()


def test_late_process_does_not_call_certain_what_another_left_in_the_dark(
    join: Join, slow: SlowShop
) -> None:
    member = join()

    def charge_once() -> ChargeOutcome:
        try:
            return charge(
                tenant_id=member.tenant_id, reference=member.reference, request_id="r", by=None,
                now=NOW,
            )  # fmt: skip
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        stalled = pool.submit(charge_once)
        assert slow.asked.wait(30)
        with scope(member.tenant_id):
            claimed = Charge.objects.get()
        second = ask_again(tenant_id=member.tenant_id, charge_id=claimed.pk, now=NOW + LEASE)
        slow.go.set()
        late = stalled.result(30)

    assert second is not None
    assert (second.state, second.attempts) == (States.UNKNOWN, 2)
    assert (late.charge.state, late.charge.next_at) == (States.UNKNOWN, second.next_at)
