"""E-mails to customers: written in the transaction of what they tell, sent by a worker after it.

Sending is at least once: a worker that dies between the mail server's yes and our record sends
the letter again, with the same Message-ID, by which mailboxes fold the two into one.
"""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from core.jobs import enqueue
from core.languages import ENGLISH
from core.models import Letter, Tenant, User
from core.tenancy import current, scope

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
BATCH = 200
LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3
LONGEST_SUBJECT = 200
# The waits after the first, second, ... try; after the last of them it is given up.
WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (30, 300, 1800, 7200, 21_600, 43_200, 86_400)
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class AddressInvalid(ValueError):
    """A text is no e-mail address that a letter could be sent to."""


class LetterSent(Exception):
    """The letter has been sent, is being sent, or its text has been thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a letter says: one line, and plain text. `unsubscribe_url` goes into its head."""

    subject: str
    text: str
    unsubscribe_url: str = ""


def checked_address(text: str) -> str:
    """Return an address to which a letter can be sent. Raises AddressInvalid.

    ASCII only: mail servers that take others (RFC 6531) are not to be relied on. A name in front
    (`Ann <ann@example.com>`) is refused, and so is anything that would begin a new header.
    """
    address = text.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise AddressInvalid(f"{address[:80]!r} is not an e-mail address.") from None
    if len(address) > LONGEST_ADDRESS or not address.isascii():
        raise AddressInvalid(f"{address[:80]!r} is not an e-mail address we can write to.")
    return address


def write_letter(
    *,
    kind: str,
    subject_id: UUID,
    to: str,
    content: Content,
    now: datetime,
    language: str = ENGLISH,
    once: str | None = None,
    by: User | None = None,
) -> Letter | None:
    """Put a letter into the outbox; a worker sends it once this commits. In scope.

    Call it in the transaction of what the letter tells: both are kept or neither. With `once`,
    a second call of the same purpose writes nothing and returns None. Raises AddressInvalid.
    """
    envelope: Any = {
        "to": checked_address(to),
        "subject": _one_line(content.subject),
        "text": content.text.replace("\0", ""),
        "unsubscribe_url": content.unsubscribe_url,
    }
    letter = Letter(
        tenant_id=current().tenant_id,
        kind=kind,
        subject_id=subject_id,
        once=once,
        language=language,
        envelope=envelope,
        sent_by=by,
        next_at=now,
    )
    if not _stored(letter):
        return None
    enqueue("core.send_letter", letter_id=letter.pk)
    return letter


def _stored(letter: Letter) -> bool:
    try:
        with transaction.atomic():
            letter.save(force_insert=True)
    except IntegrityError as error:
        if letter.once and "letter_written_once" in str(error):
            return False
        raise
    return True


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:LONGEST_SUBJECT]


@dataclass(frozen=True, slots=True)
class _Failure:
    words: str
    is_final: bool


def send_letter(*, tenant_id: UUID, letter_id: UUID, now: datetime) -> bool:
    """Send one letter that is due: claim, call, record. Returns whether it was sent.

    Repeating is safe: a letter that is not due, or that another worker sends, is left alone.
    """
    with scope(tenant_id):
        letter = _claim(letter_id, now)
    if letter is None:
        return False
    failure = _hand_over(letter)
    with scope(tenant_id):
        _record(letter, failure, now)
    return failure is None


def _claim(letter_id: UUID, now: datetime) -> Letter | None:
    rows = Letter.objects.select_for_update(skip_locked=True, of=("self",))
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    due = rows.filter(free, pk=letter_id, state=Letter.State.WAITING, next_at__lte=now)
    letter = due.select_related("tenant").first()
    if letter is None:
        return None
    letter.attempts += 1
    letter.leased_until = now + LEASE
    letter.save(update_fields=["attempts", "leased_until"])
    return letter


def message_of(letter: Letter) -> EmailMessage:
    """Return a letter as the mail server gets it, the same at each try."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<letter.{letter.pk}@{host}>",
        "Date": format_datetime(letter.created_at),
        "Content-Language": letter.language,
        "Auto-Submitted": "auto-generated",
    }
    stop = (letter.envelope or {}).get("unsubscribe_url")
    if stop:
        headers |= {
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    sender = f"{_quoted(letter.tenant.name)} <{address}>"
    return EmailMessage(letter.title, letter.text, sender, [letter.to], headers=headers)


def _quoted(name: str) -> str:
    """Return a company's name as the name of a sender; nothing in it ends the quotes."""
    return '"' + re.sub(r'["\\<>]', "", _one_line(name)) + '"'


