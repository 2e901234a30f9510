"""Count what one request asks of PostgreSQL, by the server's own log."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.load import Request, is_whole, writer

_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): +(.*)")
# The bounds of a transaction, and Django's look at a kept connection before its first use.
_AROUND = {"BEGIN", "COMMIT", "ROLLBACK", "SELECT 1"}
_TRIES = 5
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of one request, and what stands around them."""

    queries: tuple[str, ...]
    around: tuple[str, ...]


def sort_out(log: str) -> Statements:
    """Read the statements out of a piece of PostgreSQL's log."""
    found = [text.strip() for text in _STATEMENT.findall(log)]
    return Statements(
        queries=tuple(text for text in found if text not in _AROUND),
        around=tuple(text for text in found if text in _AROUND),
    )


def statements_of(
    request: Request, *, superuser_url: str, log: Path, host: str, port: int
) -> Statements:
    """Return what the running server asks for one request.

    The fewest of some tries, and of these one on a kept connection: a thread may have none yet.
    """
    with logging_all(superuser_url) as superuser:
        seen = []
        for number in range(_TRIES):
            start = log.stat().st_size
            ask(request, host, port)
            _flush(superuser, log, f"benchmark mark {number}")
            seen.append(sort_out(log.read_bytes()[start:].decode(errors="replace")))
    return min(seen, key=lambda one: (len(one.queries), -len(one.around)))


@contextmanager
def logging_all(superuser_url: str) -> Iterator[psycopg.Connection]:
    """Let PostgreSQL write down every statement of the serving role, also on open connections."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("SET log_statement = 'none'")
        superuser.execute("ALTER SYSTEM SET log_statement = 'all'")
        superuser.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)  # each backend reads it between two commands
        try:
            yield superuser
        finally:
            superuser.execute("ALTER SYSTEM RESET log_statement")
            superuser.execute("SELECT pg_reload_conf()")


def _flush(superuser: psycopg.Connection, log: Path, mark: str) -> None:
    """Return once the log holds all that was written before `mark`."""
    superuser.execute(f"DO $$ BEGIN RAISE LOG '{mark}'; END $$")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while mark not in log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{log} is not written")
        time.sleep(0.02)


def ask(request: Request, host: str, port: int) -> bytes:
    """Send one request and return the whole answer."""
    answer = b""
    with socket.create_connection((host, port), timeout=_PATIENCE_SECONDS) as connection:
        connection.sendall(writer(request, host)())
        while not is_whole(answer):
            answer += connection.recv(1 << 16)
    return answer
