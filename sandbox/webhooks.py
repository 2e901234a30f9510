"""Deliver events: signed, retried, and disturbed when a fault rule says so.

Source of the signature: Stripe docs, "Verify webhook signatures manually".
"""

import hashlib
import hmac
import http.client
import json
import sqlite3
import time
from typing import Any
from urllib.parse import urlsplit

from sandbox import ids
from sandbox.books import Json
from sandbox.faults import Rule
from sandbox.state import Sandbox

RETRY_SECONDS = (1, 5, 25, 120, 600)
TIMEOUT_SECONDS = 10


def sign(body: bytes, secrets: list[str], at: int) -> str:
    """Return a ``Stripe-Signature`` header: one ``v1`` for each secret."""
    payload = f"{at}.".encode() + body
    marks = [hmac.new(s.encode(), payload, hashlib.sha256).hexdigest() for s in secrets]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])


def secrets_of(private: Json, now: float) -> list[str]:
    """Return an endpoint's secrets that are still valid, the newest first."""
    old = [item["secret"] for item in private.get("old_secrets", ()) if item["until"] > now]
    return [private["secret"], *old]


def post(url: str, body: bytes, signature: str) -> int:
    """Send one webhook and return the status of its answer.

    Raises OSError, ValueError or HTTPException when there is none.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signature,
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def route_new(sandbox: Sandbox) -> None:
    """Give each new delivery its way: at once, or as a fault rule wants it."""
    rows = sandbox.store.rows("select * from deliveries where status = 'new' order by id")
    for row in rows:
        with sandbox.store.transaction():
            rule = sandbox.faults.for_delivery(row["event_type"])
            _set(sandbox, row["id"], status="pending")
            if rule is not None:
                DISTURBANCES[rule.kind](sandbox, row, rule)


def _set(sandbox: Sandbox, delivery: int, **values: Any) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    sandbox.store.execute(
        f"update deliveries set {columns} where id = ?", *values.values(), delivery
    )


def _duplicate(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    for _ in range(rule.copies - 1):
        sandbox.store.execute(
            "insert into deliveries (account, event, event_account, event_type, endpoint, status,"
            " due) values (?, ?, ?, ?, ?, 'pending', ?)",
            *(row[name] for name in ("account", "event", "event_account", "event_type")),
            row["endpoint"],
            row["due"],
        )


def _delay(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    _set(sandbox, row["id"], due=row["due"] + rule.seconds)


def _forge(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    _set(sandbox, row["id"], forged=1)


def _hold(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    _set(sandbox, row["id"], status="held")


def _drop(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    _set(sandbox, row["id"], status="dropped")


def _reorder(sandbox: Sandbox, row: sqlite3.Row, rule: Rule) -> None:
    """Hold deliveries until a group is complete, then send it last first."""
    _set(sandbox, row["id"], status="held")
    held = sandbox.store.rows(
        "select id from deliveries where status = 'held' and endpoint = ? order by id",
        row["endpoint"],
    )
    if len(held) >= rule.copies:
        release(sandbox, reverse=True, endpoint=row["endpoint"])


DISTURBANCES = {
    "webhook_duplicate": _duplicate,
    "webhook_delay": _delay,
    "webhook_wrong_signature": _forge,
    "webhook_hold": _hold,
    "webhook_drop": _drop,
    "webhook_reorder": _reorder,
}


def release(sandbox: Sandbox, *, reverse: bool, endpoint: str | None = None) -> int:
    """Let held deliveries go, one after the other in the order asked for. Returns how many."""
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "select id from deliveries where status = 'held' and endpoint = ifnull(?, endpoint) "
            f"order by id {'desc' if reverse else 'asc'}",
            endpoint,
        )
        before = None
        for row in rows:
            _set(sandbox, row["id"], status="pending", waits_for=before)
            before = row["id"]
    return len(rows)


def claim_due(sandbox: Sandbox) -> list[int]:
    """Mark the deliveries whose moment has come as being sent, and return their ids."""
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "select id from deliveries as d where status = 'pending' and due <= ? and not exists "
            "(select 1 from deliveries as e where e.id = d.waits_for and e.attempts = '[]' "
            "and e.status in ('pending', 'sending')) order by due, id",
            sandbox.clock.now(),
        )
        for row in rows:
            _set(sandbox, row["id"], status="sending")
    return [row["id"] for row in rows]


def _prepare(sandbox: Sandbox, delivery: int) -> tuple[str, bytes, str] | None:
    """Return (url, body, signature), or None when the endpoint is gone or disabled."""
    with sandbox.store.transaction():
        row = sandbox.store.row("select * from deliveries where id = ?", delivery)
        if row is None:
            return None
        books = sandbox.books(row["account"])
        endpoint = books.find(row["endpoint"])
        event = sandbox.books(row["event_account"]).find(row["event"])
        private = books.private(row["endpoint"])
    if event is None or endpoint is None or endpoint.get("status") != "enabled":
        return None
    if endpoint["api_version"]:
        event["api_version"] = endpoint["api_version"]
    body = json.dumps(event, indent=2).encode()
    secrets = secrets_of(private, sandbox.clock.now())
    if row["forged"]:
        secrets = [ids.new("whsec")]
    return endpoint["url"], body, sign(body, secrets, int(time.time()))


def send(sandbox: Sandbox, delivery: int) -> None:
    """Attempt one delivery and write down how it went; a failure is due again later."""
    prepared = _prepare(sandbox, delivery)
    if prepared is None:
        with sandbox.store.transaction():
            _set(sandbox, delivery, status="cancelled")
        return
    status, error = 0, None
    try:
        status = post(*prepared)
    except (OSError, ValueError, http.client.HTTPException) as failure:
        error = f"{type(failure).__name__}: {failure}"
    with sandbox.store.transaction():
        _write_attempt(sandbox, delivery, status, error)
    sandbox.changed.set()


def _write_attempt(sandbox: Sandbox, delivery: int, status: int, error: str | None) -> None:
    row = sandbox.store.row("select * from deliveries where id = ?", delivery)
    if row is None:
        return
    now = sandbox.clock.now()
    attempts = [
        *json.loads(row["attempts"]),
        {"at": now, "status": status or None, "error": error, "forged": bool(row["forged"])},
    ]
    if 200 <= status < 300:
        outcome, due = "succeeded", row["due"]
    elif len(attempts) > len(RETRY_SECONDS):
        outcome, due = "failed", row["due"]
    else:
        outcome, due = "pending", now + RETRY_SECONDS[len(attempts) - 1]
    _set(sandbox, delivery, status=outcome, due=due, attempts=json.dumps(attempts), forged=0)
    _count_pending(sandbox, row["event_account"], row["event"])


def _count_pending(sandbox: Sandbox, account: str, event_id: str) -> None:
    row = sandbox.store.row(
        "select count(*) as n from (select endpoint from deliveries where event = ? "
        "group by endpoint having not max(status = 'succeeded'))",
        event_id,
    )
    books = sandbox.books(account)
    event = books.find(event_id)
    if event is not None and row is not None:
        books.save({**event, "pending_webhooks": row["n"]})


def next_due(sandbox: Sandbox) -> float | None:
    """Return the sandbox time of the next timer or delivery, or None."""
    row = sandbox.store.row(
        "select min(due) as due from (select min(due) as due from timers union all "
        "select min(due) from deliveries where status = 'pending')"
    )
    return row["due"] if row else None


def recover(sandbox: Sandbox) -> None:
    """Queue again what was being sent when the process ended."""
    sandbox.store.execute("update deliveries set status = 'pending' where status = 'sending'")
