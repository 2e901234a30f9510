"""Input that breaks a rule: which field, and what to do, in words for whoever typed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrongField:
    """What is wrong with one field."""

    field: str
    code: str
    detail: str


class FieldsInvalid(Exception):
    """What was asked for breaks a rule; nothing was stored. `errors` names each field."""

    def __init__(self, *errors: WrongField) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors


def wrong_texts(
    texts: dict[str, str], longest: dict[str, int], *, multiline: frozenset[str] = frozenset()
) -> Iterator[WrongField]:
    """Yield what is wrong with texts: too long for `longest`, or control characters in them."""
    for field, text in texts.items():
        if field in longest and len(text) > longest[field]:
            yield WrongField(field, "too_long", f"At most {longest[field]} characters.")
        allowed = "\n\r\t" if field in multiline else ""
        if any((sign < " " or "\x7f" <= sign <= "\x9f") and sign not in allowed for sign in text):
            yield WrongField(field, "control_character", "Control characters are no text.")
