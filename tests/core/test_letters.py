"""The outbox of e-mails: written with what they tell, sent once, tried again, never altered."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import ClassVar
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction

from core.models import Letter, Tenant
from core.operations.letters import (
    WAITS,
    AddressInvalid,
    Content,
    LetterSent,
    checked_address,
    close_letter,
    erase_old_letters,
    send_letter,
    send_letter_again,
    sweep_letters,
    write_letter,
)
from core.tenancy import scope

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)
Write = Callable[..., Letter | None]


class Refusing(BaseEmailBackend):
    """A mail server that says what a test wants it to say, over the protocol's own errors."""

    answer: ClassVar[Exception] = OSError("nobody listens")

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        raise self.answer


@pytest.fixture
def write(tenant: Tenant) -> Write:
    """Write a letter in the tenant's scope."""

    def make(
        to: str = "ann@payer.example", subject: str = "Hello", **more: object
    ) -> Letter | None:
        with scope(tenant.pk):
            return write_letter(
                kind="test",
                subject_id=uuid4(),
                to=to,
                content=Content(subject=subject, text="Dear Ann,\n.\nBye"),
                now=NOW,
                **more,  # type: ignore[arg-type]
            )

    return make


def _reload(letter: Letter) -> Letter:
    with scope(letter.tenant_id):
        return Letter.objects.get(pk=letter.pk)


def _refuse_with(settings: object, error: Exception) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"  # type: ignore[attr-defined]
    Refusing.answer = error


def test_letter_is_sent_once_with_an_id_of_its_own(tenant: Tenant, write: Write) -> None:
    letter = write()
    assert letter is not None

    first = send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW)
    again = send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW + timedelta(hours=1))

    assert (first, again, len(mail.outbox)) == (True, False, 1)
    sent = mail.outbox[0].message()
    assert sent["Message-ID"].startswith(f"<letter.{letter.pk}@")
    assert (sent["To"], sent["Subject"]) == ("ann@payer.example", "Hello")
    assert sent["From"].startswith(f'"{tenant.name}" <') or tenant.name in sent["From"]
    assert sent["Auto-Submitted"] == "auto-generated"
    kept = _reload(letter)
    assert (kept.state, kept.sent_at, kept.next_at) == ("sent", NOW, None)


def test_letter_comes_in_the_companys_name(tenant: Tenant, write: Write, settings: object) -> None:
    settings.DEFAULT_FROM_EMAIL = "Taproom <office@taproom.example>"  # type: ignore[attr-defined]
    Tenant.objects.filter(pk=tenant.pk).update(name="Bräu, Söhne & Co")
    letter = write()
    assert letter is not None

    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW)

    sent = message_from_bytes(mail.outbox[0].message().as_bytes(), policy=policy.default)
    (sender,) = sent["From"].addresses
    assert sender.display_name == "Bräu, Söhne & Co"
    assert sender.addr_spec == "office@taproom.example"


def test_letter_of_work_that_is_undone_is_not_written(tenant: Tenant, write: Write) -> None:
    with pytest.raises(RuntimeError), scope(tenant.pk), transaction.atomic():
        write()
        raise RuntimeError

    with scope(tenant.pk):
        assert Letter.objects.count() == 0


def test_letter_of_one_purpose_is_written_once(write: Write) -> None:
    assert write(once="receipt:1") is not None
    assert write(once="receipt:1") is None
    assert write(once="receipt:2") is not None


def test_two_workers_send_a_letter_once(tenant: Tenant, write: Write) -> None:
    letter = write()
    assert letter is not None

    def work(_: int) -> bool:
        try:
            return send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(6)))

    assert (sum(results), len(mail.outbox)) == (1, 1)


def test_letter_of_a_worker_that_died_is_sent_under_the_same_id(
    tenant: Tenant, write: Write
) -> None:
    letter = write()
    assert letter is not None
    with scope(tenant.pk):
        Letter.objects.update(attempts=1, leased_until=NOW + timedelta(minutes=2))

    early = sweep_letters(tenant_id=tenant.pk, now=NOW + timedelta(minutes=1))
    late = sweep_letters(tenant_id=tenant.pk, now=NOW + timedelta(minutes=3))
    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW + timedelta(minutes=3))

    assert (early, late) == (0, 1)
    assert mail.outbox[0].message()["Message-ID"].startswith(f"<letter.{letter.pk}@")


