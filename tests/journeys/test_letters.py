"""A link is sent by e-mail, paid in Dutch, and the receipt comes by e-mail: all parts running."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
import requests

from tests.journeys.people import Buyer, Seller, eventually, heading
from tests.stripe import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]


def letter_to(sandbox: Sandbox, address: str, subject: str) -> str:
    """Return the text of the newest letter to an address, once the sandbox has it."""

    def found() -> list[str]:
        page = requests.get(f"{sandbox.base}/mail", timeout=10).text
        rows = [row for row in page.split("<tr>") if address in row and subject in row]
        return re.findall(r'href="(/mail/\d+)"', rows[0]) if rows else []

    [path] = eventually(found, f"a letter to {address}")
    return unescape(requests.get(sandbox.base + path, timeout=10).text)


def address_in(letter: str, path: str) -> str:
    """Return the address in a letter that begins with a path of ours."""
    return next(url for url in re.findall(r'href="(http[^"]+)"', letter) if path in url)


def test_link_goes_out_by_mail_and_the_receipt_comes_back(seller: Seller, sandbox: Sandbox) -> None:
    link = seller.link(title="Aanbetaling")
    sent = seller.ask(
        "POST",
        f"payment-links/{link['id']}/letters/",
        json={"emails": ["jan@klant.example"], "language": "nl", "message": "Beste Jan,"},
    )
    assert sent.status_code == 201, sent.text
    letter = letter_to(sandbox, "jan@klant.example", "Aanbetaling")
    buyer = Buyer()
    buyer.http.headers["Accept-Language"] = "nl-NL,nl;q=0.9"

    assert "Beste Jan," in letter
    assert address_in(letter, "/pay/") == link["url"]

    buyer.buy(link["url"])
    seller.paid(link)
    receipt = letter_to(sandbox, "buyer@example.com", "Ontvangstbewijs")
    page = buyer.look(address_in(receipt, "/receipts/"))

    assert heading(page).startswith("Ontvangstbewijs R-")
    assert "€\xa0125,00" in page.text
    assert urlsplit(page.url).path.startswith("/receipts/")
