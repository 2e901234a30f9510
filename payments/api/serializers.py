"""What goes in and out of the payments API: types here, rules in the operations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from core.currencies import CurrencyRefused, normalise
from core.money import Money
from payments.models import Checkout, Payment, PaymentLink, Refund

# The three words that people and programs are shown; finer states stand beside them.
STATUS = {
    Payment.State.PENDING: "pending",
    Payment.State.SUCCEEDED: "success",
    Payment.State.FAILED: "failure",
}


class AmountField(serializers.Field[Money, Any, dict[str, Any], Money]):
    """An amount as minor units, currency and the text to show."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Money) -> dict[str, Any]:
        """Return `{"minor": 1250, "currency": "EUR", "display": "€12.50"}`."""
        return {"minor": value.minor, "currency": value.currency, "display": value.display()}


class AmountSchema(serializers.Serializer[Any]):
    """An amount of money."""

    minor = serializers.IntegerField(help_text="In the smallest unit, such as cents.")
    currency = serializers.CharField(help_text="ISO 4217.")
    display = serializers.CharField(help_text="For people; not for computing.")


Amount = extend_schema_field(AmountSchema)(AmountField)


class CurrencyField(serializers.CharField):
    """A currency's ISO code, in either case."""

    def to_internal_value(self, data: Any) -> str:
        """Return the code in capitals; refuse one that Stripe cannot charge in."""
        try:
            return normalise(super().to_internal_value(data))
        except CurrencyRefused as error:
            raise serializers.ValidationError(str(error), code="currency_unusable") from error


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A deposit, payable once",
            value={
                "amount_minor": 12500,
                "currency": "EUR",
                "description": "Deposit for the tasting room",
                "expires_at": "2030-12-24T18:00:00Z",
                "max_payments": 1,
            },
            request_only=True,
        )
    ]
)
class LinkFields(StrictSerializer):
    """What can be said of a payment link. `max_payments` null means as often as people like."""

    amount_minor = serializers.IntegerField(help_text="In the smallest unit, such as cents.")
    currency = CurrencyField(max_length=3)
    title = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, style={"multiline": True}
    )
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    max_payments = serializers.IntegerField(required=False, allow_null=True)
    after_payment_message = serializers.CharField(max_length=500, required=False, allow_blank=True)
    redirect_url = serializers.CharField(max_length=500, required=False, allow_blank=True)


class LinkAnswer(serializers.ModelSerializer[PaymentLink]):
    """A payment link with its address and what it is at this moment."""

    url = serializers.CharField(read_only=True)
    status = serializers.SerializerMethodField()
    amount = Amount()
    livemode = serializers.SerializerMethodField()

    class Meta:
        model = PaymentLink
        fields = (
            "id", "url", "status", "amount", "title", "description", "reference", "starts_at",
            "expires_at", "max_payments", "paid_count", "after_payment_message", "redirect_url",
            "deactivated_at", "version", "livemode", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(PaymentLink.Status.choices))
    def get_status(self, link: PaymentLink) -> str:
        """Return what the link is at the moment of the request."""
        return link.status_at(self.context["now"])

    def get_livemode(self, link: PaymentLink) -> bool:
        """Return whether real money moves."""
        return bool(settings.STRIPE_LIVE_MODE)


class CheckoutAnswer(serializers.ModelSerializer[Checkout]):
    """One try to pay, with the reason if it failed."""

    class Meta:
        model = Checkout
        fields = (
            "id", "state", "decline_code", "decline_message", "last_error", "stripe_session_id",
            "session_expires_at", "created_at",
        )  # fmt: skip


class RefundAnswer(serializers.ModelSerializer[Refund]):
    """A refund and how far it has come."""

    amount = Amount()

    class Meta:
        model = Refund
        fields = (
            "id", "payment", "amount", "state", "reason", "last_error", "stripe_refund_id",
            "created_at", "updated_at",
        )  # fmt: skip


class PaymentAnswer(serializers.ModelSerializer[Payment]):
    """Money that came, is on its way or failed to come."""

    status = serializers.SerializerMethodField()
    amount = Amount()
    refunded = Amount()
    payer = serializers.SerializerMethodField()
    kind = serializers.CharField(source="checkout.kind")
    livemode = serializers.SerializerMethodField()
    needs_decision = serializers.BooleanField()

    class Meta:
        model = Payment
        fields = (
            "id", "status", "amount", "refunded", "kind", "link", "checkout", "standing",
            "mismatch", "needs_decision", "decision", "method", "card_brand", "last4", "payer",
            "decline_code", "decline_message", "stripe_payment_intent_id", "stripe_charge_id",
            "paid_at", "livemode", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(["pending", "success", "failure"]))
    def get_status(self, payment: Payment) -> str:
        """Return one of the three words people are shown."""
        return STATUS[Payment.State(payment.state)]

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_payer(self, payment: Payment) -> dict[str, str]:
        """Return name and e-mail, as the payer gave them."""
        return dict(payment.payer)

    def get_livemode(self, payment: Payment) -> bool:
        """Return whether real money moved."""
        return bool(settings.STRIPE_LIVE_MODE)


class RefundFields(StrictSerializer):
    """What to send back: an amount in minor units, or all that is left."""

    amount_minor = serializers.IntegerField(
        required=False, min_value=1, help_text="In minor units; all that is left if not given."
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class DecisionFields(StrictSerializer):
    """What to do with money that was late, surplus or mismatched."""

    decision = serializers.ChoiceField(["keep", "refund"])
