"""Admin pages of money: payments and refunds, read only but for actions that ask first."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from core.backoffice.admin import ReadOnlyAdmin, badge, money_column
from core.models import User
from payments.backoffice.confirm import after_confirmation
from payments.backoffice.settle import settle_with_note
from payments.models import Payment, Refund
from payments.operations.decisions import keep_payment, return_payment
from payments.operations.refunds import request_refund

Answer = HttpResponse | None


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments. Only admins keep, send back or refund them."""

    details = "a payment with its payer"

    list_display = (
        "made_at", "purpose", money_column("amount", "Amount"), "shown_state", "shown_standing",
        "method", money_column("refunded", "Refunded"),
    )  # fmt: skip
    list_filter = ("state", "standing", "decision", "currency", "method")
    search_fields = ("checkout__title", "=stripe_payment_intent_id", "=stripe_charge_id")
    list_select_related = ("checkout", "link")
    actions = ("keep", "send_back", "refund")
    fields = (
        "purpose", "link", "amount", "refunded", "state", "standing", "mismatch", "decision",
        "decided_by", "decided_at", "method", "card_brand", "last4", "payer_name", "payer_email",
        "decline_code", "decline_message", "stripe_payment_intent_id", "stripe_charge_id",
        "paid_at", "created_at", "updated_at",
    )  # fmt: skip

    @admin.display(description="When", ordering="created_at")
    def made_at(self, payment: Payment) -> Any:
        """Show when it was paid or first tried."""
        return payment.paid_at or payment.created_at

    @admin.display(description="For")
    def purpose(self, payment: Payment) -> str:
        """Show what it was for."""
        return payment.checkout.title

    @admin.display(description="State", ordering="state")
    def shown_state(self, payment: Payment) -> SafeString:
        """Show the state as a badge."""
        return badge(payment.state, payment.get_state_display())

    @admin.display(description="Expected?", ordering="standing")
    def shown_standing(self, payment: Payment) -> SafeString:
        """Show whether the money was expected, and what was decided."""
        decided = f", {payment.get_decision_display().lower()}" if payment.decision else ""
        return badge(payment.standing, f"{payment.get_standing_display()}{decided}")

    @admin.display(description="Payer")
    def payer_name(self, payment: Payment) -> str:
        """Show the payer's name, which lies encrypted."""
        return str(payment.payer.get("name", "-"))

    @admin.display(description="Payer's e-mail")
    def payer_email(self, payment: Payment) -> str:
        """Show the payer's e-mail, which lies encrypted."""
        return str(payment.payer.get("email", "-"))

    def has_money_permission(self, request: HttpRequest) -> bool:
        """Return whether the person decides about money."""
        return cast("User", request.user).is_admin

    @admin.action(description="Keep money that was not expected…", permissions=["money"])
    def keep(self, request: HttpRequest, rows: QuerySet[Payment]) -> Answer:
        """Keep late, surplus and mismatched payments."""
        keep = partial(keep_payment, by=cast("User", request.user), now=timezone.now())
        return after_confirmation(
            self, request, rows, action="keep", question="Keep these payments?", done="Kept",
            act=lambda payment: keep(payment_id=payment.pk),
        )  # fmt: skip

    @admin.action(description="Send back money that was not expected…", permissions=["money"])
    def send_back(self, request: HttpRequest, rows: QuerySet[Payment]) -> Answer:
        """Send late, surplus and mismatched payments back."""
        give_back = partial(return_payment, by=cast("User", request.user), now=timezone.now())
        return after_confirmation(
            self, request, rows, action="send_back", question="Send these payments back?",
            done="Sent back", act=lambda payment: give_back(payment_id=payment.pk),
        )  # fmt: skip

    @admin.action(description="Refund all that is left…", permissions=["money"])
    def refund(self, request: HttpRequest, rows: QuerySet[Payment]) -> Answer:
        """Refund what is left of payments."""
        ask = partial(
            request_refund,
            amount_minor=None,
            reason="",
            by=cast("User", request.user),
            now=timezone.now(),
        )
        return after_confirmation(
            self, request, rows, action="refund",
            question="Refund all that is left of these payments?", done="Refund asked for",
            act=lambda payment: ask(payment_id=payment.pk),
        )  # fmt: skip


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Refunds and how far they have come."""

    list_display = (
        "created_at", "purpose", money_column("amount", "Amount"), "shown_state", "reason",
        "requested_by", "last_error",
    )  # fmt: skip
    list_filter = ("state", "currency")
    actions = ("settle",)
    search_fields = ("payment__checkout__title", "=stripe_refund_id", "reason")
    list_select_related = ("payment__checkout", "requested_by")
    fields = (
        "purpose", "payment", "amount", "state", "reason", "requested_by", "stripe_refund_id",
        "attempts", "next_at", "last_error", "settled_at", "settled_by", "settled_note",
        "created_at", "updated_at",
    )  # fmt: skip

    @admin.display(description="Of the payment for")
    def purpose(self, refund: Refund) -> str:
        """Show what the payment was for."""
        return refund.payment.checkout.title

    @admin.display(description="State", ordering="state")
    def shown_state(self, refund: Refund) -> SafeString:
        """Show the state as a badge."""
        return badge(refund.state, refund.get_state_display())

    def has_money_permission(self, request: HttpRequest) -> bool:
        """Return whether the person decides about money."""
        return cast("User", request.user).is_admin

    @admin.action(description="Settled otherwise…", permissions=["money"])
    def settle(self, request: HttpRequest, rows: QuerySet[Refund]) -> Answer:
        """Note how the customers of failed refunds got their money after all."""
        return settle_with_note(self, request, rows)