@pytest.mark.parametrize(
    "error",
    [
        OSError("nobody listens"),
        TimeoutError("timed out"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPRecipientsRefused({"ann@payer.example": (451, b"4.7.1 later")}),
        smtplib.SMTPAuthenticationError(535, b"wrong password"),
    ],
)
def test_failure_that_may_pass_is_tried_again_until_it_is_given_up(
    tenant: Tenant, write: Write, settings: object, error: Exception
) -> None:
    _refuse_with(settings, error)
    letter = write()
    assert letter is not None

    moment, waits = NOW, []
    while (kept := _reload(letter)).next_at is not None:
        moment = max(moment, kept.next_at)
        send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=moment)
        after = _reload(letter).next_at
        waits += [after - moment] if after else []

    assert tuple(waits) == WAITS
    assert (kept.state, kept.attempts) == ("given_up", len(WAITS) + 1)
    assert kept.last_error != ""


def test_address_that_is_refused_for_good_is_not_tried_again(
    tenant: Tenant, write: Write, settings: object
) -> None:
    refusal = smtplib.SMTPRecipientsRefused({"ann@payer.example": (550, b"5.1.1 no such user")})
    _refuse_with(settings, refusal)
    letter = write()
    assert letter is not None

    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW)

    kept = _reload(letter)
    assert (kept.state, kept.last_error) == ("given_up", "550 5.1.1 no such user")


def test_letter_that_was_given_up_is_sent_again_or_closed(
    tenant: Tenant, write: Write, settings: object
) -> None:
    with scope(tenant.pk):
        one, two = write(), write()
        assert one is not None
        assert two is not None
        Letter.objects.update(state="given_up", next_at=None, attempts=8)
        send_letter_again(letter_id=one.pk, now=NOW)
        close_letter(letter_id=two.pk)
        for closed in (two, one):
            with pytest.raises(LetterSent):
                close_letter(letter_id=closed.pk)

    send_letter(tenant_id=tenant.pk, letter_id=one.pk, now=NOW)

    assert (_reload(one).state, _reload(two).state) == ("sent", "closed")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "ann@payer.example\nBcc: eve@evil.example",
        "ann@payer.example, eve@evil.example",
        "Ann <ann@payer.example>",
        "ann@payer.example\0",
        "ann@" + "x" * 250 + ".example",
        "jürgen@payer.example",
        "ann@payer",
    ],
)
def test_what_is_no_address_gets_no_letter(write: Write, tenant: Tenant, address: str) -> None:
    with pytest.raises(AddressInvalid):
        write(to=address)

    with scope(tenant.pk):
        assert Letter.objects.count() == 0


def test_address_loses_the_spaces_around_it() -> None:
    assert checked_address(" ann@payer.example ") == "ann@payer.example"


def test_nothing_in_a_letter_begins_a_new_header(tenant: Tenant, write: Write) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(name='Evil" <x@y>\r\nBcc: eve@evil.example')
    letter = write(subject="Hi\r\nBcc: eve@evil.example\u2028x\0")
    assert letter is not None

    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=NOW)

    sent = mail.outbox[0].message()
    assert sent["Bcc"] is None
    assert mail.outbox[0].recipients() == ["ann@payer.example"]
    assert sent["Subject"] == "Hi Bcc: eve@evil.example x"


def test_letters_lie_encrypted_and_foreign_ones_are_hidden(
    tenant: Tenant, other_tenant: Tenant, write: Write
) -> None:
    write()

    with scope(tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT envelope FROM core_letter")
        raw = cursor.fetchall()
    with scope(other_tenant.pk):
        seen = Letter.objects.count()

    assert (len(raw), "ann" in str(raw), seen) == (1, False, 0)


def test_texts_of_old_letters_are_thrown_away_and_waiting_ones_kept(
    tenant: Tenant, write: Write
) -> None:
    old, waiting = write(), write()
    assert old is not None
    assert waiting is not None
    send_letter(tenant_id=tenant.pk, letter_id=old.pk, now=NOW)
    later = datetime.now(UTC) + timedelta(days=91)

    with scope(tenant.pk):
        early = erase_old_letters(now=later - timedelta(days=2))
        erased = erase_old_letters(now=later)

    assert (early, erased) == (0, 1)
    assert (_reload(old).to, _reload(old).state) == ("", "sent")
    assert _reload(waiting).to == "ann@payer.example"
