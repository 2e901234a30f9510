"""Files as answers."""

from __future__ import annotations

from django.http import HttpResponse

_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


def file_answer(data: bytes, name: str) -> HttpResponse:
    """Return a file to be kept under a name; it lies in no cache."""
    plain = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)
    return HttpResponse(
        data,
        content_type=_TYPES[name.rpartition(".")[2]],
        headers={
            "Content-Disposition": f'attachment; filename="{plain}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
