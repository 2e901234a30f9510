"""The sandbox's state: one SQLite database, in a file or in memory, behind one lock.

A transaction holds the lock from start to end, so two requests never interleave. The file is in
WAL mode: what was committed is still there after the process is killed. One process at a time
has the file; another is refused.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists settings (name text primary key, value text not null);
create table if not exists accounts (
    id text primary key, secret_key text unique, platform text, body text not null
);
create table if not exists objects (
    seq integer primary key, account text not null, kind text not null, id text not null,
    created integer not null, deleted integer not null default 0,
    body text not null, private text not null default '{}',
    unique (account, id)
);
create index if not exists objects_by_id on objects (id);
create index if not exists objects_by_kind on objects (account, kind, seq);
create index if not exists objects_by_created on objects (account, kind, created, seq);
create index if not exists invoices_by_due_date on objects
    (account, kind, json_extract(body, '$.due_date'), seq) where kind = 'invoice';
create index if not exists invoice_payments_by_status on objects
    (account, kind, json_extract(body, '$.status'), seq) where kind = 'invoice_payment';
create index if not exists invoices_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq) where kind = 'invoice';
create index if not exists invoices_by_status on objects
    (account, kind, json_extract(body, '$.status'), seq) where kind = 'invoice';
create index if not exists invoices_by_number on objects
    (account, kind, json_extract(body, '$.number'), seq) where kind = 'invoice';
create index if not exists invoiceitems_by_invoice on objects
    (account, kind, json_extract(body, '$.invoice'), seq) where kind = 'invoiceitem';
create index if not exists invoiceitems_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq) where kind = 'invoiceitem';
create index if not exists invoice_payments_by_invoice on objects
    (account, kind, json_extract(body, '$.invoice'), seq) where kind = 'invoice_payment';
create index if not exists invoice_payments_by_intent on objects
    (account, kind, json_extract(body, '$.payment.payment_intent'), seq)
    where kind = 'invoice_payment';
create index if not exists balances_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq)
    where kind = 'customer_balance_transaction';
create index if not exists credit_notes_by_invoice on objects
    (account, kind, json_extract(body, '$.invoice'), seq) where kind = 'credit_note';
create index if not exists charges_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq) where kind = 'charge';
create index if not exists charges_by_intent on objects
    (account, kind, json_extract(body, '$.payment_intent'), seq) where kind = 'charge';
create index if not exists intents_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq) where kind = 'payment_intent';
create index if not exists sessions_by_intent on objects
    (account, kind, json_extract(body, '$.payment_intent'), seq) where kind = 'checkout.session';
create index if not exists refunds_by_charge on objects
    (account, kind, json_extract(body, '$.charge'), seq) where kind = 'refund';
create index if not exists methods_by_customer on objects
    (account, kind, json_extract(body, '$.customer'), seq) where kind = 'payment_method';
create index if not exists events_by_type on objects
    (account, kind, json_extract(body, '$.type'), seq) where kind = 'event';
create table if not exists idempotency (
    account text not null, key text not null, created integer not null,
    fingerprint text not null, request_id text not null,
    status integer not null, body text not null,
    primary key (account, key)
);
create table if not exists timers (
    id integer primary key, due real not null, account text not null,
    action text not null, object_id text not null
);
create index if not exists timers_due on timers (due);
create table if not exists deliveries (
    id integer primary key, account text not null, event text not null,
    event_account text not null, event_type text not null, endpoint text not null,
    status text not null, due real not null, waits_for integer,
    attempts text not null default '[]', forged integer not null default 0
);
create index if not exists deliveries_due on deliveries (status, due);
create index if not exists deliveries_event on deliveries (event);
create table if not exists requests (
    id text primary key, at real not null, account text, method text not null,
    path text not null, params text not null, idempotency_key text,
    status integer, replayed integer not null, fault text
);
create table if not exists shop_answers (
    seq integer primary key, api_key text not null, request_id text not null,
    customer_id text not null, sku_id integer not null, at real not null,
    status integer not null, body text not null, asked integer not null default 1,
    unique (api_key, request_id)
);
create table if not exists shop_stock (sku_id integer primary key, units integer not null);
create table if not exists mails (
    id integer primary key, at real not null, message_id text not null, body blob not null
);
"""
TABLES = (
    "settings", "accounts", "objects", "idempotency", "timers", "deliveries", "requests",
    "shop_answers", "shop_stock", "mails",
)  # fmt: skip


class Store:
    """The database. Without a path it lives in memory and dies with the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma locking_mode=exclusive")
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; commit at the end, undo everything when an exception leaves the block.

        A block inside another becomes a savepoint.
        """
        with self._lock:
            name = f"level_{self._depth}"
            self._db.execute(f"savepoint {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute(f"rollback to {name}")
                raise
            finally:
                self._depth -= 1
                self._db.execute(f"release {name}")

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement inside the open transaction, or as one of its own."""
        with self._lock:
            return self._db.execute(sql, values)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return every row of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def setting(self, name: str) -> str | None:
        """Return a stored setting, or None."""
        found = self.row("select value from settings where name = ?", name)
        return found["value"] if found else None

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting, replacing an older value."""
        self.execute("insert or replace into settings values (?, ?)", name, value)

    def clear(self) -> None:
        """Empty every table."""
        with self.transaction():
            for table in TABLES:
                self.execute(f"delete from {table}")

    def close(self) -> None:
        """Close the database after the transaction in progress."""
        with self._lock:
            self._db.close()
