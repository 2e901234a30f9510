"""ETags: nobody overwrites what they have not seen."""

from __future__ import annotations

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from core.api.problems import Problem
from core.api.versions import check_match, etag, respond


class Row:
    """What has a version."""

    version = 3


def asked(method: str, **headers: str) -> Request:
    return Request(getattr(APIRequestFactory(), method)("/", headers=headers))


def test_etag_is_strong_and_quoted() -> None:
    assert etag(Row()) == '"v3"'


@pytest.mark.parametrize(
    "header", ["*", '"v3"', ' "v3" ', '"v2", "v3"', '"a,b","v3"', 'W/"v1", "v3"']
)
def test_matching_version_passes(header: str) -> None:
    check_match(asked("patch", **{"If-Match": header}), Row())


def test_missing_header_passes() -> None:
    check_match(asked("patch"), Row())


@pytest.mark.parametrize("header", ['"v2"', 'W/"v3"', '""', '"v2", "v4"'])
def test_other_version_is_412(header: str) -> None:
    with pytest.raises(Problem) as caught:
        check_match(asked("patch", **{"If-Match": header}), Row())

    assert (caught.value.status_code, caught.value.headers) == (412, {"ETag": '"v3"'})


@pytest.mark.parametrize("header", ["v3", "3", '"v3', '"v3" "v4"', '"v3",', "", 'w/"v3"', "**"])
def test_malformed_header_is_400(header: str) -> None:
    with pytest.raises(Problem) as caught:
        check_match(asked("patch", **{"If-Match": header}), Row())

    assert caught.value.status_code == 400
    assert [error.header for error in caught.value.errors] == ["If-Match"]


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [
        ("get", '"v3"', 304),
        ("get", 'W/"v3"', 304),
        ("get", "*", 304),
        ("get", '"v2"', 200),
        ("patch", '"v3"', 200),
    ],
)
def test_known_version_is_not_sent_again(method: str, header: str, status: int) -> None:
    response = respond(asked(method, **{"If-None-Match": header}), Row(), {"a": 1})

    assert (response.status_code, response["ETag"]) == (status, '"v3"')
