"""What a link offers beyond one fixed amount: bounds, items, parts, questions, terms.

These lie together in two columns of the link, since they are read and written together and no
statement looks into them; the attributes here give each its name back.
"""

from __future__ import annotations

from typing import Any, Generic, TypedDict, TypeVar, overload

from django.db import models

Value = TypeVar("Value")


class LineItem(TypedDict):
    """One line: `quantity` is what is proposed; bounds are None unless the customer may change it.

    `unit_amount_minor` is in minor units of the link's currency.
    """

    name: str
    unit_amount_minor: int
    quantity: int
    min_quantity: int | None
    max_quantity: int | None


class CustomField(TypedDict):
    """One question to the customer; `type` is text, number or dropdown."""

    key: str
    label: str
    type: str
    is_required: bool
    options: list[str]


class Kept(Generic[Value]):
    """An attribute whose value lies in a JSON column under the attribute's own name."""

    def __init__(self, column: str, default: Value) -> None:
        self._column = column
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, row: None, owner: type) -> Kept[Value]: ...
    @overload
    def __get__(self, row: models.Model, owner: type) -> Value: ...
    def __get__(self, row: models.Model | None, owner: type) -> Value | Kept[Value]:
        if row is None:
            return self
        kept: Value = (getattr(row, self._column) or {}).get(self._name, self._default)
        return kept

    def __set__(self, row: models.Model, value: Value) -> None:
        kept: dict[str, Any] = dict(getattr(row, self._column) or {})
        if value == self._default:
            kept.pop(self._name, None)
        else:
            kept[self._name] = value
        setattr(row, self._column, kept)
