"""Start the sandbox: ``python -m sandbox``."""

import argparse
import ipaddress
import logging
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from sandbox.app import App
from sandbox.background import Background
from sandbox.limits import Limits
from sandbox.server import Server, serve
from sandbox.state import open_sandbox


def loopback(host: str) -> str:
    """Return a loopback address; argparse error for any other."""
    try:
        is_loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise argparse.ArgumentTypeError(f"{host} is not a loopback address such as 127.0.0.1")
    return host


def port(text: str) -> int:
    """Return a port number; argparse error outside 0 to 65535."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local stand-in for the part of Stripe's HTTP API that Taproom uses. "
        "It is not Stripe, takes no real card and listens on loopback only.",
    )
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="loopback address")
    parser.add_argument("--port", type=port, default=12111, help="0 chooses a free one")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep state in this file")
    parser.add_argument(
        "--validate",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="check each request and answer against Stripe's spec",
    )
    parser.add_argument(
        "--rate-limit",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="answer 429 above Stripe's limits",
    )
    parser.add_argument("--per-endpoint", type=int, default=25, metavar="N", help="requests/s")
    parser.add_argument("--total", type=int, default=25, metavar="N", help="requests/s")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes. Returns the exit code."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        server = Server(options.host, options.port)
        url = f"http://{options.host}:{server.port}"
        limits = Limits(options.rate_limit, options.per_endpoint, options.total)
        sandbox = open_sandbox(options.state, url, limits, options.validate)
    except (OSError, sqlite3.Error) as error:
        place = f"{options.host}:{options.port}"
        sys.stderr.write(f"sandbox: cannot start on {place}: {error}\n")
        return 1
    server.app = App(sandbox)
    background = Background(sandbox)
    background.start()
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    serve(server, stopping)
    background.stop()
    sandbox.store.close()
    return 0


def main() -> None:
    """Run the command line program."""
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(levelname)s %(message)s")
    sys.exit(run(arguments()))


if __name__ == "__main__":
    main()
