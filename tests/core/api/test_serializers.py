"""Serializers take what they describe and nothing that resembles it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.api.pointers import of_rest
from tests.core.api.endpoints import Strict


def mistakes(body: dict[str, Any]) -> list[tuple[str, str]]:
    serializer = Strict(data=body)
    assert not serializer.is_valid()
    return [(pointer, code) for _, code, pointer in of_rest(serializer.errors)]


def test_right_values_arrive_typed() -> None:
    body = {
        "name": "  Bar ",
        "note": "one\ntwo\tthree",
        "count": 3,
        "is_on": False,
        "rate": Decimal("0.1250"),
        "at": "2025-01-31T12:00:00+01:00",
        "on": "2025-01-31",
        "kind": "a",
        "numbers": [1, 2],
        "labels": {"x": "y"},
        "lines": [{"amount": 5}],
    }

    serializer = Strict(data=body)

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {
        **body,
        "name": "Bar",
        "at": datetime(2025, 1, 31, 11, tzinfo=UTC),
        "on": date(2025, 1, 31),
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"count": "12"}, ("#/count", "wrong_type")),
        ({"count": 12.0}, ("#/count", "wrong_type")),
        ({"count": Decimal("12.0")}, ("#/count", "wrong_type")),
        ({"count": True}, ("#/count", "wrong_type")),
        ({"count": [1]}, ("#/count", "wrong_type")),
        ({"count": 1001}, ("#/count", "max_value")),
        ({"count": None}, ("#/count", "null")),
        ({"is_on": "true"}, ("#/is_on", "wrong_type")),
        ({"is_on": 1}, ("#/is_on", "wrong_type")),
        ({"name": 12}, ("#/name", "wrong_type")),
        ({"name": True}, ("#/name", "wrong_type")),
        ({"name": ["x"]}, ("#/name", "wrong_type")),
        ({"name": "   "}, ("#/name", "blank")),
        ({"name": "a\nb"}, ("#/name", "control_character")),
        ({"name": "a\tb"}, ("#/name", "control_character")),
        ({"name": "x" * 11}, ("#/name", "max_length")),
        ({"note": "a\x00b"}, ("#/note", "control_character")),
        ({"rate": True}, ("#/rate", "wrong_type")),
        ({"rate": "1_0"}, ("#/rate", "wrong_type")),
        ({"rate": "\u0661"}, ("#/rate", "wrong_type")),
        ({"rate": "NaN"}, ("#/rate", "invalid")),
        ({"rate": Decimal("1E+50")}, ("#/rate", "max_digits")),
        ({"at": "2025-01-31T12:00:00"}, ("#/at", "zone_missing")),
        ({"at": "2025-01-31"}, ("#/at", "zone_missing")),
        ({"at": "2025-02-30T12:00:00Z"}, ("#/at", "invalid")),
        ({"at": "2025-01-31T25:00:00Z"}, ("#/at", "invalid")),
        ({"at": "2025-01-31T12:00:00+99:00"}, ("#/at", "invalid")),
        ({"at": "0001-01-01T00:00:00+14:00"}, ("#/at", "overflow")),
        ({"at": 1738324800}, ("#/at", "wrong_type")),
        ({"on": "20250131"}, ("#/on", "invalid")),
        ({"on": "2025-W05-5"}, ("#/on", "invalid")),
        ({"on": "2025-02-30"}, ("#/on", "invalid")),
        ({"id": 5}, ("#/id", "wrong_type")),
        ({"kind": "c"}, ("#/kind", "invalid_choice")),
        ({"kind": {"a": 1}}, ("#/kind", "wrong_type")),
        ({"kind": ["a"]}, ("#/kind", "wrong_type")),
        ({"numbers": [1, "2", 3]}, ("#/numbers/1", "wrong_type")),
        ({"numbers": "12"}, ("#/numbers", "not_a_list")),
        ({"labels": {"a": 1}}, ("#/labels/a", "wrong_type")),
        ({"lines": [{"amount": 1}, {"amount": "2"}]}, ("#/lines/1/amount", "wrong_type")),
        ({"lines": [{}]}, ("#/lines/0/amount", "required")),
        ({"lines": [{"amount": 1, "x": 2}]}, ("#/lines/0/x", "unknown_field")),
        ({"lines": {"amount": 1}}, ("#/lines", "not_a_list")),
        ({"lines": [5]}, ("#/lines/0", "invalid")),
        ({"nmae": "x"}, ("#/nmae", "unknown_field")),
        ({"made_at": "2025-01-31T12:00:00Z"}, ("#/made_at", "read_only")),
    ],
)
def test_wrong_values_are_told_in_their_place(
    body: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert mistakes(body) == [expected]


def test_all_mistakes_are_told_in_the_order_of_the_body() -> None:
    body = {"zzz": 1, "name": 5, "lines": [{"amount": -1}], "count": "1"}

    assert mistakes(body) == [
        ("#/zzz", "unknown_field"),
        ("#/name", "wrong_type"),
        ("#/lines/0/amount", "min_value"),
        ("#/count", "wrong_type"),
    ]
