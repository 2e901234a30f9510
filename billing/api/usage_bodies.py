"""The body of a batch of usage events: bytes as they came, or gzip."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any

from rest_framework.parsers import BaseParser

from billing.operations.usage import (
    BatchTooLong,
    BatchUnreadable,
    Columns,
    Refused,
    Sent,
    read_batch,
)
from core.api.parsers import read_at_most, too_large
from core.api.problems import FieldError, Problem

MOST_BYTES = 4 * 1024 * 1024
# zlib's word for "gzip, and no other format".
_GZIP = 16 + zlib.MAX_WBITS


class UsageEventsParser(BaseParser):
    """Reads a batch so that one bad event does not spoil it: strictness is for each event alone."""

    media_type = "application/json"

    def parse(  # type: ignore[override]  # many, where others have a mapping
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> list[Sent | Refused] | Columns:
        """Return the events; raises a Problem: 400, 413 or 415."""
        body = read_at_most(stream, MOST_BYTES)
        request = (parser_context or {})["request"]
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
        try:
            return read_batch(_plain(body, encoding))
        except BatchUnreadable as error:
            raise unreadable(str(error)) from None
        except BatchTooLong as error:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many_events", str(error)
            ) from None


def unreadable(words: str) -> Problem:
    """Return the 400 about a body of which no event can be told from another."""
    wrong = FieldError(words, code="malformed_body", pointer="#")
    return Problem(HTTPStatus.BAD_REQUEST, "malformed_body", words, errors=[wrong])


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding in ("identity", ""):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Send the body as it is, or as `Content-Encoding: gzip`.",
        )
    packed = zlib.decompressobj(_GZIP)
    try:
        plain = packed.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise BatchUnreadable(f"This is not gzip: {error}.") from None
    if len(plain) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    if not packed.eof or packed.unused_data:
        raise BatchUnreadable("This is not one whole gzip stream.")
    return plain
