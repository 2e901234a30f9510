"""An e-mail backend that hands letters to the sandbox, where people who try the demo read them."""

from __future__ import annotations

from collections.abc import Sequence
from smtplib import SMTPResponseException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

SECONDS = 10.0
LATER = 451  # RFC 5321: an error in processing; try again


class EmailBackend(BaseEmailBackend):
    """POSTs each message as it would go over SMTP to MAIL_INTAKE_URL."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Hand messages over one by one.

        Raises SMTPResponseException with the reply that the sandbox gives as a mail server would,
        and OSError when it does not answer.
        """
        opener = build_opener(ProxyHandler({}))
        for message in email_messages:
            request = Request(  # noqa: S310 - the address is a setting
                settings.MAIL_INTAKE_URL,
                data=message.message().as_bytes(),
                headers={"Content-Type": "message/rfc822"},
                method="POST",
            )
            try:
                opener.open(request, timeout=SECONDS).close()
            except HTTPError as error:
                raise _refusal(error) from error
        return len(email_messages)


def _refusal(error: HTTPError) -> SMTPResponseException:
    code, _, words = error.read(500).decode(errors="replace").strip().partition(" ")
    number = int(code) if code.isascii() and code.isdigit() else LATER
    return SMTPResponseException(number, f"the sandbox answered: {words or error.code}")
