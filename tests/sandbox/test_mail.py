"""The sandbox's mailbox: letters come in by POST and are read as pages."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from smtplib import SMTPResponseException

import pytest
from django.core.mail import EmailMessage
from django.test import override_settings

from core.mail_intake import EmailBackend
from tests.stripe import Sandbox


def _read(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def _send(sandbox: Sandbox, to: str = "ann@payer.example", message_id: str = "<1@x>") -> None:
    letter = EmailMessage(
        "Uw bon <b>",
        "Dag Ann,\nhttp://127.0.0.1:8000/receipts/abc/?a=1&b=2\n<script>alert(1)</script>",
        '"Amber & Co" <office@amber.example>',
        [to],
        headers={"Message-ID": message_id},
    )
    with override_settings(MAIL_INTAKE_URL=f"{sandbox.base}/mail"):
        EmailBackend().send_messages([letter])


def test_letter_can_be_opened_and_its_address_followed(sandbox: Sandbox) -> None:
    _send(sandbox)

    listed = _read(f"{sandbox.base}/mail")
    path = re.findall(r'href="(/mail/\d+)"', listed)[0]
    page = _read(sandbox.base + path)

    assert "ann@payer.example" in listed
    assert "Uw bon &lt;b&gt;" in page
    assert '<a href="http://127.0.0.1:8000/receipts/abc/?a=1&amp;b=2">' in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_letter_that_comes_twice_is_kept_once(sandbox: Sandbox) -> None:
    for _ in range(2):
        _send(sandbox, to="twice@payer.example", message_id="<twice@x>")

    assert _read(f"{sandbox.base}/mail").count("twice@payer.example") == 1


@pytest.mark.parametrize(("to", "code"), [("refused@payer.example", 550), ("later@x.example", 451)])
def test_some_addresses_take_no_letters(sandbox: Sandbox, to: str, code: int) -> None:
    with pytest.raises(SMTPResponseException, match="the sandbox answered") as refused:
        _send(sandbox, to=to)

    assert refused.value.smtp_code == code


@pytest.mark.parametrize("name", ["0", "999999", "x", "1" * 40, "%00"])
def test_unknown_letter_is_told_so(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _read(f"{sandbox.base}/mail/{name}")
