"""Admin pages of the tie to Stripe: the account, and the inbox of events."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice.admin import NOTHING, AnyModelForm, ReadOnlyAdmin, TenantAdmin, badge
from payments.backoffice.redact import without_payer
from payments.models import StripeAccount, StripeEvent
from payments.operations.accounts import NoSigningSecret, add_signing_secret, checked_secret
from payments.operations.retries import EventProcessed, process_again
from payments.queries import STUCK_AFTER_ATTEMPTS


class SigningSecretForm(AnyModelForm):
    """Takes a signing secret; what is stored is never shown."""

    new_signing_secret = forms.CharField(
        required=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From Stripe's dashboard, if the webhook endpoint was made or rolled there. The"
        " newest two are valid.",
    )

    class Meta:
        model = StripeAccount
        fields: tuple[str, ...] = ()

    def clean_new_signing_secret(self) -> str:
        """Refuse what is no signing secret."""
        secret: str = self.cleaned_data["new_signing_secret"]
        try:
            return secret and checked_secret(secret)
        except NoSigningSecret as error:
            raise ValidationError(str(error)) from None


@admin.register(StripeAccount)
class StripeAccountAdmin(TenantAdmin):
    """The company's account at Stripe. Keys go in and never come out."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    form = SigningSecretForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = ("stripe_account_id", "mode", "webhook_address", "secrets", "updated_at")
    fields = (
        "stripe_account_id", "mode", "key", "webhook_address", "secrets", "new_signing_secret",
        "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = (
        "stripe_account_id", "mode", "key", "webhook_address", "secrets", "created_at",
        "updated_at",
    )  # fmt: skip
    actions = None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the page that asks Stripe, which must not happen in this transaction."""
        if not self.has_add_permission(request):
            raise PermissionDenied("Only admins connect a Stripe account.")
        return HttpResponseRedirect(reverse("stripe_connect"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store a new signing secret; there is nothing else to be saved here."""
        secret = form.cleaned_data["new_signing_secret"]
        if secret:
            add_signing_secret(account_id=obj.pk, secret=secret)

    @admin.display(description="Mode", ordering="livemode")
    def mode(self, account: StripeAccount) -> SafeString:
        """Show whether real money moves."""
        return badge("good", "Live") if account.livemode else badge("wait", "Test")

    @admin.display(description="Secret key")
    def key(self, account: StripeAccount) -> SafeString:
        """Show that a key is stored, and where to replace it."""
        return format_html(
            'Stored, encrypted. <a href="{}">Replace it</a>', reverse("stripe_connect")
        )

    @admin.display(description="Webhook address")
    def webhook_address(self, account: StripeAccount) -> str:
        """Show where Stripe has to send events."""
        return account.webhook_url

    @admin.display(description="Signing secrets")
    def secrets(self, account: StripeAccount) -> SafeString:
        """Show how many signing secrets are valid."""
        count = len(account.webhook_secrets)
        if not count:
            return badge("bad", "None: events are refused")
        return badge("good", f"{count} stored")


class StateFilter(admin.SimpleListFilter):
    """Narrows events by what became of them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states of events."""
        return [("waiting", "Not processed"), ("stuck", "Tried in vain"), ("done", "Processed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the events in the chosen state."""
        waiting = queryset.filter(processed_at=None)
        return {
            "waiting": waiting,
            "stuck": waiting.filter(attempts__gte=STUCK_AFTER_ATTEMPTS),
            "done": queryset.filter(processed_at__isnull=False),
        }.get(self.value() or "", queryset)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """The inbox of verified events. Admins only: payloads name payers, if blotted out here."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("created_at", "type", "shown_state", "attempts", "last_error")
    list_filter = (StateFilter,)
    search_fields = ("=stripe_event_id", "=object_id", "type")
    actions = ("again",)
    fields = (
        "stripe_event_id", "type", "object_id", "stripe_created_at", "created_at", "processed_at",
        "outcome", "attempts", "next_at", "last_error", "mirrored_at", "shown_payload",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeEvent]:
        """Leave payloads in the database until one is looked at."""
        return super().get_queryset(request).defer("payload")

    @admin.display(description="State")
    def shown_state(self, event: StripeEvent) -> SafeString:
        """Show what became of the event."""
        if event.processed_at is not None:
            return badge("good", event.outcome or "processed")
        return badge("bad" if event.last_error else "wait", "not processed")

    @admin.display(description="Payload, without the payer")
    def shown_payload(self, event: StripeEvent) -> SafeString:
        """Show what Stripe sent."""
        text = json.dumps(without_payer(event.payload), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)

    def has_again_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may have events processed again."""
        return self.may(request, "view")

    @admin.action(description="Process again", permissions=["again"])
    def again(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """Send the chosen unprocessed events to be acted on now."""
        for event in events:
            try:
                process_again(event_id=event.pk, now=timezone.now())
            except EventProcessed as error:
                self.message_user(request, f"{event}: {error}", messages.WARNING)
            else:
                self.log_change(request, event, "Sent to be processed again")
                self.message_user(request, f"{event} is being processed again.")
