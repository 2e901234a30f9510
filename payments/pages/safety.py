"""The staff page against fraud: alarms, rules, lists and what was decided."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.models import User
from core.pages import StaffRequest, staff_page
from payments.forms import PartyForm, RuleForm
from payments.models import CardTry, FraudAlarm, FraudRule, ListedParty
from payments.operations.card_tries import clear_card_try
from payments.operations.fraud_rules import (
    PartyInvalid,
    RuleInvalid,
    change_rule,
    end_alarm,
    list_party,
    rules_in_force,
    unlist_party,
)
from payments.pages.records import note
from payments.queries_safety import decisions, open_alarms, suspicious_tries

PER_PAGE = 50
ADMINS = frozenset({User.Role.ADMIN.value})


def _back(anchor: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("safety") + anchor)


def _page(request: StaffRequest, party: PartyForm, status: int = 200) -> HttpResponse:
    rules_in_force()  # makes the first ones of a company that has none
    context = {
        "alarms": open_alarms(),
        "suspicious": suspicious_tries()[:PER_PAGE],
        "rules": [(rule, RuleForm.of(rule)) for rule in FraudRule.objects.all()],
        "parties": ListedParty.objects.select_related("added_by")[:PER_PAGE],
        "party": party,
        "page": Paginator(decisions(), PER_PAGE).get_page(request.GET.get("page")),
    }
    return TemplateResponse(request, "payments/staff/safety.html", context, status=status)


@require_safe
@staff_page(roles=ADMINS)
def safety(request: StaffRequest) -> HttpResponse:
    """Show what protects against stolen cards, and what it did."""
    return _page(request, PartyForm())


@require_POST
@staff_page(roles=ADMINS)
def rule_change(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Change a rule's limit, window and whether it is on."""
    rule = get_object_or_404(FraudRule, pk=pk)
    form = RuleForm(request.POST, prefix=f"rule-{rule.pk}")
    if not form.is_valid():
        wrong = "; ".join(f"{name}: {errors[0]}" for name, errors in form.errors.items())
        messages.error(request, f"“{rule.name}” was not changed. {wrong}")
        return _back("#rules-title")
    try:
        change_rule(
            rule_id=pk,
            most=form.cleaned_data["most"],
            window_seconds=form.window_seconds,
            is_on=form.cleaned_data["is_on"],
        )
    except RuleInvalid as error:
        messages.error(request, f"“{rule.name}” was not changed. {error}")
    else:
        note(rule, "Changed", by=request.user)
        messages.success(request, f"“{rule.name}” was changed.")
    return _back("#rules-title")


@require_http_methods(["POST"])
@staff_page(roles=ADMINS)
def party_list(request: StaffRequest) -> HttpResponse:
    """Put somebody on a list."""
    form = PartyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        party = list_party(**form.cleaned_data, user=request.user)
    except PartyInvalid as refusal:
        for wrong in refusal.errors:
            form.add_error(wrong.field if wrong.field in form.fields else None, wrong.detail)
        return _page(request, form, status=400)
    note(party, "Put on the list", by=request.user)
    messages.success(request, f"{party}: on the list.")
    return _back("#lists-title")


@require_POST
@staff_page(roles=ADMINS)
def party_unlist(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take somebody off a list."""
    unlist_party(party_id=pk)
    messages.success(request, "Taken off the list.")
    return _back("#lists-title")


@require_POST
@staff_page(roles=ADMINS)
def alarm_end(request: StaffRequest, pk: UUID) -> HttpResponse:
    """End an alarm; a link that it paused opens again."""
    alarm = get_object_or_404(FraudAlarm, pk=pk)
    end_alarm(alarm_id=pk, by=request.user, now=timezone.now())
    note(alarm.link or alarm, "Fraud alarm ended", by=request.user)
    messages.success(request, "The link is open again." if alarm.is_pause else "Seen to.")
    return _back()


@require_POST
@staff_page(roles=ADMINS)
def card_clear(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Note that a suspicious payment is in order."""
    found = get_object_or_404(CardTry, pk=pk)
    clear_card_try(card_try_id=pk, by=request.user, now=timezone.now())
    payment = found.checkout.payments.first()
    if payment is not None:
        note(payment, "Suspicion cleared", by=request.user)
    messages.success(request, "It stays paid, and leaves this list.")
    return _back()


@require_POST
@staff_page(roles=ADMINS)
def card_block(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Never let a card through again."""
    found = get_object_or_404(CardTry, pk=pk)
    if found.card:
        kind, why = ListedParty.Kind.BLOCK, f"Seen on charge {found.stripe_charge_id}"
        list_party(kind=kind, by="card", value=found.card, note=why, user=request.user)
        messages.success(request, "The card is blocked from now on.")
    else:
        messages.error(request, "Stripe gave no fingerprint of this card.")
    return _back("#lists-title")
