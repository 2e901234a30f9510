"""Links by e-mail: to whom, once a day, reminded until paid, over or unwanted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.models import Letter, Tenant, User
from core.operations.api_keys import make_api_key
from core.operations.letters import message_of
from core.tenancy import scope
from payments.models import Checkout, LinkRecipient, Payment, PaymentLink
from payments.operations.links import deactivate_link, make_link
from payments.operations.sharing import (
    LinkNotShareable,
    Sharing,
    SharingInvalid,
    remind_of_links,
    share_link,
    stop_reminders,
)

pytestmark = pytest.mark.django_db
DAY_ONE = datetime(2026, 11, 18, 12, tzinfo=UTC)  # noon, so that days shift by whole days
ANN, BOB = "ann@payer.example", "Bob@payer.example"


def days_on(count: int) -> datetime:
    return DAY_ONE + timedelta(days=count)


@pytest.fixture
def link(tenant: Tenant) -> PaymentLink:
    """A link that ends ten days after DAY_ONE."""
    with scope(tenant.pk):
        return make_link(
            by=None, now=DAY_ONE, title="Deposit", amount_minor=12500, currency="EUR",
            expires_at=days_on(10),
        )  # fmt: skip


@pytest.fixture
def share(tenant: Tenant, link: PaymentLink) -> Callable[..., list[LinkRecipient]]:
    """Send the link."""

    def send(*emails: str, now: datetime = DAY_ONE, **more: Any) -> list[LinkRecipient]:
        with scope(tenant.pk):
            sharing = Sharing(emails=emails or (ANN,), **more)
            shared = share_link(link_id=link.pk, sharing=sharing, by=None, now=now)
            return shared.recipients

    return send


def letters(tenant: Tenant) -> list[tuple[str, str]]:
    with scope(tenant.pk):
        rows = Letter.objects.order_by("created_at", "id")
        return [(one.kind, one.to) for one in rows]


def reminders_over(tenant: Tenant, days: range) -> dict[int, int]:
    """Return how many reminders each day brings, asked three times a day."""
    return {
        day: sum(
            remind_of_links(tenant_id=tenant.pk, now=days_on(day) + timedelta(minutes=minutes))
            for minutes in (0, 15, 30)
        )
        for day in days
    }


def test_each_address_gets_a_letter_of_its_own(
    tenant: Tenant, link: PaymentLink, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN, BOB, ANN.upper(), message="Dear both,\nas agreed.")

    assert sorted(letters(tenant)) == [("link_shared", BOB), ("link_shared", ANN)]
    with scope(tenant.pk):
        letter = Letter.objects.order_by("created_at").first()
        assert letter is not None
        assert letter.title == f"{tenant.name} asks you to pay: Deposit"
        assert letter.text.startswith("Dear both,\nas agreed.")
        assert link.url in letter.text
        assert "€125.00" in letter.text
        assert "List-Unsubscribe" not in message_of(letter).message()


def test_letter_speaks_the_chosen_language(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN, language="nl", days_after=[3])

    with scope(tenant.pk):
        letter = Letter.objects.get()
        assert letter.title == f"{tenant.name} vraagt u te betalen: Deposit"
        assert "€\xa0125,00" in letter.text
        assert "28 nov 2026" in letter.text
        head = message_of(letter).message()
    assert head["Content-Language"] == "nl"
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_second_letter_of_a_day_is_not_written(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN)
    share(ANN)
    share(ANN, now=days_on(1))

    assert len(letters(tenant)) == 2


def test_reminders_come_on_their_days_once(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN, days_after=[3, 7], days_before=[1, 3])

    found = reminders_over(tenant, range(12))

    assert {day for day, count in found.items() if count} == {3, 7, 9}
    assert set(found.values()) == {0, 1}


def test_reminder_waits_for_the_morning(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="America/New_York")
    share(ANN, days_after=[3])

    early = remind_of_links(tenant_id=tenant.pk, now=days_on(3))  # 7 o'clock there
    later = remind_of_links(tenant_id=tenant.pk, now=days_on(3) + timedelta(hours=3))

    assert (early, later) == (0, 1)


def test_nobody_is_reminded_of_a_link_that_is_off_or_over(
    tenant: Tenant, link: PaymentLink, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN, days_after=[3, 11])
    with scope(tenant.pk):
        deactivate_link(link_id=link.pk, now=days_on(1))

    assert reminders_over(tenant, range(1, 13)) == dict.fromkeys(range(1, 13), 0)


def test_nobody_is_reminded_of_a_link_that_is_paid_or_being_paid(
    tenant: Tenant, link: PaymentLink, share: Callable[..., list[LinkRecipient]], account: Any
) -> None:
    share(ANN, days_after=[3, 4])
    with scope(tenant.pk):
        Checkout.objects.create(
            tenant=tenant, kind="link", subject_id=link.pk, link=link, account=account,
            title="Deposit", amount_minor=12500, currency="EUR", state="processing",
            stripe_session_id="cs_1", session_expires_at=days_on(1), success_url="x",
            cancel_url="x",
        )  # fmt: skip
    on_its_way = remind_of_links(tenant_id=tenant.pk, now=days_on(3))
    with scope(tenant.pk):
        PaymentLink.objects.filter(pk=link.pk).update(paid_count=1, slots_taken=1)
    paid = remind_of_links(tenant_id=tenant.pk, now=days_on(4))

    assert (on_its_way, paid) == (0, 0)


def test_who_paid_a_part_is_reminded_until_nothing_is_left(
    tenant: Tenant, link: PaymentLink, share: Callable[..., list[LinkRecipient]], account: Any
) -> None:
    share(ANN, days_after=[3, 4, 5])
    with scope(tenant.pk):
        PaymentLink.objects.filter(pk=link.pk).update(
            pricing="parts", max_payments=None, received_minor=2500, claimed_minor=2500
        )
        part = Checkout.objects.create(
            tenant=tenant, kind="link", subject_id=link.pk, link=link, account=account,
            title="Deposit", amount_minor=2500, currency="EUR", state="succeeded",
            stripe_session_id="cs_1", session_expires_at=days_on(1), success_url="x",
            cancel_url="x",
        )  # fmt: skip
        Payment.objects.create(
            tenant=tenant, checkout=part, link=link, amount_minor=2500, currency="EUR",
            state="succeeded", standing="expected", paid_at=days_on(1), payer={"email": ANN},
            stripe_payment_intent_id="pi_1",
        )  # fmt: skip
    after_a_part = remind_of_links(tenant_id=tenant.pk, now=days_on(3))
    with scope(tenant.pk):
        Checkout.objects.filter(pk=part.pk).update(state="processing", amount_minor=10000)
    on_its_way = remind_of_links(tenant_id=tenant.pk, now=days_on(4))
    with scope(tenant.pk):
        PaymentLink.objects.filter(pk=link.pk).update(received_minor=12500, claimed_minor=12500)
    paid = remind_of_links(tenant_id=tenant.pk, now=days_on(5))

    assert (after_a_part, on_its_way, paid) == (1, 0, 0)


def test_recipient_ends_the_reminders_on_a_page(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]], client: Client
) -> None:
    (recipient,) = share(ANN, days_after=[3, 4])
    address = reverse("reminders_stop", args=[recipient.token])

    looked = client.get(address, headers={"Accept-Language": "nl"})
    before = remind_of_links(tenant_id=tenant.pk, now=days_on(3))
    stopped = client.post(address, {"List-Unsubscribe": "One-Click"})
    again = client.post(address)
    after = remind_of_links(tenant_id=tenant.pk, now=days_on(4))

    assert "Geen herinneringen meer?" in looked.content.decode()
    assert "You get no more reminders" in stopped.content.decode()
    assert (again.status_code, before, after) == (200, 1, 0)


def test_end_of_reminders_is_kept_when_the_link_is_sent_again(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    (recipient,) = share(ANN, days_after=[3])
    with scope(tenant.pk):
        stop_reminders(recipient_id=recipient.pk, now=days_on(1))
    share(ANN, now=days_on(2), days_after=[3])

    assert remind_of_links(tenant_id=tenant.pk, now=days_on(5)) == 0


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"emails": []}, "emails"),
        ({"emails": ["x"]}, "emails/0"),
        ({"emails": [ANN, "a@b.example\nBcc: c@d.example"]}, "emails/1"),
        ({"emails": [f"a{n}@payer.example" for n in range(51)]}, "emails"),
        ({"message": "x" * 1001}, "message"),
        ({"message": "x\0"}, "message"),
        ({"language": "xx"}, "language"),
        ({"days_after": [0]}, "days_after"),
        ({"days_after": [366]}, "days_after"),
        ({"days_before": list(range(1, 12))}, "days_before"),
    ],
)
def test_wrong_wishes_are_refused_whole(
    tenant: Tenant, link: PaymentLink, more: dict[str, Any], field: str
) -> None:
    sharing = Sharing(**{"emails": [ANN], **more})

    with scope(tenant.pk), pytest.raises(SharingInvalid) as refusal:
        share_link(link_id=link.pk, sharing=sharing, by=None, now=DAY_ONE)

    assert [error.field for error in refusal.value.errors] == [field]
    assert letters(tenant) == []


def test_link_that_is_over_is_not_sent(
    tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    with pytest.raises(LinkNotShareable):
        share(ANN, now=days_on(11))

    assert letters(tenant) == []


def test_recipients_of_another_company_are_hidden(
    other_tenant: Tenant, share: Callable[..., list[LinkRecipient]]
) -> None:
    share(ANN)

    with scope(other_tenant.pk):
        assert LinkRecipient.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_remind_once(tenant: Tenant, share: Callable[..., list[LinkRecipient]]) -> None:
    share(ANN, BOB, days_after=[3])

    def work(_: int) -> int:
        try:
            return remind_of_links(tenant_id=tenant.pk, now=days_on(3))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))

    assert sum(counts) == 2
    assert len(letters(tenant)) == 4


def test_staff_page_sends_and_shows_what_became_of_it(
    tenant: Tenant, link: PaymentLink, counselor: User
) -> None:
    staff = Client()
    staff.force_login(counselor, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("link_share", args=[link.pk])

    wrong = staff.post(address, {"emails": "x", "language": "en", "days_after": "soon"})
    sent = staff.post(
        address, {"emails": f"{ANN}, {BOB}", "language": "nl", "days_after": "3, 7"}, follow=True
    )

    assert wrong.status_code == 400
    assert "Give numbers of days" in wrong.content.decode()
    page = sent.content.decode()
    assert "On its way to 2 addresses" in page
    assert page.count(ANN) >= 2
    assert ": 3, 7." in page


def test_program_sends_a_link_and_reads_what_was_sent(tenant: Tenant, link: PaymentLink) -> None:
    with scope(tenant.pk):
        key = make_api_key(name="Test", scopes=("links:read", "links:write"), by=None)
    headers = {"Authorization": f"Api-Key {key.secret}"}
    address = reverse("api_link_letters", args=[link.pk])

    made = Client().post(
        address, {"emails": [ANN], "days_after": [3]}, "application/json", headers=headers
    )
    wrong = Client().post(address, {"emails": [ANN, "x"]}, "application/json", headers=headers)
    listed = Client().get(address, headers=headers)

    assert (made.status_code, [one["to"] for one in made.json()]) == (201, [ANN])
    assert [(one["to"], one["kind"]) for one in listed.json()["items"]] == [(ANN, "link_shared")]
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["pointer"] == "#/emails/1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{}",
        b'{"emails": "ann@payer.example"}',
        b'{"emails": [1]}',
        b'{"emails": [["a@b.example"]]}',
        b'{"emails": ["a\\u0000@b.example"]}',
        b'{"emails": ["a@b.example"], "days_after": [1e400]}',
        b'{"emails": ["a@b.example"], "days_after": [99999999999999999999999]}',
        b'{"emails": ["a@b.example"], "days_after": ["3"]}',
        b'{"emails": ["a@b.example"], "days_after": [true]}',
        b'{"emails": ["a@b.example"], "days_before": {"1": 2}}',
        b'{"emails": ["a@b.example"], "language": "NL"}',
        b'{"emails": ["a@b.example"], "subject": "mine"}',
        b'{"emails": ["\\ud800@b.example"]}',
    ],
)
def test_bodies_that_are_no_sharing_are_refused(
    tenant: Tenant, link: PaymentLink, body: bytes
) -> None:
    with scope(tenant.pk):
        key = make_api_key(name="Test", scopes=("links:write",), by=None)

    answer = Client().generic(
        "POST",
        reverse("api_link_letters", args=[link.pk]),
        body,
        "application/json",
        headers={"Authorization": f"Api-Key {key.secret}"},
    )

    assert answer.status_code == 400
    assert letters(tenant) == []


def test_link_of_another_company_is_neither_sent_nor_read(
    other_tenant: Tenant, link: PaymentLink
) -> None:
    with scope(other_tenant.pk):
        key = make_api_key(name="Test", scopes=("links:read", "links:write"), by=None)
    headers = {"Authorization": f"Api-Key {key.secret}"}
    address = reverse("api_link_letters", args=[link.pk])

    sent = Client().post(address, {"emails": [ANN]}, "application/json", headers=headers)

    assert (sent.status_code, Client().get(address, headers=headers).status_code) == (404, 404)
