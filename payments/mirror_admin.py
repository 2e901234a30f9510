"""Pages to look at what Stripe knows: dj-stripe's rows, read only.

They stand in for dj-stripe's own pages (2.11): those call Stripe from buttons that any member of
staff can press, fail on invoices and on searches, and show 500 JPY as 5.00. Here amounts are read
from Stripe's payload in minor units, and nothing can be changed. Models that hold keys, webhook
secrets or links to files have no page at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from djstripe import models as mirrored

from core.backoffice.admin import ReadOnlyAdmin, badge
from core.currencies import CurrencyRefused
from core.money import Money
from payments.models import StripeAccount

SHOWN: tuple[type[Model], ...] = (
    mirrored.Account,
    mirrored.ActiveEntitlement,
    mirrored.ApplicationFee,
    mirrored.ApplicationFeeRefund,
    mirrored.BalanceTransaction,
    mirrored.BankAccount,
    mirrored.Card,
    mirrored.Charge,
    mirrored.Coupon,
    mirrored.Customer,
    mirrored.Discount,
    mirrored.Dispute,
    mirrored.Feature,
    mirrored.Invoice,
    mirrored.InvoiceItem,
    mirrored.LineItem,
    mirrored.Mandate,
    mirrored.PaymentIntent,
    mirrored.PaymentMethod,
    mirrored.Payout,
    mirrored.Price,
    mirrored.Product,
    mirrored.ProductFeature,
    mirrored.PromotionCode,
    mirrored.Refund,
    mirrored.Session,
    mirrored.SetupIntent,
    mirrored.ShippingRate,
    mirrored.Subscription,
    mirrored.SubscriptionItem,
    mirrored.SubscriptionSchedule,
    mirrored.TaxCode,
    mirrored.TaxId,
    mirrored.TaxRate,
    mirrored.Transfer,
    mirrored.TransferReversal,
)

# Top-level amounts of Stripe's objects, the one for the list first.
AMOUNTS = (
    "amount", "amount_total", "total", "unit_amount", "subtotal", "amount_subtotal", "amount_due",
    "amount_paid", "amount_remaining", "amount_captured", "amount_received", "amount_refunded",
    "amount_reversed", "amount_capturable", "balance", "fee", "net", "amount_off",
)  # fmt: skip
STATES = ("status", "payment_status", "active", "valid", "deleted")
GOOD = {"succeeded", "paid", "complete", "active", "available", "won", "true", "Yes"}
BAD = {
    "failed", "canceled", "lost", "uncollectible", "unpaid", "void", "past_due", "needs_response",
}  # fmt: skip
# The list on which an id of this beginning is found.
LISTS = {
    "acct": "account", "ch": "charge", "cs": "session", "cus": "customer", "dp": "dispute",
    "du": "dispute", "in": "invoice", "pi": "paymentintent", "pm": "paymentmethod",
    "po": "payout", "price": "price", "prod": "product", "py": "charge", "re": "refund",
    "sub": "subscription", "tr": "transfer", "txn": "balancetransaction",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what Stripe says; `link` leads to the object that the value names."""

    name: str
    value: str
    link: str = ""


def payload_of(row: Any) -> dict[str, Any]:
    """Return Stripe's object as it was mirrored."""
    return row.stripe_data if isinstance(row.stripe_data, dict) else {}


def shown_amount(minor: int, currency: str) -> str:
    """Return an amount in words, also in a currency that Taproom does not take."""
    try:
        return Money(minor, currency.upper()).display()
    except CurrencyRefused:
        return f"{minor} minor units of {currency.upper()}"


def amounts_of(payload: dict[str, Any]) -> list[Fact]:
    """Return the amounts at the top of a payload; Stripe counts them in minor units."""
    currency = payload.get("currency")
    if not isinstance(currency, str):
        return []
    found = [(name, payload[name]) for name in AMOUNTS if type(payload.get(name)) is int]
    return [Fact(name.replace("_", " "), shown_amount(n, currency)) for name, n in found]


def state_of(payload: dict[str, Any]) -> str:
    """Return the state that Stripe gives the object, or nothing."""
    for name in STATES:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, bool):
            return name if value else f"not {name}"
    return ""


def list_link(stripe_id: str) -> str:
    """Return the page on which an object of Stripe is found by its id, or nothing."""
    name = LISTS.get(stripe_id.partition("_")[0])
    if name is None or "_" not in stripe_id:
        return ""
    return f"{reverse(f'admin:djstripe_{name}_changelist')}?{urlencode({'q': stripe_id})}"


def named_objects(payload: dict[str, Any]) -> list[Fact]:
    """Return the other objects that a payload names, with links."""
    texts = [(name, v) for name, v in payload.items() if name != "id" and isinstance(v, str)]
    linked = [Fact(name.replace("_", " "), value, list_link(value)) for name, value in texts]
    return [fact for fact in linked if fact.link]


class MirrorAdmin(ReadOnlyAdmin):
    """List, search and page of one kind of Stripe's objects, those of the company's own account."""

    counselor_may: ClassVar[frozenset[str]] = frozenset()
    list_display = ("id", "shown_amount", "shown_state", "shown_text", "created")
    ordering = ("-created", "-djstripe_id")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the objects that the company's Stripe account owns."""
        own = StripeAccount.objects.values("stripe_account_id")
        owner = "id__in" if self.model is mirrored.Account else "djstripe_owner_account__in"
        return super().get_queryset(request).filter(**{owner: own})

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the beginning of Stripe's id, and by name where there is one."""
        columns = {field.name for field in self.model._meta.concrete_fields}
        return ["id__startswith", *sorted(columns & {"name", "nickname", "email"})]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one object: its facts, its amounts, what it names, and the payload as it came."""
        if not self.has_view_permission(request):
            raise PermissionDenied("Your role does not open Stripe's objects.")
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404("No such object in the mirror of this company's Stripe account.")
        payload = payload_of(row)
        page = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": getattr(row, "id", ""),
            "row": row,
            "state": self.shown_state(row),
            "amounts": amounts_of(payload),
            "named": named_objects(payload),
            "payload": json.dumps(payload, indent=2, sort_keys=True, ensure_ascii=False),
        }
        return TemplateResponse(request, "admin/djstripe/object.html", page)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the object: nobody edits it here, so it has no history of its own."""
        return self.change_view(request, object_id)

    @admin.display(description="Amount")
    def shown_amount(self, row: Any) -> str:
        """Show the first amount of the object."""
        amounts = amounts_of(payload_of(row))
        return amounts[0].value if amounts else "-"

    @admin.display(description="State")
    def shown_state(self, row: Any) -> SafeString | str:
        """Show Stripe's state as a badge."""
        state = state_of(payload_of(row))
        look = "good" if state in GOOD else "bad" if state in BAD else "note"
        return badge(look, state.replace("_", " ")) if state else "-"

    @admin.display(description="Text")
    def shown_text(self, row: Any) -> str:
        """Show the words that tell the object from others."""
        payload = payload_of(row)
        words = (payload.get(n) for n in ("number", "name", "nickname", "description", "reason"))
        return next((str(word) for word in words if word), "-")


# dj-stripe gives itself no name that staff would know.
apps.get_app_config("djstripe").verbose_name = "Stripe mirror"

for model in SHOWN:
    admin.site.register(model, MirrorAdmin)
