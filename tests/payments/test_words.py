"""Codes and times in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from payments.templatetags.money import moment_in_zone
from payments.words import paid_with


@pytest.mark.parametrize(
    ("method", "brand", "last4", "words"),
    [
        ("card", "visa", "4242", "Card · Visa ···· 4242"),
        ("card", "amex", "0005", "Card · American Express ···· 0005"),
        ("card", "", "", "Card"),
        ("sepa_debit", "", "6789", "SEPA Direct Debit ···· 6789"),
        ("us_bank_account", "STRIPE TEST BANK", "6789", "US bank account ···· 6789"),
        ("new_method", "", "", "New method"),
        ("", "", "", ""),
    ],
)
def test_payment_method_is_told_in_words(method: str, brand: str, last4: str, words: str) -> None:
    assert paid_with(method=method, brand=brand, last4=last4) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Amsterdam", "5 Dec 2026, 09:01 CET (Amsterdam time)"),
        ("America/New_York", "5 Dec 2026, 03:01 EST (New York time)"),
        ("America/Argentina/Buenos_Aires", "5 Dec 2026, 05:01 UTC-03 (Buenos Aires time)"),
        ("UTC", "5 Dec 2026, 08:01 UTC"),
        ("Etc/GMT+5", "5 Dec 2026, 03:01 UTC-05"),
    ],
)
def test_time_names_its_zone_once(zone: str, words: str) -> None:
    with timezone.override(zone):
        told = moment_in_zone(datetime(2026, 12, 5, 8, 1, tzinfo=UTC))

    assert told.replace("\N{NO-BREAK SPACE}", " ") == words
