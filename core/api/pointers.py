"""From the validation errors of Django and REST framework to JSON pointers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

# What goes to FieldError: detail, code, pointer.
Found = tuple[str, str, str]

# What may stand in the fragment of a URI as it is (RFC 3986, section 3.5).
_PLAIN = "!$&'()*+,;=:@-._~"
_OF_THE_WHOLE = {NON_FIELD_ERRORS, "non_field_errors"}


def step(pointer: str, name: object) -> str:
    """Return the pointer one name or index deeper, escaped as RFC 6901 says (sections 3 and 6)."""
    if name in _OF_THE_WHOLE:
        return pointer
    escaped = str(name).replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{quote(escaped, safe=_PLAIN, errors='replace')}"


def of_rest(detail: Any, pointer: str = "#") -> Iterator[Found]:
    """Yield each mistake of a REST framework ValidationError's `detail`, however deep."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from of_rest(inner, step(pointer, name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            # A list holds either the messages of one place or one entry for each row.
            is_row = isinstance(inner, dict | list)
            yield from of_rest(inner, step(pointer, index) if is_row else pointer)
    else:
        yield str(detail), str(getattr(detail, "code", "invalid")), pointer


def of_django(error: ValidationError) -> Iterator[Found]:
    """Yield each mistake of a model's or a form's ValidationError."""
    fields = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: [error]}
    for name, errors in fields.items():
        for single in errors:
            for message in single.messages:
                yield message, str(single.code or "invalid"), step("#", name)
