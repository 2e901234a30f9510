"""ETags of rows that people edit: nobody overwrites what they have not seen.

A row's ETag is its version, `"v3"`. `If-Match` is optional on changes: with it, a row changed
meanwhile answers 412; without it, the last one wins. `If-None-Match` saves the body of a GET.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid
from core.models import EditableRow

# RFC 9110, section 8.8.3.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")


def etag(row: EditableRow) -> str:
    """Return the strong ETag of a row."""
    return f'"v{row.version}"'


def check_match(request: Request, row: EditableRow) -> None:
    """Raise a Problem unless `If-Match` is absent, `*` or names the row's version.

    412 for another version, 400 for a header that cannot be read. Call it with the row locked
    (`select_for_update`), else another change may come between the look and the write.
    """
    header = request.META.get("HTTP_IF_MATCH")
    if header is None or _names(header, etag(row), "If-Match", is_weak_enough=False):
        return
    raise Problem(
        HTTPStatus.PRECONDITION_FAILED,
        "changed_meanwhile",
        f"Somebody changed this since you read it: it is {etag(row)} now. "
        "Nothing was written. Read it again, then repeat your change.",
        headers={"ETag": etag(row)},
    )


def respond(request: Request, row: EditableRow, data: object, status: int = 200) -> Response:
    """Return `data` with the row's ETag, or 304 for a GET whose caller has this version."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    is_read = request.method in {"GET", "HEAD"}
    if is_read and header and _names(header, etag(row), "If-None-Match", is_weak_enough=True):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag(row)})
    return Response(data, status=status, headers={"ETag": etag(row)})


def _names(header: str, tag: str, name: str, *, is_weak_enough: bool) -> bool:
    """Return whether a list of ETags holds `tag`; a weak one matches only where that is enough."""
    if header.strip() == "*":
        return True
    if not _TAGS.fullmatch(header):
        raise invalid(
            FieldError(
                f'{name} holds ETags such as "v3", in quotes, or *.',
                code="malformed_etag",
                header=name,
            )
        )
    given = re.findall(_TAG, header)
    return tag in given or (is_weak_enough and f"W/{tag}" in given)
