"""Admin page of the credentials for the shop: they go in and never come out."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString

from core.backoffice.admin import AnyModelForm, TenantAdmin, badge
from subscriptions.models import ShopAccount
from subscriptions.operations.shop_accounts import (
    CredentialUnusable,
    check_credential,
    connect_shop,
)


class ShopAccountForm(AnyModelForm):
    """Takes a key and a secret; what is stored is never shown."""

    new_key = forms.CharField(
        label="Key", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    new_secret = forms.CharField(
        label="Secret", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )

    class Meta:
        model = ShopAccount
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be sent in a header, and a second account."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name, word in (("new_key", "key"), ("new_secret", "secret")):
            try:
                check_credential(word, given.get(name, ""))
            except CredentialUnusable as error:
                self.add_error(name, str(error))
        if self.instance._state.adding and ShopAccount.objects.exists():
            raise ValidationError("There is a shop account already. Change that one instead.")
        return given


@admin.register(ShopAccount)
class ShopAccountAdmin(TenantAdmin):
    """With what the company proves itself to the shop."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    form = ShopAccountForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = ("shop", "stored", "updated_at")
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show the fields for new credentials."""
        return ("new_key", "new_secret")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store both, in place of earlier ones."""
        stored = connect_shop(
            api_key=form.cleaned_data["new_key"], api_secret=form.cleaned_data["new_secret"]
        )
        obj.pk = stored.pk

    @admin.display(description="Shop")
    def shop(self, account: ShopAccount) -> str:
        """Name the row."""
        return str(account)

    @admin.display(description="Credentials")
    def stored(self, account: ShopAccount) -> SafeString:
        """Say that there are some."""
        return badge("good", "Stored, encrypted")
