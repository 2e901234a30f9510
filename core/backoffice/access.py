"""Pages of the keys with which programs call the API."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from core import scopes
from core.backoffice.admin import TenantAdmin, badge
from core.models import ApiKey, User
from core.operations.api_keys import KeyAlreadyRevoked, make_api_key, revoke_api_key


class NewKeyForm(forms.Form):
    """What a new key is called, may do, and until when."""

    name = forms.CharField(max_length=80, help_text="The program that will use it.")
    scopes = forms.MultipleChoiceField(label="This key may", widget=forms.CheckboxSelectMultiple)
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: until it is revoked.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(s.name, s.words) for s in scopes.known()]  # type: ignore[attr-defined]

    def clean_expires_on(self) -> Any:
        """Refuse a day that is over."""
        day = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.localdate():
            raise ValidationError("This day is over; choose a later one.")
        return day


def end_of(day: date | None) -> datetime | None:
    """Return the first moment after a day of the company's calendar."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    """Keys are made, looked at and revoked; nothing about a key that is out is ever changed."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add"})
    list_display = ("name", "shown_prefix", "state", "scope_names", "last_used_at", "expires_at")
    search_fields = ("name", "prefix")
    list_select_related = ("created_by",)
    fields = (
        "name",
        "shown_prefix",
        "state",
        "scope_names",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "created_by",
        "created_at",
    )
    readonly_fields = fields
    actions = ("revoke",)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for a name and scopes, make the key, and show its secret this once."""
        if not self.has_add_permission(request):
            raise PermissionDenied("Only admins make API keys.")
        form = NewKeyForm(request.POST or None)
        page = {**self.admin_site.each_context(request), "opts": self.opts, "form": form}
        if not (request.method == "POST" and form.is_valid()):
            page["title"] = "Add API key"
            return TemplateResponse(request, "admin/core/apikey/add.html", page)
        made = make_api_key(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=end_of(form.cleaned_data["expires_on"]),
            by=cast("User", request.user),
        )
        self.log_addition(request, made.row, "Made the key.")
        page |= {"title": "Copy this key now", "made": made}
        return TemplateResponse(request, "admin/core/apikey/made.html", page)

    @admin.display(description="Begins with")
    def shown_prefix(self, key: ApiKey) -> str:
        """Show the part by which a program's key can be told."""
        return f"tap_{key.prefix}…"

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        """Show whether the key still opens anything."""
        if key.revoked_at is not None:
            return badge("failed", "Revoked")
        if not key.is_usable(now=timezone.now()):
            return badge("wait", "Expired")
        return badge("active", "Active")

    @admin.display(description="May")
    def scope_names(self, key: ApiKey) -> str:
        """Show what the key may do."""
        return ", ".join(key.scopes)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may revoke keys."""
        return self.may(request, "add")

    @admin.action(description="Revoke: shut the chosen keys for good", permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Revoke the chosen keys and name those that were revoked before."""
        for key in keys:
            try:
                revoke_api_key(key=key, now=timezone.now())
            except KeyAlreadyRevoked as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                self.log_change(request, key, "Revoked the key.")
                self.message_user(request, f"{key.name} is revoked: its next request is refused.")
