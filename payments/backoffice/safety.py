"""Admin pages against fraud: rules and lists to change, decisions and disputes to look at."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core.backoffice.admin import NOTHING, AnyModelForm, ReadOnlyAdmin, TenantAdmin, money_column
from core.models import User
from payments.marks import NotAParty, listed_form, mark
from payments.models import (
    CardTry,
    Dispute,
    EarlyWarning,
    FraudAlarm,
    FraudDecision,
    FraudRule,
    ListedParty,
    Movement,
)
from payments.operations.fraud_rules import list_party, rules_in_force


@admin.register(FraudRule)
class FraudRuleAdmin(TenantAdmin):
    """Rules of velocity; each company has its own, and none is deleted: it is switched off."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "change"})
    list_display = ("name", "counts", "by", "most", "window_seconds", "step", "is_on")
    list_filter = ("is_on", "counts", "by", "step")
    search_fields = ("name",)
    fields = ("name", "counts", "by", "currency", "most", "window_seconds", "step", "is_on")
    readonly_fields = ("counts", "by", "currency", "step")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the rules; a company that has none yet gets the first ones."""
        if self.has_view_permission(request):
            rules_in_force()
        return super().changelist_view(request, extra_context)


class PartyForm(AnyModelForm):
    """Takes an address, an e-mail, a card or a country in the form that is compared."""

    value = forms.CharField(max_length=254)

    class Meta:
        model = ListedParty
        fields = ("kind", "by", "value", "note")

    def clean(self) -> dict[str, Any]:
        """Refuse what is no such thing, or listed already."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("by") and data.get("value"):
            try:
                data["value"] = listed_form(data["by"], data["value"])
            except NotAParty as error:
                raise ValidationError({"value": str(error)}) from None
            if ListedParty.objects.filter(mark=mark(data["by"], data["value"])).exists():
                raise ValidationError({"value": "This stands on a list already."})
        return data


@admin.register(ListedParty)
class ListedPartyAdmin(TenantAdmin):
    """Who always passes, and who never does."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "delete"})
    form = PartyForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = ("value", "by", "kind", "note", "added_by", "created_at")
    list_filter = ("kind", "by")
    list_select_related = ("added_by",)
    fields = ("kind", "by", "value", "note")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Put the party on the list."""
        by = cast("User", request.user)
        stored = list_party(kind=obj.kind, by=obj.by, value=obj.value, note=obj.note, user=by)
        obj.pk, obj.tenant_id = stored.pk, stored.tenant_id


@admin.register(FraudDecision)
class FraudDecisionAdmin(ReadOnlyAdmin):
    """What was decided about tries to pay, with the reason. Nobody changes it."""

    details = "a decision with an address"

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("created_at", "outcome", "reason", "link", "passed_check")
    list_filter = ("outcome", "passed_check")
    search_fields = ("reason",)
    list_select_related = ("link",)
    fields = (
        "outcome", "reason", "rule", "counted", "link", "checkout", "passed_check", "address",
        "created_at",
    )  # fmt: skip


@admin.register(FraudAlarm)
class FraudAlarmAdmin(ReadOnlyAdmin):
    """When the owner was told of a broken rule."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("raised_at", "reason", "link", "step", "times", "ended_at")
    list_filter = ("step",)
    search_fields = ("reason",)
    list_select_related = ("link",)
    fields = (
        "reason", "rule", "link", "step", "raised_at", "last_at", "times", "ended_at", "ended_by",
    )  # fmt: skip


@admin.register(CardTry)
class CardTryAdmin(ReadOnlyAdmin):
    """Each card that was tried, with Stripe Radar's outcome."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("made_at", "is_paid", "risk_level", "risk_score", "decline_code", "country")
    list_filter = ("is_paid", "risk_level")
    search_fields = ("=stripe_charge_id",)
    fields = (
        "checkout", "stripe_charge_id", "is_paid", "method", "country", "decline_code",
        "risk_level", "risk_score", "outcome_type", "outcome_reason", "seller_message",
        "is_secured", "suspicion", "cleared_at", "cleared_by", "made_at",
    )  # fmt: skip


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Disputes, as Stripe said last."""

    list_display = ("opened_at", money_column("amount", "Amount"), "status", "reason", "answer_by")
    list_filter = ("status", "currency")
    search_fields = ("=stripe_dispute_id", "=stripe_charge_id")
    fields = (
        "payment", "status", "reason", "amount", "fee_minor", "submissions", "answer_by",
        "stripe_dispute_id", "stripe_charge_id", "opened_at", "read_at",
    )  # fmt: skip


@admin.register(EarlyWarning)
class EarlyWarningAdmin(ReadOnlyAdmin):
    """Early fraud warnings of the cards' banks."""

    list_display = ("warned_at", "payment", "fraud_type", "is_actionable", "decision")
    list_filter = ("is_actionable", "decision")
    search_fields = ("=stripe_warning_id", "=stripe_charge_id")
    list_select_related = ("payment",)
    fields = (
        "payment", "fraud_type", "is_actionable", "warned_at", "decision", "decided_at",
        "decided_by", "stripe_warning_id", "stripe_charge_id",
    )  # fmt: skip


@admin.register(Movement)
class MovementAdmin(ReadOnlyAdmin):
    """The balance at Stripe, movement by movement."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("made_at", "kind", money_column("amount", "Amount"), "fee_minor", "source_id")
    list_filter = ("kind", "currency")
    search_fields = ("=stripe_movement_id", "=source_id")
    fields = (
        "kind", "amount", "fee_minor", "source_id", "stripe_movement_id", "made_at", "created_at",
    )  # fmt: skip
