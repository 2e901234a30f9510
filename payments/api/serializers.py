"""What goes in and out of the payments API: types here, rules in the operations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from core.api.serializers import StrictSerializer
from core.currencies import CurrencyRefused, normalise
from core.money import Money
from payments.models import Checkout, LinkTemplate, LinkVersion, Payment, PaymentLink, Refund
from payments.operations.offers import FIELD_TYPES, MOST_ITEMS, MOST_OPTIONS

# The three words that people and programs are shown; finer states stand beside them.
STATUS = {
    Payment.State.PENDING: "pending",
    Payment.State.SUCCEEDED: "success",
    Payment.State.FAILED: "failure",
}


def amount_of(value: Money) -> dict[str, Any]:
    """Return an amount as the API shows it."""
    return {"minor": value.minor, "currency": value.currency, "display": value.display()}


class AmountField(serializers.Field[Money, Any, dict[str, Any], Money]):
    """An amount as minor units, currency and the text to show."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Money) -> dict[str, Any]:
        """Return `{"minor": 1250, "currency": "EUR", "display": "€12.50"}`."""
        return amount_of(value)


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
class LinkItemFields(StrictSerializer):
    """One item of a link; both bounds let the customer change the quantity within them."""

    name = serializers.CharField(max_length=120)
    unit_amount_minor = serializers.IntegerField(help_text="In the smallest unit, such as cents.")
    quantity = serializers.IntegerField(default=1)
    min_quantity = serializers.IntegerField(default=None, allow_null=True)
    max_quantity = serializers.IntegerField(default=None, allow_null=True)


class LinkQuestionFields(StrictSerializer):
    """One question to the customer; `key` is made from the label if it is not given."""

    key = serializers.CharField(max_length=40, default="", allow_blank=True)
    label = serializers.CharField(max_length=50)  # type: ignore[assignment]
    type = serializers.ChoiceField(FIELD_TYPES, default="text")
    is_required = serializers.BooleanField(default=False)
    options = serializers.ListField(
        child=serializers.CharField(max_length=100), default=list, max_length=MOST_OPTIONS
    )


class LinkTermsFields(StrictSerializer):
    """What can be said of a payment link. `max_payments` null means as often as people like.

    `pricing` says which fields tell the amount: `amount_minor` for fixed and parts,
    `min_amount_minor`, `max_amount_minor` and `preset_amount_minor` for chosen, `items` for items.
    """

    pricing = serializers.ChoiceField(PaymentLink.Pricing.choices, required=False)
    amount_minor = serializers.IntegerField(
        required=False, help_text="In the smallest unit, such as cents; for fixed and parts."
    )
    min_amount_minor = serializers.IntegerField(required=False, allow_null=True)
    max_amount_minor = serializers.IntegerField(required=False, allow_null=True)
    preset_amount_minor = serializers.IntegerField(required=False, allow_null=True)
    items = LinkItemFields(many=True, required=False, max_length=MOST_ITEMS)  # type: ignore[call-arg]
    min_part_minor = serializers.IntegerField(
        required=False, allow_null=True, help_text="The least that the first part may be."
    )
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
    customer_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    customer_email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    custom_fields = LinkQuestionFields(many=True, required=False)
    terms_text = serializers.CharField(max_length=500, required=False, allow_blank=True)
    terms_url = serializers.CharField(max_length=500, required=False, allow_blank=True)


