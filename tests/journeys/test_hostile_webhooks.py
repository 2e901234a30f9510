"""Whatever is sent to the webhook's address, nothing false is believed and nothing breaks."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from pytest_django.fixtures import Settings

from core.models import Tenant
from core.tenancy import scope
from payments.models import StripeAccount, StripeEvent
from tests.journeys.deliveries import NO_HEADER, Mailbox, body_of, event, mark, signature
from tests.journeys.people import at_once
from tests.stack import Stack
from tests.stripe import open_stripe_account

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]


@pytest.fixture
def mailbox(stack: Stack, account: StripeAccount, settings: Settings) -> Iterator[Mailbox]:
    settings.PUBLIC_URL = stack.url
    yield Mailbox(account.webhook_url, account.webhook_secrets[0])
    stack.wait_quiet()


@pytest.fixture
def stored(superuser_connection: psycopg.Connection) -> Callable[[], int]:
    """Count the events in all inboxes."""

    def count() -> int:
        row = superuser_connection.execute("SELECT count(*) FROM payments_stripeevent").fetchone()
        assert row is not None
        return int(row[0])

    return count


def at(seconds: str) -> Callable[[bytes, str], str]:
    """Sign rightly, but name a time that is none."""
    return lambda body, secret: f"t={seconds},v1={mark(body, secret, int(time.time()))}"


SIGNATURES: dict[str, Callable[[bytes, str], Any]] = {
    "missing": lambda body, secret: NO_HEADER,
    "empty": lambda body, secret: "",
    "garbage": lambda body, secret: "hello, let me in",
    "only commas": lambda body, secret: ",,,=,=,",
    "only the old scheme": lambda body, secret: signature(body, secret).replace("v1", "v0"),
    "wrong secret": lambda body, secret: signature(body, "whsec_wrong"),
    "secret without its prefix": lambda body, secret: signature(body, secret[6:]),
    "of another body": lambda body, secret: signature(body + b" ", secret),
    "cut short": lambda body, secret: signature(body, secret)[:-1],
    "without a mark": lambda body, secret: f"t={int(time.time())},v1=",
    "not ASCII": lambda body, secret: f"t={int(time.time())},v1=\xe9\xff".encode("latin-1"),
    "without a time": lambda body, secret: signature(body, secret).partition(",")[2],
    "time in words": at("now"),
    "time below zero": at("-1"),
    "time without end": at("9" * 5000),
    "time twice": lambda body, secret: f"t=1,{signature(body, secret)}",
    "301 seconds old": lambda body, secret: signature(body, secret, age=301),
    "from the future": lambda body, secret: signature(body, secret, age=-330),
}


@pytest.mark.parametrize("sign", SIGNATURES.values(), ids=SIGNATURES)
def test_bad_signature_is_refused(
    mailbox: Mailbox, stored: Callable[[], int], sign: Callable[[bytes, str], Any]
) -> None:
    body = body_of()

    answer = mailbox.post(body, sign(body, mailbox.secret))

    assert (answer.status_code, answer.json()) == (400, {"error": "bad signature"})
    assert stored() == 0


def holding(**changes: Any) -> bytes:
    """Return an event whose object is changed."""
    thing = {"id": "cus_1", "object": "customer", **changes}
    return body_of(data={"object": {name: value for name, value in thing.items() if value != ...}})


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "truncated": body_of()[:-20],
    "binary": bytes(range(128)),
    "a list": b"[]",
    "a list of events": json.dumps([event()]).encode(),
    "a number": b"7",
    "a text": b'"event"',
    "null": b"null",
    "two documents": body_of() + body_of(),
    "form fields": b"id=evt_1&type=checkout.session.completed",
    "bottomless": b'{"object":"event","data":' + b"[" * 200_000,
    "without id": body_of(id=...),
    "without type": body_of(type=...),
    "without created": body_of(created=...),
    "without data": body_of(data=...),
    "without an object": body_of(data={}),
    "id a number": body_of(id=5),
    "id null": body_of(id=None),
    "id empty": body_of(id=""),
    "type a list": body_of(type=["customer.updated"]),
    "type empty": body_of(type=""),
    "created a text": body_of(created="now"),
    "created true": body_of(created=True),
    "created before time": body_of(created=-(10**15)),
    "created after time": body_of(created=10**15),
    "created endless": body_of(created=10**400),
    "created infinite": body_of(created=float("inf")),
    "created not a number": body_of(created=float("nan")),
    "data a list": body_of(data=[]),
    "data null": body_of(data=None),
    "object a list": body_of(data={"object": []}),
    "object a text": body_of(data={"object": "cus_1"}),
    "NUL in id": body_of(id="evt_\0"),
    "NUL in type": body_of(type="customer.\0"),
    "NUL in the object's id": holding(id="cus_\0"),
    "half a character in id": body_of(id="evt_\ud800"),
    "half a character in the object's id": holding(id="cus_\udfff"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_signed_body_that_is_no_event_is_refused(
    mailbox: Mailbox, stored: Callable[[], int], body: bytes
) -> None:
    answer = mailbox.post(body)

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "not an event of Stripe's, or nested too deeply"},
    )
    assert stored() == 0


@pytest.mark.parametrize(
    "body",
    [b'{"id": "\xff\xfe"}', json.dumps(event()).encode("utf-16"), gzip.compress(body_of())],
    ids=["Latin-1", "UTF-16", "compressed"],
)
def test_signed_body_that_is_no_text_is_refused(
    mailbox: Mailbox, stored: Callable[[], int], body: bytes
) -> None:
    answer = mailbox.post(body)

    assert (answer.status_code, answer.json()) == (400, {"error": "bad signature"})
    assert stored() == 0


NOT_FOR_US: dict[str, tuple[dict[str, Any], str]] = {
    "live mode": ({"livemode": True}, "the other mode"),
    "no mode": ({"livemode": ...}, "the other mode"),
    "mode in words": ({"livemode": "false"}, "the other mode"),
    "another account": ({"account": "acct_somebody_else"}, "another account"),
    "account a list": ({"account": ["acct_1"]}, "another account"),
    "thin": ({"object": "v2.core.event", "data": ...}, "not a snapshot event"),
    "no kind": ({"object": ...}, "not a snapshot event"),
}


@pytest.mark.parametrize(("changes", "reason"), NOT_FOR_US.values(), ids=NOT_FOR_US)
def test_genuine_event_for_somebody_else_is_taken_and_dropped(
    mailbox: Mailbox, stored: Callable[[], int], changes: dict[str, Any], reason: str
) -> None:
    answer = mailbox.post(body_of(**changes))

    assert (answer.status_code, answer.json()) == (200, {"status": "ignored", "reason": reason})
    assert stored() == 0


KEPT: dict[str, tuple[bytes, dict[str, str]]] = {
    "plain": (body_of(), {}),
    "of a type that nobody knows": (body_of(kind="comet.seen"), {}),
    "account null": (body_of(account=None), {}),
    "object without id": (holding(id=...), {}),
    "object with a number for id": (holding(id=7), {}),
    "NUL in a text": (holding(name="Bo\0"), {}),
    "half a character in a text": (holding(name="\ud800"), {}),
    "endless names": (body_of(id="evt_" + "x" * 5000, type="y" * 5000), {}),
    "a number too large for any column": (holding(balance=10**300), {}),
    "repeated keys": (body_of()[:-1] + b',"id":"evt_last"}', {}),
    "blanks around": (b"\n " + body_of() + b" \n", {}),
    "of 1970": (body_of(created=0), {}),
    "almost too large": (holding(description="x" * 999_500), {}),
    "as text": (body_of(), {"Content-Type": "text/plain"}),
    "as a form": (body_of(), {"Content-Type": "application/x-www-form-urlencoded"}),
    "as a form in parts": (body_of(), {"Content-Type": "multipart/form-data; boundary=x"}),
    "as a form without boundary": (body_of(), {"Content-Type": "multipart/form-data"}),
    "as JSON in Latin-1": (body_of(), {"Content-Type": "application/json; charset=latin-1"}),
    "as nothing that exists": (body_of(), {"Content-Type": "\xe9/;;=;charset=no-such"}),
    "from a browser": (body_of(), {"Origin": "https://evil.example", "Cookie": "sessionid=x"}),
}


@pytest.mark.parametrize(("body", "headers"), KEPT.values(), ids=KEPT)
def test_odd_but_genuine_event_is_kept_once(
    mailbox: Mailbox, stored: Callable[[], int], body: bytes, headers: dict[str, str]
) -> None:
    first = mailbox.post(body, **headers)
    second = mailbox.post(body, **headers)

    assert (first.status_code, first.json()["status"]) == (200, "stored")
    assert (second.status_code, second.json()["status"]) == (200, "duplicate")
    assert stored() == 1


@pytest.mark.parametrize("depth", [50, 300, 600, 800, 850, 900, 925, 950, 975, 1000, 5000])
def test_nested_event_is_kept_or_refused(
    mailbox: Mailbox, stored: Callable[[], int], depth: int
) -> None:
    body = holding(nested=0).replace(b'"nested": 0', b'"nested": ' + b"[" * depth + b"]" * depth)

    answer = mailbox.post(body)

    assert (answer.status_code, stored()) in [(200, 1), (400, 0)]


@pytest.mark.parametrize("age", [290, -280])
def test_signature_within_five_minutes_is_believed(mailbox: Mailbox, age: float) -> None:
    body = body_of()

    answer = mailbox.post(body, signature(body, mailbox.secret, age=age))

    assert answer.status_code == 200


def test_both_secrets_are_believed_while_one_is_rolled(
    mailbox: Mailbox, account: StripeAccount, stored: Callable[[], int]
) -> None:
    account.webhook_secrets = ["whsec_new", mailbox.secret]
    with scope(account.tenant_id):
        account.save()
    new, old, both, mixed = body_of(), body_of(), body_of(), body_of()

    answers = [
        mailbox.post(new, signature(new, "whsec_new")),
        mailbox.post(old, signature(old, mailbox.secret)),
        mailbox.post(both, signature(both, "whsec_new", mailbox.secret)),
        mailbox.post(mixed, signature(mixed, "whsec_wrong", mailbox.secret)),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert stored() == 4


def test_account_without_secret_asks_to_come_again(
    mailbox: Mailbox, account: StripeAccount, stored: Callable[[], int]
) -> None:
    account.webhook_secrets = []
    with scope(account.tenant_id):
        account.save()
    body = body_of()

    answers = [mailbox.post(body), mailbox.post(body, signature(body, ""))]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert stored() == 0


def test_secret_of_one_account_opens_no_other(
    mailbox: Mailbox, other_tenant: Tenant, stored: Callable[[], int]
) -> None:
    theirs = open_stripe_account(other_tenant, name="Bitter Brews")
    body = body_of()

    answer = Mailbox(theirs.webhook_url, mailbox.secret).post(body)

    assert answer.status_code == 400
    assert stored() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/stripe/webhook/",
        "/stripe/webhook/1/",
        "/stripe/webhook/%00/",
        "/stripe/webhook/../webhook/",
        f"/stripe/webhook/{uuid.UUID(int=0)}/",
        "/stripe/webhook/00000000-0000-4000-8000-000000000000/",
    ],
)
def test_address_that_nobody_has_is_not_found(
    mailbox: Mailbox, stack: Stack, stored: Callable[[], int], path: str
) -> None:
    answer = Mailbox(stack.url + path, mailbox.secret).post(body_of())

    assert answer.status_code == 404
    assert stored() == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_only_post_delivers(mailbox: Mailbox, stored: Callable[[], int], method: str) -> None:
    body = body_of()
    headers = {"Stripe-Signature": signature(body, mailbox.secret)}

    answer = requests.request(method, mailbox.url, data=body, headers=headers, timeout=30)

    assert answer.status_code == 405
    assert stored() == 0


@pytest.mark.parametrize("size", [1_000_100, 20_000_000])
def test_body_above_one_megabyte_is_refused(
    mailbox: Mailbox, stored: Callable[[], int], size: int
) -> None:
    answer = mailbox.post(holding(description="x" * size))

    assert (answer.status_code, answer.json()) == (413, {"error": "too large"})
    assert stored() == 0


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_body_without_length_is_refused(
    mailbox: Mailbox, stored: Callable[[], int], size: int
) -> None:
    body = holding(description="x" * size)
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    headers = {"Stripe-Signature": signature(body, mailbox.secret)}

    answer = requests.post(mailbox.url, data=pieces, headers=headers, timeout=30)

    assert answer.status_code == 400
    assert stored() == 0


def test_delivery_that_breaks_off_leaves_nothing(
    mailbox: Mailbox, stored: Callable[[], int]
) -> None:
    body, place = body_of(), urlsplit(mailbox.url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    connection.putrequest("POST", place.path)
    connection.putheader("Stripe-Signature", signature(body, mailbox.secret))
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:-2])

    connection.close()

    assert mailbox.post(body_of()).status_code == 200
    assert stored() == 1


def test_event_delivered_twenty_times_at_once_is_kept_once(
    mailbox: Mailbox, stored: Callable[[], int]
) -> None:
    body = body_of()

    answers = at_once(mailbox.post, [body] * 20)

    assert [answer.status_code for answer in answers] == [200] * 20
    assert sorted(answer.json()["status"] for answer in answers) == ["duplicate"] * 19 + ["stored"]
    assert stored() == 1


def test_second_event_under_the_same_id_changes_nothing(
    mailbox: Mailbox, account: StripeAccount
) -> None:
    mailbox.post(body_of(id="evt_1", type="customer.updated"))

    answer = mailbox.post(body_of(id="evt_1", type="checkout.session.completed"))

    assert answer.json()["status"] == "duplicate"
    with scope(account.tenant_id):
        assert StripeEvent.objects.get().type == "customer.updated"


def test_id_used_by_one_tenant_keeps_no_other_from_it(
    mailbox: Mailbox, other_tenant: Tenant, stored: Callable[[], int]
) -> None:
    theirs = open_stripe_account(other_tenant, name="Bitter Brews")
    Mailbox(theirs.webhook_url, theirs.webhook_secrets[0]).post(body_of(id="evt_1"))

    answer = mailbox.post(body_of(id="evt_1"))

    assert answer.json()["status"] == "stored"
    assert stored() == 2
