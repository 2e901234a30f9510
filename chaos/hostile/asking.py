"""One question over HTTP as it is, without what a polite client would mend, and its judgement."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chaos.hostile.neighbour import Neighbour, seen_in

TIMEOUT = 60.0
SHOWN = 300
# This page says that a link is of no use, whatever key is in it.
SAME_FOR_ALL = "/accounts/password/reset/key/"


@dataclass(frozen=True)
class Question:
    """One request. `number` and the seed say how to ask it again."""

    number: int
    label: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def sent(self) -> bytes:
        """All that the server learned from the question."""
        return "\n".join([self.target, *self.headers.values()]).encode() + (self.body or b"")


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer."""

    question: Question
    status: int
    words: str

    def __str__(self) -> str:
        asked = self.question
        body = repr((asked.body or b"")[:SHOWN])
        odd = {name: value[:80] for name, value in asked.headers.items() if name != "Cookie"}
        return (
            f"#{asked.number} {asked.method} {asked.target[:SHOWN]} {body} {odd}\n    {self.words}"
        )


class Asker:
    """Asks one web server; each thread keeps a connection of its own."""

    def __init__(self, web: str) -> None:
        self._place = urlsplit(web).netloc
        self._local = threading.local()

    def ask(self, question: Question) -> Answer:
        """Send it; a connection that the server has closed is opened once more."""
        for is_last in (False, True):
            try:
                return self._ask(question)
            except (OSError, http.client.HTTPException):
                self._local.connection = None
                if is_last:
                    return Answer(0, {}, b"")
        raise AssertionError

    def _ask(self, question: Question) -> Answer:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._place, timeout=TIMEOUT)
            self._local.connection = connection
        names = {name.lower() for name in question.headers}
        connection.putrequest(
            question.method, question.target, skip_host="host" in names,
            skip_accept_encoding=True,
        )  # fmt: skip
        for name, value in question.headers.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        if question.body is not None:
            connection.putheader("Content-Length", str(len(question.body)))
        connection.endheaders(question.body)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())


def judge(question: Question, answer: Answer, neighbour: Neighbour) -> Finding | None:
    """Return what is wrong with an answer, if anything is."""
    if answer.status == 0:
        return Finding(question, 0, "no answer")
    if answer.status >= 500 and answer.status != http.client.SERVICE_UNAVAILABLE:
        told = answer.body[:SHOWN].decode(errors="replace")
        return Finding(question, answer.status, f"{answer.status} {told}")
    told = "\n".join(answer.headers.values()).encode() + answer.body
    seen = seen_in(told, question.sent, neighbour)
    if seen:
        return Finding(question, answer.status, f"{answer.status}, tells of another: {seen[:3]}")
    path = urlsplit(question.target).path
    if path.startswith(SAME_FOR_ALL):
        return None
    if answer.status < 300 and any(one in path for one in neighbour.ids):
        return Finding(question, answer.status, f"{answer.status} for a foreign row in the address")
    return None
