"""A running sandbox for tests: a real process, spoken to over HTTP."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from sandbox.api import Router
from sandbox.validation import violation

ROOT = Path(__file__).parents[2]
KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dcTaproom"
PATIENCE = 10


class Process:
    """A sandbox process that can be stopped, killed and started again on its state."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        """Start the process and read its address."""
        command = [sys.executable, "-m", "sandbox", *self.arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


class Api:
    """Speaks HTTP to a sandbox and holds each answer against the spec."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"
        self.called: set[tuple[str, str]] = set()
        self._router = Router()

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> requests.Response:
        """Send a request; form data for POST, a query otherwise. Redirects are not followed."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        place = {"data": data} if method == "POST" else {"params": data}
        response = self.session.request(
            method, self.url + path, headers=names, allow_redirects=False, **place
        )
        if response.status_code == 200 and path.startswith("/v1/"):
            operation, _ = self._router.find(method, path)
            self.called.add((method, operation.path))
            assert violation(operation, "answer", response.json()) is None
        return response

    def get(self, path: str, data: Any = None, **headers: str) -> Any:
        """Return the JSON of a successful GET."""
        return self._good(self.send("GET", path, data, **headers))

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        """Return the JSON of a successful POST."""
        return self._good(self.send("POST", path, data, **headers))

    def delete(self, path: str) -> Any:
        """Return the JSON of a successful DELETE."""
        return self._good(self.send("DELETE", path))

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Return the JSON of a control request."""
        return self._good(self.session.request(method, f"{self.url}/_sandbox{path}", json=body))

    def error(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
        """Return the status and the ``error`` object of a refused request."""
        response = self.send(method, path, data, **headers)
        return response.status_code, response.json()["error"]

    def _good(self, response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()


class Receiver:
    """A webhook endpoint of our own: answers with ``statuses`` in turn, then with 200."""

    def __init__(self) -> None:
        received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        statuses: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(statuses.pop(0) if statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                received.put((self.headers["Stripe-Signature"], body))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Keep quiet."""

        self.received, self.statuses = received, statuses
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def next(self) -> tuple[str, bytes]:
        """Wait for the next webhook and return its signature header and body."""
        return self.received.get(timeout=PATIENCE)

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def shared_process() -> Iterator[Process]:
    process = Process("--port", "0", "--validate", "--no-rate-limit")
    yield process
    assert process.end() == 0


@pytest.fixture
def api(shared_process: Process) -> Iterator[Api]:
    """A sandbox without limits that checks itself against the spec, empty at the start."""
    api = Api(shared_process.url)
    defaults = {"enabled": False, "per_endpoint": 25, "total": 25}
    api.control("/settings", {"validate": True, "rate_limit": defaults})
    api.control("/reset")
    yield api
    api.session.close()


@pytest.fixture
def client(api: Api) -> Iterator[stripe.StripeClient]:
    """Stripe's own SDK, unchanged, pointed at the sandbox."""
    session = requests.Session()
    yield stripe.StripeClient(
        KEY, base_addresses={"api": api.url}, http_client=stripe.RequestsClient(session=session)
    )
    session.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def session_params(**more: Any) -> dict[str, Any]:
    """Return the form of a checkout session over 12.00 USD."""
    return {
        "mode": "payment",
        "success_url": "http://shop.test/done?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/cancel",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": 1200,
        "line_items[0][price_data][product_data][name]": "Application fee",
        "line_items[0][quantity]": 1,
        **more,
    }


def intent_params(method: str = "pm_card_visa", **more: Any) -> dict[str, Any]:
    """Return the form of a payment intent over 20.00 USD, confirmed at once."""
    return {
        "amount": 2000,
        "currency": "usd",
        "payment_method": method,
        "confirm": "true",
        "payment_method_types[]": "us_bank_account" if "Bank" in method else "card",
        **more,
    }
