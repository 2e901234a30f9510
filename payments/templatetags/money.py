"""Show amounts, times and codes: texts in English, numbers by the customs of who reads them."""

from __future__ import annotations

from datetime import datetime

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_datetime
from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation.trans_real import parse_accept_lang_header

from core.money import Money
from payments.analytics.tables import shown
from payments.models import Payment
from payments.words import paid_with, why_refund_failed

register = template.Library()

DEFAULT_LOCALE = "en"
# 24 hours and the month in letters: read alike everywhere.
PATTERN = "d MMM y, HH:mm"


def visitor_locale(request: HttpRequest) -> str:
    """Return the first locale of Accept-Language that Babel knows, such as `de_AT`, or English."""
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return str(Locale.parse(tag, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    return DEFAULT_LOCALE


@register.filter
def money(amount: Money, locale: str = DEFAULT_LOCALE) -> str:
    """Show an amount by the customs of a locale: `{{ link.amount|money:locale }}`."""
    return amount.display(locale)


@register.filter
def moment(when: datetime) -> str:
    """Show a time in the zone that is active: `24 Dec 2026, 18:00`."""
    local = timezone.localtime(when)
    return format_datetime(local, PATTERN, tzinfo=local.tzinfo, locale=DEFAULT_LOCALE)


@register.filter
def moment_in_zone(when: datetime) -> str:
    """Show a time with its zone: `24 Dec 2026, 18:00 CET (Amsterdam time)`."""
    zone = timezone.get_current_timezone_name()
    short = timezone.localtime(when).tzname() or ""
    # Zones without a name of letters are called by their offset: UTC-03.
    told = f"{moment(when)} {short if short.isalpha() else f'UTC{short}'}"
    # An offset from UTC is no place.
    if zone in {short, "UTC"} or zone.startswith("Etc/"):
        return told
    # The place and what it is told for stay on one line.
    return f"{told} ({zone.rpartition('/')[2].replace('_', ' ')}\N{NO-BREAK SPACE}time)"


@register.filter
def method_words(payment: Payment) -> str:
    """Show what a payment was paid with: `Card · Visa ···· 4242`."""
    return paid_with(method=payment.method, brand=payment.card_brand, last4=payment.last4)


@register.filter
def refund_failure(reason: str) -> str:
    """Show why a refund failed."""
    return why_refund_failed(reason)


@register.filter
def minor_units(minor: int, currency: str) -> str:
    """Show minor units of a currency: `{{ tally.minor|minor_units:total.currency }}`."""
    return shown(minor, currency)
