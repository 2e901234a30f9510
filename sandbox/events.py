"""Events: a snapshot of what changed, and the webhooks that carry it."""

import json

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.spec.document import API_VERSION
from sandbox.spec.objects import build


def listens(endpoint: Json, kind: str) -> bool:
    """Say whether an endpoint takes events of this type."""
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or kind in wanted)


def endpoints(books: Books, kind: str) -> list[tuple[str, str]]:
    """Return (owner account, endpoint id): the account's own, and its platform's Connect ones."""
    row = books.store.row("select platform from accounts where id = ?", books.account)
    platform = row["platform"] if row else None
    rows = books.store.rows(
        "select account, body, private from objects where kind = 'webhook_endpoint' "
        "and not deleted and account in (?, ?) order by seq",
        books.account,
        platform,
    )
    found = []
    for row in rows:
        body, connect = json.loads(row["body"]), json.loads(row["private"]).get("connect", False)
        if connect == (row["account"] != books.account) and listens(body, kind):
            found.append((row["account"], body["id"]))
    return found


def enqueue(books: Books, event: Json, owner: str, endpoint: str) -> None:
    """Queue one delivery of an event to one endpoint, due at once."""
    books.store.execute(
        "insert into deliveries (account, event, event_account, event_type, endpoint, status, due)"
        " values (?, ?, ?, ?, ?, 'new', ?)",
        owner,
        event["id"],
        books.account,
        event["type"],
        endpoint,
        books.now,
    )


def record(books: Books, kind: str, body: Json, previous: Json | None = None) -> Json:
    """Write an event with a snapshot of the object and queue its webhooks. Returns the event.

    ``previous`` holds the old values of the changed fields, for ``*.updated`` events.
    """
    data: Json = {"object": body}
    if previous is not None:
        data["previous_attributes"] = previous
    targets = endpoints(books, kind)
    event = build(
        "event",
        id=ids.new("evt"),
        api_version=API_VERSION,
        created=books.now,
        data=data,
        pending_webhooks=len(targets),
        request={
            "id": books.origin.request_id,
            "idempotency_key": books.origin.idempotency_key,
        },
        type=kind,
    )
    if any(owner != books.account for owner, _ in targets):
        event["account"] = books.account
    books.add(event)
    for owner, endpoint in targets:
        enqueue(books, event, owner, endpoint)
    return event


def record_update(books: Books, kind: str, before: Json, after: Json) -> Json:
    """Save an object and write its ``*.updated`` event with the old values of what changed."""
    previous = {name: before.get(name) for name in after if after[name] != before.get(name)}
    books.save(after)
    if previous:
        record(books, kind, after, previous)
    return after
