"""Odd values in every place of the four endpoints: refused or taken, never an error of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Subscription
from tests.stripe import Sandbox
from tests.subscriptions.programs import Program, program

pytestmark = pytest.mark.django_db

ODD: list[Any] = [
    None, True, False, 0, -1, 1.0, 1.5, 2**31, 2**63, 10**400, 1e308, "", " ", "\0", "a\0b",
    "\ud800", "\udfff\ud800", "\u202e", "é" * 37, "x" * 10_000, "7", "true", "null", "1e9", [],
    [1], [[]], {}, {"a": 1}, "0000-01-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999",
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2019-02-18T12:25:56.563000",
    "2026-02-30T00:00:00", "10000-01-01T00:00:00", "infinity", "now", "2026-W01-1T00", "T",
    10**9, "'; DROP TABLE core_tenant; --", "%00", "../..", "{}", "NaN",
]  # fmt: skip
RAW = [
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff\xfe", b"NaN", b'{"customer_id": NaN}',
    b'{"status_id": 1, "status_id": 2}', b'{"customer_id": "\\ud800"}', b"[" * 5000,
    b'{"a":' * 2000, b'{"status_id": 1e400}', b'{"status_id": 1' + b"0" * 5000 + b"}",
    b'{"customer_id": "\\u0000"}', b"\0", "{\"customer_id\": \"é\"}".encode("utf-16"),
]  # fmt: skip


@pytest.fixture
def api(tenant: Tenant, join: Any, sandbox: Sandbox, settings: Any) -> Program:
    """A program of a tenant with an active club and a member."""
    settings.SHOP_URL = f"{sandbox.base}/shop"
    join()
    return program(tenant)


def fits(answer: Any) -> bool:
    """Tell whether an answer is none of ours failing, and a refusal says why as it should."""
    if answer.status_code < 400:
        return True
    kind = answer["Content-Type"].partition(";")[0]
    return answer.status_code < 500 and kind == "application/problem+json"


def sent(value: Any) -> bytes:
    """Return JSON with half characters as they are escaped."""
    return json.dumps(value).encode()


@pytest.mark.parametrize("field", ["status_id", "effect_date", "details", "interval", "other"])
def test_odd_values_of_a_status_command(field: str, api: Program, club: Club) -> None:
    path = f"/api/subscription/{reference(club)}/status/"
    odd = [{"status_id": 3, field: value} for value in ODD]

    answers = [api.call("POST", path, sent(body)) for body in odd]

    assert [(b, a.status_code) for b, a in zip(odd, answers, strict=True) if not fits(a)] == []


@pytest.mark.parametrize("value", [0, -1, 10**9, True, "7", 1.5, 3651, 10**400, [], {}])
def test_interval_is_whole_days_that_a_person_could_mean(
    value: Any, api: Program, club: Club
) -> None:
    body = sent({"status_id": 3, "interval": value})

    answer = api.call("POST", f"/subscription/{reference(club)}/status/", body)

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == ["#/interval"]


def test_odd_customers(api: Program, club: Club) -> None:
    odd = [{"customer_id": value} for value in ODD]

    answers = [api.call("POST", "/club/1/subscribe/", sent(body)) for body in odd]

    assert [(b, a.status_code) for b, a in zip(odd, answers, strict=True) if not fits(a)] == []


@pytest.mark.parametrize("path", ["/club/1/subscribe/", "/subscription/x/status/",
                                  "/subscription/x/charge/y/"])  # fmt: skip
def test_odd_bodies(path: str, api: Program) -> None:
    answers = [api.call("POST", path, raw) for raw in RAW]

    assert [(r, a.status_code) for r, a in zip(RAW, answers, strict=True) if not fits(a)] == []


@pytest.mark.parametrize(
    "path",
    [
        "/club/{}/subscribe/",
        "/subscription/{}/status/",
        "/subscription/{}/charge/r/",
        "/subscription/x/charge/{}/",
    ],
)
def test_odd_paths(path: str, api: Program) -> None:
    texts = [str(v).encode(errors="surrogatepass") for v in ODD if str(v).strip("./")]
    odd = [quote(text[:3000], safe="") for text in [*texts, b"\xff", b"\xed\xa0\x80", b"a/b"]]

    answers = [api.call("POST", path.format(one), {"status_id": 1}) for one in odd]

    assert [(o, a.status_code) for o, a in zip(odd, answers, strict=True) if is_ours(a)] == []


@pytest.mark.parametrize("name", ["on", "club", "explain", "other", "\0", "on\0"])
def test_odd_parameters_of_the_list(name: str, api: Program) -> None:
    texts = [str(v).encode(errors="surrogatepass")[:3000] for v in ODD]
    odd = [f"?{quote(name)}={quote(text)}" for text in texts]

    answers = [api.call("GET", f"/api/subscription/eligible/{one}") for one in odd]

    assert [(o, a.status_code) for o, a in zip(odd, answers, strict=True) if not fits(a)] == []


def is_ours(answer: Any) -> bool:
    """Tell whether an answer is an error of ours."""
    return bool(answer.status_code >= 500)


def reference(club: Club) -> str:
    """Return the id of the club's member."""
    with scope(club.tenant_id):
        return Subscription.objects.get().reference
