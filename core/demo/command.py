"""`manage.py demo`: everything on this machine, until Ctrl-C."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from core.demo.environment import MARKER
from core.demo.errors import AlreadyRunning, DemoError
from core.demo.interrupts import take_signals
from core.demo.layout import Layout
from core.demo.memory import port_is_free
from core.demo.places import Lock, remove_data, tag
from core.demo.processes import end_stray_group, marked, service_account, wait_until
from core.demo.supervisor import READY_SECONDS, Supervisor, refuse_bad_environment
from core.demo.terminal import Terminal

DEFAULT_PORT = 8000
OVERRIDES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "STRIPE_API_BASE", "SHOP_URL")
LOGS_KEPT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, for this entry and for Django's help alike."""
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="where to serve (8000)")
    parser.add_argument("--reset", action="store_true", help="delete the demo's data first")


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Parse, run, and return the exit code: 0 after a stop, 1 when it could not go on."""
    parser = argparse.ArgumentParser("demo", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run(port=options.port, reset=options.reset)


def run(
    *, port: int, reset: bool, layout: Layout | None = None, patience: float = READY_SECONDS
) -> int:
    """Run the demo until it is stopped; what goes wrong is one message on stderr.

    `patience`: how many seconds one step of its start may take.
    """
    take_signals()
    os.umask(0o077)  # logs, data and keys are for this user alone
    layout = layout or Layout()
    lock = Lock(layout.lock)
    try:
        layout.prepare()
        _hold(lock)
        found_strays = _clean_up(layout)
        if reset:
            forget(layout)
        # A killed process gives its port back a moment after it can no longer be seen.
        if not wait_until(lambda: port_is_free(port), seconds=5 if found_strays else 0):
            raise DemoError(f"port {port} is in use: stop what listens there or choose --port")
        _serve(layout, port, patience)
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    finally:
        lock.release()
    return 0


def _hold(lock: Lock) -> None:
    try:
        lock.acquire()
    except AlreadyRunning:
        raise AlreadyRunning("it is running already: stop the other one first") from None


def _clean_up(layout: Layout) -> bool:
    """Remove what a killed demo left: files that say it runs, and children without a master.

    Returns whether there were such children.
    """
    layout.summary.unlink(missing_ok=True)
    layout.environment.unlink(missing_ok=True)
    marker = f"{MARKER}={tag(layout.var)}"
    strays = marked(marker)
    for pid in strays:
        end_stray_group(pid)
    wait_until(lambda: not marked(marker), seconds=5)
    return bool(strays)


def _serve(layout: Layout, port: int, patience: float) -> None:
    given = {name: os.environ[name] for name in OVERRIDES if os.environ.get(name)}
    refuse_bad_environment(given)
    if "DATABASE_URL" not in given:
        _drop_libpq_variables()
    _rotate_logs(layout)
    Supervisor(layout, Terminal(), port=port, given=given, patience=patience).run()


def _drop_libpq_variables() -> None:
    """Forget PGHOST, PGOPTIONS and their like: they mean the caller's server, not ours."""
    for name in [name for name in os.environ if name.startswith("PG") and name != "PG_BINDIR"]:
        del os.environ[name]


def _rotate_logs(layout: Layout) -> None:
    """Keep the logs of the last few starts as name.log.1, name.log.2, ..."""
    for log in layout.log("any").parent.glob("*.log"):
        for number in range(LOGS_KEPT - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        log.replace(log.with_name(f"{log.name}.1"))


def forget(layout: Layout) -> None:
    """Delete everything the demo keeps, also what lies outside the project."""
    remove_data(layout.postgres, service_account())
    remove_data(layout.valkey, None)
    for path in (layout.memory, layout.demo_data, layout.secrets):
        path.unlink(missing_ok=True)
    for pattern in ("sandbox.sqlite3*", "celerybeat-schedule*"):
        for path in layout.var.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
