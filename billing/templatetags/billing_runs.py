"""Show the states and amounts of billing runs."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.models import BillingRun
from core.money import Money

register = template.Library()

_RUN = {"compiling": "good", "review": "wait", "finalizing": "good", "stopped": "bad"}


@register.filter
def billing_run_badge(run: BillingRun) -> SafeString:
    """Show how far a run is."""
    kind = _RUN.get(run.state, "note")
    return format_html('<span class="badge {}">{}</span>', kind, run.get_state_display())


@register.filter
def minor(amount: int, currency: str) -> str:
    """Show an amount of minor units: `{{ total.net_minor|minor:total.currency }}`."""
    return Money(int(amount), currency).display()


@register.filter
def run_month(month: date) -> str:
    """Show a month: `October 2026`."""
    return format_date(month, "LLLL y", locale="en")