def _hand_over(letter: Letter) -> _Failure | None:
    try:
        message_of(letter).send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        return _Failure(_words(error), _is_final(error))
    except (smtplib.SMTPException, OSError) as error:
        return _Failure(f"{type(error).__name__}: {error}", is_final=False)
    except (ValueError, UnicodeError) as error:  # no header or address of ours can be made of it
        return _Failure(f"{type(error).__name__}: {error}", is_final=True)
    return None


def _codes(error: smtplib.SMTPException) -> list[tuple[int, bytes | str]]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return list(error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return [(error.smtp_code, error.smtp_error)]
    return []


def _is_final(error: smtplib.SMTPException) -> bool:
    """Return whether the mail server said never (5xx) rather than not now (4xx) to this letter.

    A refused log-in is our fault and is tried again: the letter can still go when it is mended.
    """
    is_login = isinstance(error, smtplib.SMTPAuthenticationError)
    return not is_login and any(code >= 500 for code, _ in _codes(error))


def _words(error: smtplib.SMTPException) -> str:
    told = [
        f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
        for code, text in _codes(error)
    ]
    return "; ".join(told) or type(error).__name__


def _record(claimed: Letter, failure: _Failure | None, now: datetime) -> None:
    letter = Letter.objects.select_for_update(of=("self",)).get(pk=claimed.pk)
    if letter.attempts != claimed.attempts or letter.state != Letter.State.WAITING:
        return  # the lease ran out and another worker took over
    letter.leased_until = None
    if failure is None:
        letter.state, letter.next_at, letter.sent_at = Letter.State.SENT, None, now
        letter.last_error = ""
    else:
        _postpone(letter, failure, now)
    letter.save(update_fields=["state", "next_at", "leased_until", "sent_at", "last_error"])
    log.info("letter_tried", letter_id=str(letter.pk), kind=letter.kind, state=letter.state)


def _postpone(letter: Letter, failure: _Failure, now: datetime) -> None:
    letter.last_error = failure.words.replace("\0", "")[:500]
    wait = WAITS[letter.attempts - 1] if letter.attempts <= len(WAITS) else None
    if wait is None or failure.is_final:
        letter.state, letter.next_at = Letter.State.GIVEN_UP, None
        log.warning("letter_given_up", letter_id=str(letter.pk), kind=letter.kind)
    else:
        letter.next_at = now + wait


def send_letter_again(*, letter_id: UUID, now: datetime) -> Letter:
    """Try a letter that was given up once more from the first try on. In scope.

    Raises LetterSent for one that is not given up or whose text is gone.
    """
    letter = Letter.objects.select_for_update(of=("self",)).get(pk=letter_id)
    if letter.state != Letter.State.GIVEN_UP or letter.envelope is None:
        raise LetterSent("Only a letter that could not be sent can be tried again.")
    letter.state, letter.next_at, letter.attempts = Letter.State.WAITING, now, 0
    letter.save(update_fields=["state", "next_at", "attempts"])
    enqueue("core.send_letter", letter_id=letter.pk)
    return letter


def close_letter(*, letter_id: UUID) -> Letter:
    """Take a letter that could not be sent off the worklist. In scope. Raises LetterSent."""
    letter = Letter.objects.select_for_update(of=("self",)).get(pk=letter_id)
    if letter.state != Letter.State.GIVEN_UP:
        raise LetterSent("Only a letter that could not be sent can be closed.")
    letter.state = Letter.State.CLOSED
    letter.save(update_fields=["state"])
    return letter


def sweep_letters(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks for letters that are due and that nobody sends; returns how many."""
    with scope(tenant_id):
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        due = Letter.objects.filter(free, state=Letter.State.WAITING, next_at__lte=now)
        found = list(due.order_by("next_at").values_list("pk", flat=True)[:BATCH])
        for pk in found:
            enqueue("core.send_letter", letter_id=pk)
    return len(found)


def erase_old_letters(*, now: datetime) -> int:
    """Throw away address and text of letters whose time is over; returns how many. In scope.

    What waits is kept. That and when something was sent stays known.
    """
    before = now - timedelta(days=settings.KEEP_MESSAGES_DAYS)
    old = Letter.objects.filter(created_at__lt=before, envelope__isnull=False)
    return old.exclude(state=Letter.State.WAITING).update(envelope=None)


def tenants_that_write() -> list[UUID]:
    """Return all active tenants; a sweep looks at each in its own scope."""
    return list(Tenant.objects.filter(is_active=True).values_list("pk", flat=True))
