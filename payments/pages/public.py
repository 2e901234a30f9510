"""Pages that customers see: what is to be paid, and what became of their payment.

There is no login: whoever has the address may look and pay. Looking only counts a view, after the
answer, and nothing here marks anything as paid.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.languages import language_for_stripe
from core.models import Entry
from core.money import Money
from core.tenancy import scope
from payments.models import Checkout, PaymentLink
from payments.operations.checkouts import (
    CheckoutRefused,
    LinkBusy,
    LinkNotPayable,
    NoStripeAccount,
)
from payments.operations.choices import Choice, ChoiceInvalid, LinkChanged, meant_amount
from payments.operations.starting import start_checkout
from payments.pages import choices, counter, outcome, visitor
from payments.pages.counter import NOTHING_SAID, Notice, Said
from payments.pages.departure import NOT_OPENED, examine, to_stripe
from payments.pages.privacy import public_page
from payments.pages.qr import qr_svg
from payments.pages.statistics import answer_statistics
from payments.pages.views_counted import count_after
from payments.queries import Counter, counter_of, outcome_of

View = Callable[[HttpRequest, Entry, str], HttpResponse]

# What the page says above its button; where it has none, the link's state says it all.
_SAID: dict[type[Exception], Notice | None] = {
    LinkNotPayable: None,
    NoStripeAccount: None,
    LinkBusy: Notice(name="busy", status=503),
    LinkChanged: Notice(name="changed", status=409),
    **NOT_OPENED,
}
_WRONG: Final = Notice(name="wrong", status=400)


def with_link(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Find what a token leads to and who looks; an unknown token gets the page that says so."""

    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        entry = Entry.find(Entry.Kind.PAYMENT_LINK, token)
        if entry is None or not entry.tenant.is_active:
            return counter.show(request, None, now=timezone.now())
        who = visitor.known_visitor(request) or visitor.new_visitor()
        return view(request, entry, who)

    return page


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@with_link
def pay(request: HttpRequest, entry: Entry, who: str) -> HttpResponse:
    """Show what is to be paid; a POST leads to Stripe's page."""
    if request.method == "POST":
        return _start(request, entry, who)
    return _show(request, entry, who)


def _show(request: HttpRequest, entry: Entry, who: str, said: Said = NOTHING_SAID) -> HttpResponse:
    now = timezone.now()
    # Who looks for the first time has no tries to be found; who pressed the button may have one.
    back = who if request.method == "POST" else visitor.known_visitor(request)
    with scope(entry.tenant_id, role="public"):
        found = _counter(entry, back, now)
        response = counter.show(request, found, now=now, who=who, said=said)
    if found is not None:
        count_after(request, response, entry, now)
    return response


def _counter(entry: Entry, who: str, now: datetime) -> Counter | None:
    return counter_of(
        entry.target_id, tenant=entry.tenant, visitor_hash=visitor.visitor_hash(who), now=now
    )


def _start(request: HttpRequest, entry: Entry, who: str) -> HttpResponse:
    """Lead a customer to Stripe's page, or say what keeps them from it; or reckon a total."""
    typed = choices.typed_in(request)
    if choices.UPDATE_FIELD in request.POST:
        return _show(request, entry, who, Said(typed=typed))
    choice = choices.choice_of(request)
    passage = examine(request, entry, amount=_meant(entry, choice))
    if passage.notice is not None:
        return _show(request, entry, who, Said(notice=passage.notice, typed=typed))
    try:
        checkout = start_checkout(
            tenant_id=entry.tenant_id,
            link_id=entry.target_id,
            visitor_hash=visitor.visitor_hash(who),
            choice=choice,
            verdict=passage.verdict,
            language=language_for_stripe(request),
            now=timezone.now(),
        )
    except CheckoutRefused:
        return _show(request, entry, who, Said(state="refused"))
    except ChoiceInvalid as refusal:
        typed = choices.typed_in(request, refusal)
        return _show(request, entry, who, Said(notice=_WRONG, typed=typed))
    except tuple(_SAID) as error:
        return _show(request, entry, who, Said(notice=_SAID[type(error)], typed=typed))
    return _to_stripe(request, checkout, who)


def _meant(entry: Entry, choice: Choice) -> Money | None:
    """Return how much is to be paid, for the owner's rules; None where it cannot be read."""
    # An e-mail that the link fills in proves nothing about who presses the button.
    with scope(entry.tenant_id, role="public"):
        link = PaymentLink.objects.filter(pk=entry.target_id).first()
        return meant_amount(link, choice) if link is not None else None


def _to_stripe(request: HttpRequest, checkout: Checkout, who: str) -> HttpResponse:
    response = to_stripe(checkout)
    visitor.remember(response, who, path=request.path.rstrip("/") + "/")
    return response


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_POST
@public_page
@with_link
def pay_statistics(request: HttpRequest, entry: Entry, who: str) -> HttpResponse:
    """Remember whether this visitor agreed to be counted by Google Analytics."""
    return answer_statistics(request, entry)


@require_safe
@public_page
@with_link
def pay_return(request: HttpRequest, entry: Entry, who: str) -> HttpResponse:
    """Say what became of the payment that the customer comes back from."""
    now = timezone.now()
    with scope(entry.tenant_id, role="public"):
        found = _counter(entry, who, now)
        session_id = outcome.session_asked_for(request)
        became = outcome_of(found.link, session_id=session_id) if found else None
        if found is None or became is None:
            return counter.show(request, found, now=now, who=who)
        outcome.ask_stripe(became.checkout, now)
        return outcome.show(request, found, became, who=who, now=now)


@require_safe
@public_page
@with_link
def pay_qr(request: HttpRequest, entry: Entry, who: str) -> HttpResponse:
    """Draw the link's public address as a QR code."""
    return qr_svg(settings.PUBLIC_URL + request.path.removesuffix("qr.svg"))
