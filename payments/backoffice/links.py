"""Admin pages of payment links and of the tries to pay them."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice.admin import ReadOnlyAdmin, TenantAdmin, badge, money_column
from core.models import User
from core.pages import StaffRequest
from payments.backoffice.link_form import LinkAdminForm
from payments.models import Checkout, LinkTemplate, LinkVersion, PaymentLink
from payments.offer_forms import QUESTION_PARTS
from payments.operations.links import deactivate_link
from payments.words import words_of_choice

_BADGES = {
    "active": "active",
    "partially_paid": "active",
    "paid": "good",
    "limit_reached": "good",
    "not_yet_open": "note",
}


class StatusFilter(admin.SimpleListFilter):
    """Narrows links by what they are at this moment."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all statuses."""
        return [(str(value), str(label)) for value, label in PaymentLink.Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the links of the chosen status."""
        chosen = self.value()
        if chosen not in PaymentLink.Status.values:
            return queryset
        return queryset & PaymentLink.objects.with_status(str(chosen), timezone.now())


@admin.register(PaymentLink)
class PaymentLinkAdmin(TenantAdmin):
    """Links are made, edited and switched off; never deleted. What one said stays a version."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    form = LinkAdminForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = (
        "title", "reference", money_column("amount", "Amount"), "status", "paid", "expires_at",
        "created_at",
    )  # fmt: skip
    list_filter = (StatusFilter, "currency")
    search_fields = ("title", "reference")
    actions = ("switch_off", "share")
    date_hierarchy = None
    typed = (
        "title", "pricing", "amount", "currency", "min_amount", "max_amount", "preset_amount",
        "items", "min_part", "description", "reference", "starts_at", "expires_at", "limit",
        "max_payments", "customer_name", "customer_email",
        *(f"question_{place}_{part}" for place in (1, 2, 3) for part in QUESTION_PARTS),
        "terms_text", "terms_url", "after_payment_message", "redirect_url", "seen_version",
    )  # fmt: skip
    shown = (
        "title", "pricing", "amount", "description", "reference", "status", "paid", "starts_at",
        "expires_at", "address", "after_payment_message", "redirect_url", "deactivated_at",
        "created_by", "created_at",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what can be typed, or what there is to see of a link that stays as it is."""
        if not self.has_change_permission(request, obj) and obj is not None:
            return self.shown
        return self.typed if obj is None else (*self.typed, "status", "paid", "address")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is never typed."""
        return [] if obj is None else ["status", "paid", "address"]

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Tell the form who stores."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by = cast("User", request.user)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the company's currency."""
        tenant = cast("StaffRequest", request).tenant
        return {"currency": tenant.default_currency, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store nothing more: the form's operation has stored the link."""

    @admin.display(description="Status")
    def status(self, link: PaymentLink) -> SafeString:
        """Show what the link is now."""
        status = link.status_at(timezone.now())
        return badge(_BADGES.get(status, ""), str(status.label))

    @admin.display(description="Paid")
    def paid(self, link: PaymentLink) -> str:
        """Show how often it was paid, of how often it can be, or how much of it."""
        if link.is_in_parts:
            return f"{link.received.display()} of {link.amount.display()}"
        return f"{link.paid_count} of {link.max_payments or 'any number'}"

    @admin.display(description="Address")
    def address(self, link: PaymentLink) -> SafeString:
        """Show the address to send to the customer, ready to select."""
        return format_html(
            '<input class="vLargeTextField" value="{}" readonly aria-label="Address">', link.url
        )

    @admin.action(description="Switch off the chosen links", permissions=["change"])
    def switch_off(self, request: HttpRequest, links: QuerySet[PaymentLink]) -> None:
        """Switch links off and close the payment pages that are open for them."""
        now = timezone.now()
        for link in links.filter(deactivated_at=None):
            deactivate_link(link_id=link.pk, now=now)
            self.log_change(request, link, "Switched off")
            self.message_user(request, f"{link.title} is switched off.")

    @admin.action(description="Send by e-mail…", permissions=["change"])
    def share(self, request: HttpRequest, links: QuerySet[PaymentLink]) -> HttpResponse | None:
        """Lead to the page that asks to whom; one link at a time."""
        chosen = list(links[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("link_share", args=[chosen[0].pk]))
        self.message_user(request, "Choose one link to send.", messages.WARNING)
        return None


@admin.register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin):
    """Tries to pay, with the reason if they failed."""

    list_display = ("title", money_column("amount", "Amount"), "shown_state", "why", "created_at")
    list_filter = ("state", "kind", "currency")
    search_fields = ("title", "=stripe_session_id", "=stripe_payment_intent_id")
    list_select_related = ("link",)
    fields = (
        "title", "kind", "link", "link_version", "amount", "state", "chosen", "decline_code",
        "decline_message", "last_error", "stripe_session_id", "stripe_payment_intent_id",
        "session_expires_at", "checked_at", "created_at", "updated_at",
    )  # fmt: skip

    @admin.display(description="State", ordering="state")
    def shown_state(self, checkout: Checkout) -> SafeString:
        """Show the state as a badge."""
        return badge(checkout.state, checkout.get_state_display())

    @admin.display(description="Chosen")
    def chosen(self, checkout: Checkout) -> str:
        """Show what the customer chose, answered and agreed to."""
        return words_of_choice(checkout)

    @admin.display(description="Why")
    def why(self, checkout: Checkout) -> str:
        """Show why it failed, if it did."""
        return checkout.decline_message or checkout.last_error or "-"


@admin.register(LinkVersion)
class LinkVersionAdmin(ReadOnlyAdmin):
    """What links said over time."""

    list_display = ("link", "number", "made_at", "made_by", "what")
    list_select_related = ("link", "made_by")
    fields = ("link", "number", "made_at", "made_by", "what", "said")

    @admin.display(description="Changed")
    def what(self, version: LinkVersion) -> str:
        """Show which fields it changed."""
        return ", ".join(version.changed) or "new"

    @admin.display(description="It said")
    def said(self, version: LinkVersion) -> str:
        """Show all that the link said."""
        return "\n".join(f"{name}: {value}" for name, value in version.said())


@admin.register(LinkTemplate)
class LinkTemplateAdmin(ReadOnlyAdmin):
    """Templates of links; they are saved and deleted on the pages of links."""

    list_display = ("name", "created_by", "created_at")
    list_select_related = ("created_by",)
    fields = ("name", "created_by", "created_at")
