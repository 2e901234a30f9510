"""Files as answers, for people and programs to keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "pdf": "application/pdf",
    "zip": "application/zip",
}


def file_answer(data: bytes, name: str) -> HttpResponse:
    """Return a file to be kept under a name, whose ending tells its type; it lies in no cache."""
    return HttpResponse(data, **_told(name))


def streamed_file(pieces: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """Return the same for a file that is made while it is sent."""
    return StreamingHttpResponse(pieces, **_told(name))


def _told(name: str) -> dict[str, Any]:
    plain = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)
    return {
        "content_type": _TYPES[name.rpartition(".")[2]],
        "headers": {
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=plain),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    }
