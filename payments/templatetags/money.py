"""Show amounts, times and codes in the language of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_datetime
from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation.trans_real import parse_accept_lang_header

from core.languages import active_locale, browser_language, chosen_language
from core.money import Money
from payments import words
from payments.analytics.tables import shown
from payments.models import Payment
from payments.words import paid_with, why_refund_failed

register = template.Library()

# 24 hours and the month in letters: read alike everywhere.
PATTERN = "d MMM y, HH:mm"


def visitor_locale(request: HttpRequest) -> str:
    """Return the locale for amounts: the browser's own for the page's language, such as `nl_BE`.

    Whoever reads English because we do not speak their language still gets amounts by their own
    customs, such as `de_AT`.
    """
    spoken = active_locale()
    wanted = list(_locales_of_browser(request))
    for one in wanted:
        if one.language == spoken:
            return str(one)
    is_guess = not (chosen_language(request) or browser_language(request))
    return str(wanted[0]) if is_guess and wanted else spoken


def _locales_of_browser(request: HttpRequest) -> Iterator[Locale]:
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        with suppress(UnknownLocaleError, ValueError):
            yield Locale.parse(tag, sep="-")


@register.filter
def money(amount: Money, locale: str = "") -> str:
    """Show an amount by the customs of a locale: `{{ link.amount|money:locale }}`."""
    return amount.display(locale or active_locale())


@register.filter
def minor_money(minor: int, currency: str) -> str:
    """Show an amount of minor units: `{{ item.unit_amount_minor|minor_money:link.currency }}`."""
    return Money(minor, currency).display(active_locale())


@register.filter
def term_words(name: str) -> str:
    """Show what people call a field of a link."""
    return words.words_of_term(name)


@register.filter
def moment(when: datetime) -> str:
    """Show a time in the zone that is active: `24 Dec 2026, 18:00`."""
    local = timezone.localtime(when)
    return format_datetime(local, PATTERN, tzinfo=local.tzinfo, locale=active_locale())


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
    place = zone.rpartition("/")[2].replace("_", " ")
    here = gettext("%(place)s\N{NO-BREAK SPACE}time") % {"place": place}
    return f"{told} ({here})"


@register.filter
def method_words(payment: Payment) -> str:
    """Show what a payment was paid with: `Card · Visa ···· 4242`."""
    return paid_with(method=payment.method, brand=payment.card_brand, last4=payment.last4)


@register.filter
def short_method(payment: Payment) -> str:
    """Show to the payer what was paid with: `Visa ending in 4242`."""
    return words.short_method(brand=payment.card_brand, last4=payment.last4)


@register.filter
def refund_failure(reason: str) -> str:
    """Show why a refund failed."""
    return why_refund_failed(reason)


@register.filter
def minor_units(minor: int, currency: str) -> str:
    """Show minor units of a currency: `{{ tally.minor|minor_units:total.currency }}`."""
    return shown(minor, currency)
