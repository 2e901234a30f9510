"""The log of API requests, without card numbers."""

import json
from typing import TYPE_CHECKING, Any

from sandbox.books import Json
from sandbox.state import Sandbox

if TYPE_CHECKING:
    from sandbox.api import Exchange

SECRET = frozenset({"number", "cvc", "account_number", "iban"})
KEPT = 10_000


def redacted(value: Any) -> Any:
    """Return parameters with card and bank numbers replaced by stars."""
    if not isinstance(value, dict):
        return value
    return {name: "****" if name in SECRET else redacted(v) for name, v in value.items()}


def write(sandbox: Sandbox, exchange: "Exchange") -> None:
    """Add a request to the log; the oldest entries beyond ten thousand are dropped."""
    request = exchange.request
    sandbox.store.execute(
        "insert into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        exchange.id,
        sandbox.clock.now(),
        exchange.account,
        request.method,
        request.path,
        json.dumps(redacted(exchange.raw)),
        exchange.key,
        exchange.status,
        exchange.is_replayed,
        exchange.fault,
    )
    sandbox.store.execute(
        "delete from requests where rowid <= (select max(rowid) from requests) - ?", KEPT
    )


def entries(sandbox: Sandbox) -> list[Json]:
    """Return the log, oldest first."""
    rows = sandbox.store.rows("select * from requests order by rowid")
    return [
        {**dict(row), "params": json.loads(row["params"]), "replayed": bool(row["replayed"])}
        for row in rows
    ]
