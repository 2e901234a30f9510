"""The admin's form of a payment link: the staff page's form, stored by the same operations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone

from core.backoffice.admin import AnyModelForm
from core.models import User
from payments.forms import LinkForm, initial_of
from payments.models import PaymentLink
from payments.operations.links import (
    LinkChangedMeanwhile,
    LinkInvalid,
    edit_link,
    make_link,
)


class LinkAdminForm(LinkForm, AnyModelForm):
    """Stores as the last step of checking: what the operation refuses stands at its field."""

    by: ClassVar[User]

    class Meta:
        model = PaymentLink
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        link = kwargs.get("instance")
        if link is not None:
            kwargs["initial"] = {**initial_of(link), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            self.instance = self._store()
        except LinkInvalid as refusal:
            self.show_refusal(refusal)
        except LinkChangedMeanwhile as error:
            self.add_error(None, f"Nothing was changed. {error}")

    def _store(self) -> PaymentLink:
        now = timezone.now()
        if self.instance._state.adding:
            return make_link(by=self.by, now=now, **self.fields_of_link())
        return edit_link(
            link_id=self.instance.pk,
            changes=self.changes(),
            version=self.cleaned_data["seen_version"],
            by=self.by,
            now=now,
        )