class LinkFields(LinkTermsFields):
    """A new payment link: all that it says, or a template and what it says otherwise."""

    template = serializers.UUIDField(required=False)
    currency = CurrencyField(max_length=3, required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ask for what no template can say for it."""
        if "template" not in data and "currency" not in data:
            raise serializers.ValidationError(
                {"currency": [ErrorDetail("This field is required.", code="required")]}
            )
        return data


class LinkAnswer(serializers.ModelSerializer[PaymentLink]):
    """A payment link with its address and what it is at this moment.

    `received` and `remaining` tell how far a link has come that is paid in parts.
    """

    url = serializers.CharField(read_only=True)
    status = serializers.SerializerMethodField()
    amount = Amount()
    min_amount_minor = serializers.IntegerField(allow_null=True)
    max_amount_minor = serializers.IntegerField(allow_null=True)
    preset_amount_minor = serializers.IntegerField(allow_null=True)
    items = LinkItemFields(many=True)
    min_part_minor = serializers.IntegerField(allow_null=True)
    received = serializers.SerializerMethodField()
    remaining = serializers.SerializerMethodField()
    custom_fields = LinkQuestionFields(many=True)
    terms_text = serializers.CharField()
    terms_url = serializers.CharField()
    customer_name = serializers.CharField()
    customer_email = serializers.CharField()
    livemode = serializers.SerializerMethodField()

    class Meta:
        model = PaymentLink
        fields = (
            "id", "url", "status", "pricing", "amount", "min_amount_minor", "max_amount_minor",
            "preset_amount_minor", "items", "min_part_minor", "received", "remaining", "title",
            "description", "reference", "starts_at", "expires_at", "max_payments", "paid_count",
            "customer_name", "customer_email", "custom_fields", "terms_text", "terms_url",
            "after_payment_message", "redirect_url", "deactivated_at", "version", "terms_version",
            "livemode", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(AmountSchema(allow_null=True))
    def get_received(self, link: PaymentLink) -> dict[str, Any] | None:
        """Return what has come of a link that is paid in parts; null for others."""
        return amount_of(link.received) if link.is_in_parts else None

    @extend_schema_field(AmountSchema(allow_null=True))
    def get_remaining(self, link: PaymentLink) -> dict[str, Any] | None:
        """Return what is still to come of a link that is paid in parts; null for others."""
        return amount_of(link.remaining) if link.is_in_parts else None

    @extend_schema_field(serializers.ChoiceField(PaymentLink.Status.choices))
    def get_status(self, link: PaymentLink) -> str:
        """Return what the link is at the moment of the request."""
        return link.status_at(self.context["now"])

    def get_livemode(self, link: PaymentLink) -> bool:
        """Return whether real money moves."""
        return bool(settings.STRIPE_LIVE_MODE)


class SoldItemAnswer(serializers.Serializer[Any]):
    """One line as it was chosen."""

    name = serializers.CharField()
    unit_amount_minor = serializers.IntegerField()
    quantity = serializers.IntegerField()


class GivenAnswer(serializers.Serializer[Any]):
    """What a customer answered."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()


class ConsentAnswer(serializers.Serializer[Any]):
    """Which terms a customer agreed to, and when; `version` is the link's."""

    at = serializers.DateTimeField()
    text = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class CheckoutAnswer(serializers.ModelSerializer[Checkout]):
    """One try to pay, with the reason if it failed, and what was chosen for it.

    `link_version` is the version of the link that it was made under.
    """

    amount = Amount()
    link_version = serializers.IntegerField(source="link_version.number", default=None)
    items = SoldItemAnswer(many=True)
    answers = GivenAnswer(many=True)
    consent = ConsentAnswer(allow_null=True)

    class Meta:
        model = Checkout
        fields = (
            "id", "state", "amount", "link_version", "items", "answers", "consent", "decline_code",
            "decline_message", "last_error", "stripe_session_id", "session_expires_at",
            "created_at",
        )  # fmt: skip


class LinkVersionAnswer(serializers.ModelSerializer[LinkVersion]):
    """What a link said from `made_at` until its next version, and what that version changed."""

    made_by = serializers.CharField(source="made_by.username", default=None, allow_null=True)
    terms = serializers.SerializerMethodField()

    class Meta:
        model = LinkVersion
        fields = ("number", "made_at", "made_by", "changed", "terms")

    @extend_schema_field(serializers.DictField())
    def get_terms(self, version: LinkVersion) -> dict[str, Any]:
        """Return every field as it was."""
        return dict(version.terms)


class LinkTemplateFields(StrictSerializer):
    """Which link's terms to keep, and under which name."""

    link = serializers.UUIDField()
    name = serializers.CharField(max_length=80)


class LinkTemplateAnswer(serializers.ModelSerializer[LinkTemplate]):
    """A template: what it says goes into each link made from it."""

    terms = serializers.SerializerMethodField()

    class Meta:
        model = LinkTemplate
        fields = ("id", "name", "terms", "version", "created_at", "updated_at")

    @extend_schema_field(serializers.DictField())
    def get_terms(self, template: LinkTemplate) -> dict[str, Any]:
        """Return what links made from it say."""
        return dict(template.terms)


class LinkImportFields(StrictSerializer):
    """A CSV file as text; without `dry_run` its good rows become links."""

    # No max_length: the documentation's page would make an example of that length. What is too
    # long is refused by the reader of files, and before that by the view's `max_body_bytes`.
    csv = serializers.CharField(trim_whitespace=False, style={"multiline": True})
    template = serializers.UUIDField(required=False, allow_null=True)
    file_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    dry_run = serializers.BooleanField(default=False)


class LinkRowErrorAnswer(serializers.Serializer[Any]):
    """What is wrong with one cell of a row."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class LinkImportRowAnswer(serializers.Serializer[Any]):
    """What became of one row: new, made (by an earlier file) or refused; a preview has no url."""

    line = serializers.IntegerField()
    result = serializers.ChoiceField(["new", "made", "refused"])
    link = serializers.UUIDField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    errors = LinkRowErrorAnswer(many=True)  # type: ignore[assignment]


class LinkImportAnswer(serializers.Serializer[Any]):
    """What became of a file, row by row."""

    import_id = serializers.UUIDField(allow_null=True)
    rows = LinkImportRowAnswer(many=True)


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
    link_version = serializers.IntegerField(source="checkout.link_version.number", default=None)
    items = SoldItemAnswer(many=True, source="checkout.items")
    answers = GivenAnswer(many=True, source="checkout.answers")
    consent = ConsentAnswer(allow_null=True, source="checkout.consent")
    livemode = serializers.SerializerMethodField()
    needs_decision = serializers.BooleanField()

    class Meta:
        model = Payment
        fields = (
            "id", "status", "amount", "refunded", "kind", "link", "link_version", "checkout",
            "items", "answers", "consent", "standing", "mismatch", "needs_decision", "decision",
            "method", "card_brand", "last4", "payer", "decline_code", "decline_message",
            "stripe_payment_intent_id", "stripe_charge_id", "paid_at", "livemode", "created_at",
            "updated_at",
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
