"""One account's objects, as the code of one request or timer sees them."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.errors import no_such
from sandbox.store import Store

Json = dict[str, Any]
NOUNS = {
    "payment_intent": "payment_intent",
    "checkout.session": "checkout.session",
    "payment_method": "PaymentMethod",
    "billing_portal.session": "session",
    "line_item": "invoice line item",
}


@dataclass(frozen=True)
class Origin:
    """The request that caused a change; both fields None when the sandbox caused it itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


NOBODY = Origin()


@dataclass(frozen=True)
class Books:
    """Read and write one account's objects at one moment, inside the store's transaction.

    ``now`` is sandbox time in whole seconds. ``base_url`` is where the hosted pages are.
    """

    store: Store
    account: str
    now: int
    base_url: str
    origin: Origin = NOBODY

    def add(self, body: Json, **private: Any) -> Json:
        """Store a new object; ``private`` holds what the API never shows. Returns the object."""
        self.store.execute(
            "insert into objects (account, kind, id, created, body, private) "
            "values (?, ?, ?, ?, ?, ?)",
            self.account,
            body["object"],
            body["id"],
            body.get("created", self.now),
            json.dumps(body),
            json.dumps(private),
        )
        return body

    def save(self, body: Json) -> Json:
        """Store the new state of an object. Returns the object."""
        self.store.execute(
            "update objects set body = ? where account = ? and id = ?",
            json.dumps(body),
            self.account,
            body["id"],
        )
        return body

    def save_both(self, body: Json, private: Json) -> Json:
        """Store the new state of an object and all its private notes. Returns the object."""
        self.store.execute(
            "update objects set body = ?, private = ? where account = ? and id = ?",
            json.dumps(body),
            json.dumps(private),
            self.account,
            body["id"],
        )
        return body

    def find(self, object_id: str) -> Json | None:
        """Return the object with this id, deleted ones included, or None."""
        row = self.store.row(
            "select body from objects where account = ? and id = ?", self.account, object_id
        )
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, object_id: str, param: str | None = None) -> Json:
        """Return a live object of a kind.

        Raises StripeError ``resource_missing``: 404 for an id in the path, 400 when ``param``
        names the parameter that held the id.
        """
        row = self.store.row(
            "select body from objects where account = ? and id = ? and kind = ? and not deleted",
            self.account,
            object_id,
            kind,
        )
        if row is None:
            status = 404 if param is None else 400
            raise no_such(NOUNS.get(kind, kind), object_id, param or "id", status)
        found: Json = json.loads(row["body"])
        return found

    def mark_deleted(self, body: Json) -> None:
        """Take an object out of lists; its id stays known with the given last state."""
        self.save(body)
        self.store.execute(
            "update objects set deleted = 1 where account = ? and id = ?", self.account, body["id"]
        )

    def private(self, object_id: str) -> Json:
        """Return what the sandbox knows about an object and the API does not show."""
        row = self.store.row(
            "select private from objects where account = ? and id = ?", self.account, object_id
        )
        found: Json = json.loads(row["private"]) if row else {}
        return found

    def note(self, object_id: str, **private: Any) -> None:
        """Add to an object's private notes."""
        self.store.execute(
            "update objects set private = ? where account = ? and id = ?",
            json.dumps({**self.private(object_id), **private}),
            self.account,
            object_id,
        )

    def where(self, kind: str, **fields: Any) -> list[Json]:
        """Return the live objects of a kind with these field values, oldest first."""
        tests = "".join(f" and json_extract(body, '$.{name}') is ?" for name in fields)
        rows = self.store.rows(
            f"select body from objects where account = ? and kind = '{kind}' and not deleted"
            f"{tests} order by seq",
            self.account,
            *fields.values(),
        )
        return [json.loads(row["body"]) for row in rows]

    def later(self, due: float, action: str, object_id: str) -> None:
        """Have a timer action run for an object once the clock reaches ``due``."""
        self.store.execute(
            "insert into timers (due, account, action, object_id) values (?, ?, ?, ?)",
            due,
            self.account,
            action,
            object_id,
        )
