"""What happens by itself when the sandbox clock reaches a moment."""

import logging
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.books import Books

if TYPE_CHECKING:
    from sandbox.state import Sandbox

log = logging.getLogger(__name__)
Action = Callable[[Books, str], None]
ACTIONS: dict[str, Action] = {}


def timer(name: str) -> Callable[[Action], Action]:
    """Register the function below as what a timer of this name does to an object."""

    def register(action: Action) -> Action:
        ACTIONS[name] = action
        return action

    return register


def run_due(sandbox: "Sandbox") -> int:
    """Run every timer whose moment has come, each in a transaction of its own.

    Each runs at its own moment, so that a clock that leaps does all that it leaps over, in order.
    Returns how many ran. An action must bear being run for an object that has moved on; one that
    fails is logged and not tried again.
    """
    ran = 0
    while True:
        with sandbox.store.transaction():
            row = sandbox.store.row(
                "select * from timers where due <= ? order by due, id limit 1", sandbox.clock.now()
            )
            if row is None:
                return ran
            sandbox.store.execute("delete from timers where id = ?", row["id"])
            _run(sandbox, row)
        ran += 1


def _run(sandbox: "Sandbox", row: sqlite3.Row) -> None:
    try:
        with sandbox.store.transaction():
            books = sandbox.books(row["account"], now=row["due"])
            ACTIONS[row["action"]](books, row["object_id"])
    except Exception:
        log.exception("timer %s of %s failed", row["action"], row["object_id"])
