"""Admin pages of outgoing webhooks: where events go, and what became of each."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from core import event_types
from core.backoffice.admin import ReadOnlyAdmin, TenantAdmin, TenantForm, badge
from core.invalid import FieldsInvalid
from core.models import WebhookDelivery, WebhookEndpoint
from core.operations.outgoing import (
    DeliveryUnderWay,
    EndpointOff,
    announce_test,
    replay_delivery,
)
from core.operations.webhook_endpoints import (
    TooManyEndpoints,
    change_endpoint,
    make_endpoint,
    roll_secret,
)

_BADGES = {"delivered": "good", "given_up": "failed"}


class EndpointForm(TenantForm):
    """Where events go; stored by the operation, whose refusals stand at their fields."""

    event_types = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all of them."
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "event_types", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event_types"].choices = [  # type: ignore[attr-defined]
            (name, f"{name}: {words}") for name, words in event_types.known().items()
        ]

    def _post_clean(self) -> None:
        if self.errors:
            return
        fields = dict(self.cleaned_data)
        try:
            with transaction.atomic():
                if self.instance._state.adding:
                    fields.pop("is_active", None)
                    self.instance = make_endpoint(**fields)
                else:
                    self.instance = change_endpoint(endpoint_id=self.instance.pk, changes=fields)
        except FieldsInvalid as refusal:
            for wrong in refusal.errors:
                self.add_error(wrong.field, wrong.detail)
        except TooManyEndpoints as error:
            self.add_error(None, str(error))


@admin.register(WebhookEndpoint)
class EndpointAdmin(TenantAdmin):
    """Where events are sent."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change", "delete"})
    form = EndpointForm
    list_display = ("url", "description", "state", "failing_since")
    search_fields = ("url", "description")
    actions = ("try_it", "roll")
    readonly_fields = ("state", "shown_secret", "former_secret_until", "failing_since")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the secret of an endpoint that is there."""
        typed = ("url", "description", "event_types", "is_active")
        return typed[:3] if obj is None else (*typed, *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is never typed."""
        return list(self.readonly_fields) if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store nothing more: the form's operation has stored the row."""

    @admin.display(description="State")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        """Show whether it is told, and whether it listens."""
        if not endpoint.is_active:
            return badge("failed", f"Off. {endpoint.off_reason}".strip())
        return badge("wait", "Failing") if endpoint.failing_since else badge("active", "Active")

    @admin.display(description="Secret")
    def shown_secret(self, endpoint: WebhookEndpoint) -> str:
        """Show what signs, to those who may change it."""
        return str(endpoint.secret)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may act on rows."""
        return self.may(request, "change")

    @admin.action(description="Send a test event", permissions=["act"])
    def try_it(self, request: HttpRequest, rows: QuerySet[WebhookEndpoint]) -> None:
        """Send `webhook.test` to the chosen endpoints."""
        for endpoint in rows:
            try:
                announce_test(endpoint_id=endpoint.pk, now=timezone.now())
            except EndpointOff as error:
                self.message_user(request, f"{endpoint}: {error}", messages.WARNING)
            else:
                self.message_user(request, f"{endpoint}: sent; the deliveries show its answer.")

    @admin.action(description="Replace the secret; both sign for a day", permissions=["act"])
    def roll(self, request: HttpRequest, rows: QuerySet[WebhookEndpoint]) -> None:
        """Give the chosen endpoints a new secret."""
        for endpoint in rows:
            roll_secret(endpoint_id=endpoint.pk, now=timezone.now())
            self.log_change(request, endpoint, "Replaced the secret.")
            self.message_user(request, f"{endpoint}: the new secret stands on its page.")


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What was sent, and what came back."""

    counselor_may: ClassVar[frozenset[str]] = frozenset()
    list_display = (
        "created_at", "event_type", "endpoint", "shown_state", "attempts", "last_status",
        "next_at",
    )  # fmt: skip
    list_filter = ("state", "message__event_type")
    list_select_related = ("message", "endpoint")
    search_fields = ("message__event_type", "=message__subject", "endpoint__url")
    fields = (
        "endpoint", "event_type", "shown_state", "attempts", "last_status", "last_answer",
        "tried_at", "next_at", "delivered_at", "body",
    )  # fmt: skip
    actions = ("replay",)

    @admin.display(description="Event", ordering="message__event_type")
    def event_type(self, delivery: WebhookDelivery) -> str:
        """Show the type."""
        return delivery.message.event_type

    @admin.display(description="State", ordering="state")
    def shown_state(self, delivery: WebhookDelivery) -> SafeString:
        """Show the state as a badge."""
        return badge(_BADGES.get(delivery.state, "wait"), delivery.get_state_display())

    @admin.display(description="Sent")
    def body(self, delivery: WebhookDelivery) -> str:
        """Show what is sent, to the byte."""
        return delivery.message.body

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may send again."""
        return self.may(request, "view")

    @admin.action(description="Send once more", permissions=["replay"])
    def replay(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        """Send the chosen events again, with the same id."""
        for delivery in rows[:200]:
            try:
                replay_delivery(delivery_id=delivery.pk, now=timezone.now())
            except (DeliveryUnderWay, EndpointOff) as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                self.message_user(request, f"{delivery.message}: on its way again.")
