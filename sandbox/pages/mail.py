"""The mailbox of everybody: letters that were sent in the demo, to be read by whoever tries it."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from markupsafe import Markup, escape
from werkzeug.wrappers import Request, Response

from sandbox.pages import html
from sandbox.pages.dashboard import table, when
from sandbox.state import Sandbox

PREFIX = "/mail"
SHOWN = 100
KEPT = 1000
# Addresses that behave in a certain way, as some of Stripe's test cards do.
REFUSED, LATER = "refused@", "later@"
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def answer(sandbox: Sandbox, request: Request) -> Response:
    """Take a letter in by POST; show the list, or one letter by its number."""
    name = request.path.removeprefix(PREFIX).strip("/")
    if request.method == "POST" and not name:
        return _take(sandbox, request)
    if request.method not in ("GET", "HEAD"):
        return html.message("Not allowed", "Letters are read by GET and brought by POST.", 405)
    return _letter(sandbox, name) if name else _list(sandbox)


def _parsed(body: bytes) -> EmailMessage:
    return message_from_bytes(body, policy=policy.default)


def _take(sandbox: Sandbox, request: Request) -> Response:
    """Store a message; one that came before, by its Message-ID, is not stored twice."""
    body = request.get_data()
    found = _parsed(body)
    to = str(found["To"] or "")
    if not to or to.startswith(REFUSED):
        return Response("550 no such mailbox\n", 422, mimetype="text/plain")
    if to.startswith(LATER):
        return Response("451 try again later\n", 503, mimetype="text/plain")
    message_id = str(found["Message-ID"] or "")
    with sandbox.store.transaction():
        known = sandbox.store.rows("select id from mails where message_id = ?", message_id)
        if not known or not message_id:
            sandbox.store.execute(
                "insert into mails (at, message_id, body) values (?, ?, ?)",
                sandbox.clock.now(),
                message_id,
                body,
            )
            sandbox.store.execute(
                "delete from mails where id <= (select max(id) from mails) - ?", KEPT
            )
    return Response("250 taken\n", 200, mimetype="text/plain")


def _list(sandbox: Sandbox) -> Response:
    rows: list[tuple[object, ...]] = []
    for row in sandbox.store.rows("select * from mails order by id desc limit ?", SHOWN):
        found = _parsed(row["body"])
        subject = Markup('<a href="/mail/{}">{}</a>').format(
            row["id"], found["Subject"] or "(no subject)"
        )
        rows.append((when(row["at"]), found["To"], subject, found["From"]))
    head = ("Sent", "To", "Subject", "From")
    tables = table("mails", "E-mails", head, rows)
    return html.page("E-mails", html.fill("mails", tables=tables))


def _letter(sandbox: Sandbox, name: str) -> Response:
    is_number = name.isascii() and name.isdigit() and len(name) < 16
    rows = sandbox.store.rows("select * from mails where id = ?", int(name)) if is_number else []
    if not rows:
        return html.message("Not found", "There is no such letter.", 404)
    found = _parsed(rows[0]["body"])
    part = found.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    body = html.fill(
        "mail",
        subject=found["Subject"] or "(no subject)",
        to=found["To"],
        sender=found["From"],
        at=when(rows[0]["at"]),
        text=_linked(str(text)),
    )
    return html.page("E-mail", body)


def _linked(text: str) -> Markup:
    """Return a plain text with its addresses as links."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [escape(text[end : match.start()])]
        parts += [Markup('<a href="{0}">{0}</a>').format(match[0])]
        end = match.end()
    return html.join([*parts, escape(text[end:])])
