"""Only JSON that every reader reads alike gets in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.api.parsers import parse
from core.api.problems import Problem


def refusal(raw: bytes) -> list[dict[str, str]]:
    with pytest.raises(Problem) as caught:
        parse(raw)
    assert caught.value.status_code == 400
    return [error.as_json() for error in caught.value.errors]


def test_parse_reads_plain_json() -> None:
    assert parse('{"a": [1, -2, true, null, "caf\u00e9\\n", {"b": "x\\ty"}]}'.encode()) == {
        "a": [1, -2, True, None, "caf\u00e9\n", {"b": "x\ty"}]
    }


def test_parse_keeps_fractions_exact() -> None:
    found = parse(b'{"a": 0.1000, "b": 12345678901234567890.123456789}')

    assert (str(found["a"]), found["b"]) == ("0.1000", Decimal("12345678901234567890.123456789"))


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (b'{"a": 1, "a": 1}', "#/a", "duplicate_name"),
        (b'{"a": {"b": [0, {"c": 1, "c": 2}]}}', "#/a/b/1/c", "duplicate_name"),
        (b'{"a/b~": {"x": 1, "x": 2}}', "#/a~1b~0/x", "duplicate_name"),
        (b'{"a": "\\u0000"}', "#/a", "control_character"),
        (b'{"a": ["x", "\\u001b[0m"]}', "#/a/1", "control_character"),
        (b'{"a": "\\u007f"}', "#/a", "control_character"),
        (b'{"a": "\\u0085"}', "#/a", "control_character"),
        (b'{"\\u0000": 1}', "#", "control_character"),
        (b'{"a": "\\ud800"}', "#/a", "lone_surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "#/a", "lone_surrogate"),
        (b"[" * 22 + b"]" * 22, "#" + "/0" * 21, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "#", "malformed_body"),
        (b'{"a": NaN}', "#", "malformed_body"),
        (b'{"a": Infinity}', "#", "malformed_body"),
        (b'{"a": -Infinity}', "#", "malformed_body"),
        (b'{"a": 1e999999999}', "#", "malformed_body"),
        (b'{"a": 1e-999999999}', "#", "malformed_body"),
        (b'{"a": 1e99999999999999999999}', "#", "malformed_body"),
        (b'{"a": ' + b"9" * 5000 + b"}", "#", "malformed_body"),
        (b'{"a": 0.' + b"9" * 5000 + b"}", "#", "malformed_body"),
        (b'{"a": "\xff"}', "#", "malformed_body"),
        (b"\xef\xbb\xbf{}", "#", "malformed_body"),
        ('{"a": 1}'.encode("utf-16"), "#", "malformed_body"),
        (b'{"a": "\n"}', "#", "malformed_body"),
        (b'{"a": 1,}', "#", "malformed_body"),
        (b"{'a': 1}", "#", "malformed_body"),
        (b'{"a": 01}', "#", "malformed_body"),
        (b'{"a": 1} {"b": 2}', "#", "malformed_body"),
        (b"", "#", "malformed_body"),
    ],
)
def test_parse_refuses_and_points(raw: bytes, pointer: str, code: str) -> None:
    found = refusal(raw)

    assert [(error["pointer"], error["code"]) for error in found] == [(pointer, code)]


def test_pair_of_surrogates_is_a_character() -> None:
    assert parse(b'{"a": "\\ud83c\\udf7a"}') == {"a": "\U0001f37a"}


@given(st.binary(max_size=200))
def test_parse_never_breaks_on_bytes(raw: bytes) -> None:
    try:
        parse(raw)
    except Problem as problem:
        assert problem.status_code == 400  # noqa: PT017 - either way out is right


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text(st.characters(exclude_categories=["Cc", "Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cc", "Cs"])), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(_json)
def test_parse_takes_all_clean_json(value: Any) -> None:
    import json

    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("raw", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_body_must_be_an_object(api: Client, raw: bytes) -> None:
    response = api.post("/api/echo/", raw, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


def test_body_over_the_limit_of_its_view_is_413(api: Client) -> None:
    right = b'{"a": "' + b"x" * 1991 + b'"}'
    wrong = b'{"a": "' + b"x" * 1992 + b'"}'

    answers = [
        api.post("/api/echo/", raw, content_type="application/json").status_code
        for raw in (right, wrong)
    ]

    assert (len(right), answers) == (2000, [200, 413])


def test_body_with_a_charset_named_is_read(api: Client) -> None:
    response = api.post("/api/echo/", b'{"a": 1}', content_type="Application/JSON; charset=UTF-8")

    assert response.status_code == 200


def test_surrogate_in_a_name_is_told_without_repeating_it(api: Client) -> None:
    response = api.post("/api/echo/", b'{"\\ud800": {"x": 1, "x": 2}}', "application/json")

    assert response.status_code == 400
