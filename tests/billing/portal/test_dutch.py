"""The portal in Dutch: words, amounts and days on the pages; documents stay what they are."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.test import Client
from pypdf import PdfReader

from billing.operations.portal import portal_url
from core.tenancy import scope
from tests.billing.portal.world import World

pytestmark = pytest.mark.django_db
DUTCH = {"Accept-Language": "nl-NL"}


@pytest.fixture
def portal(world: World) -> str:
    """The path of a portal with usage and an invoice."""
    world.use("cpu", date(2026, 11, 3), "7000.5", 2, app="web", region="ams")
    world.invoice(date(2026, 10, 5), number="TAP-2")
    with scope(world.tenant.pk):
        return "/portal/" + portal_url(world.organization).rstrip("/").rpartition("/")[2] + "/"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("", ["Wat u verschuldigd bent", "1 t/m 30 nov 2026", "Tot nu toe in deze periode"]),
        ("usage/", ["Verbruik", "Hoeveelheid"]),
        ("usage/cpu-acme/?since=2026-11-01&last=2026-11-30", ["7.000,5", "3 nov 2026"]),
        ("invoices/", ["Facturen", "Te betalen"]),
        ("invoices/TAP-2/", ["Factuur TAP-2", "Factuurdatum"]),
        ("alerts/", ["Bestedingslimiet", "Waarschuwing toevoegen"]),
        ("invoices/none/", ["Niet gevonden", "Zo&#x27;n factuur is er niet."]),
    ],
)
def test_page_speaks_dutch(portal: str, page: str, shown: list[str]) -> None:
    answer = Client().get(portal + page, headers=DUTCH)

    text = answer.content.decode()
    assert [words for words in shown if words not in text] == []
    assert '<html lang="nl">' in text
    assert 'hreflang="en"' in text
    assert answer["Content-Language"] == "nl"


def test_days_are_read_and_shown_as_browsers_send_them(portal: str) -> None:
    answer = Client().get(portal + "usage/?since=2026-11-01&last=2026-11-07", headers=DUTCH)

    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="2026-11-07"' in text


def test_invoice_is_the_same_document_for_everybody(portal: str) -> None:
    def words(headers: dict[str, str]) -> str:
        data = Client().get(portal + "invoices/TAP-2.pdf", headers=headers).content
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)

    assert words(DUTCH) == words({})
