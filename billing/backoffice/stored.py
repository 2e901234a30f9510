"""Admin pages whose forms store by operations: what those refuse stands at its field."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.operations.alerts import AlertEnded
from billing.operations.items import ItemCancelled, ItemInvoiced, KeyUsedOtherwise
from billing.operations.organizations import OrganizationClosed, OrganizationOpen
from billing.operations.wallet import WalletTooLow
from core.backoffice.admin import TenantAdmin, TenantForm
from core.invalid import FieldsInvalid
from core.models import User

REFUSALS = (
    AlertEnded, ItemCancelled, ItemInvoiced, KeyUsedOtherwise, OrganizationClosed,
    OrganizationOpen, WalletTooLow,
)  # fmt: skip


class StoredForm(TenantForm):
    """Stores as the last step of checking."""

    by: ClassVar[User]
    # Names of an operation's fields that the form calls otherwise.
    names: ClassVar[dict[str, str]] = {}

    @abstractmethod
    def store(self) -> Any:
        """Add or change by an operation and return the row."""

    @property
    def is_new(self) -> bool:
        """Whether the row is being added."""
        return bool(self.instance._state.adding)

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.store()
        except FieldsInvalid as refusal:
            for wrong in refusal.errors:
                name = self.names.get(wrong.field, wrong.field.replace("/", "_"))
                known = name if name in self.fields else wrong.field.split("/")[0]
                self.add_error(known if known in self.fields else None, wrong.detail)
        except REFUSALS as error:
            self.add_error(None, str(error))


class StoredAdmin(TenantAdmin):
    """Pages with a StoredForm; only admins add and change."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Tell the form who stores."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by = cast("User", request.user)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is never typed; what is frozen has its rule in the operation."""
        return list(self.readonly_fields) if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store nothing more: the form's operation has stored the row."""

    def has_change_action_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may act on rows."""
        return self.may(request, "add") or self.may(request, "change")

    def each(self, request: HttpRequest, rows: QuerySet[Any], act: Any, done: str) -> None:
        """Act on each row by itself: one that is refused is named, and the others go on."""
        count = 0
        for row in rows.order_by("pk")[:200]:
            try:
                with transaction.atomic():
                    act(row)
            except (FieldsInvalid, *REFUSALS) as error:
                words = f"{row}: nothing was done. {error}"
                self.message_user(request, words, messages.WARNING)
            else:
                self.log_change(request, row, done)
                count += 1
        if count:
            self.message_user(request, f"{done}: {count}.")


class AddOnlyAdmin(StoredAdmin):
    """Rows that are added and looked at; nothing of them is changed here."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add"})
