"""Make links from links: duplicates, and templates that keep what a link says under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import User
from core.tenancy import current
from payments.models import LinkTemplate, PaymentLink
from payments.models.version import TERMS
from payments.operations.links import make_link

LONGEST_NAME: Final = 80
MOST_TEMPLATES: Final = 500

# What belongs to one customer or one moment, and not to the next link.
_OF_ONE_LINK: Final = {"starts_at", "expires_at", "customer_name", "customer_email", "reference"}
_RECKONED: Final = {PaymentLink.Pricing.CHOSEN, PaymentLink.Pricing.ITEMS}


class TemplateInvalid(FieldsInvalid):
    """The template cannot be kept under this name; nothing was stored."""


def save_template(*, link_id: UUID, name: str, by: User | None, now: datetime) -> LinkTemplate:
    """Keep what a link says, without its moments and customer, under a name. In scope.

    Raises TemplateInvalid for a name that is empty, too long or taken, PaymentLink.DoesNotExist.
    """
    link = PaymentLink.objects.get(pk=link_id)
    name = " ".join(name.split())
    errors = [*wrong_texts({"name": name}, {"name": LONGEST_NAME})]
    if not name:
        errors.append(WrongField("name", "required", "Give the template a name."))
    if errors:
        raise TemplateInvalid(*errors)
    if LinkTemplate.objects.count() >= MOST_TEMPLATES:
        detail = f"There are {MOST_TEMPLATES} templates already: delete one first."
        raise TemplateInvalid(WrongField("name", "too_many", detail))
    template, is_new = LinkTemplate.objects.get_or_create(
        tenant_id=current().tenant_id,
        name=name,
        defaults={"terms": reusable_terms(link), "created_by": by},  # type: ignore[misc]
    )
    if not is_new:
        detail = "Another template has this name."
        raise TemplateInvalid(WrongField("name", "taken", detail))
    return template


def delete_template(*, template_id: UUID) -> None:
    """Forget a template; links made from it stay. Raises LinkTemplate.DoesNotExist."""
    LinkTemplate.objects.get(pk=template_id).delete()


def make_link_from_template(
    *, template_id: UUID, fields: Mapping[str, Any], by: User | None, now: datetime
) -> PaymentLink:
    """Make a link as a template says, with `fields` in place of what it says. In scope.

    Raises LinkTemplate.DoesNotExist, LinkInvalid.
    """
    terms = LinkTemplate.objects.get(pk=template_id).terms
    return make_link(by=by, now=now, **merged(terms, fields))


def merged(terms: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's terms with some of them said anew; another pricing takes none along."""
    if fields.get("pricing", terms["pricing"]) != terms["pricing"]:
        terms = {name: terms[name] for name in _SAID_IN_ANY if name in terms}
    return {**terms, **fields}


def duplicate_link(*, link_id: UUID, by: User | None, now: datetime) -> PaymentLink:
    """Make another link that says the same; moments that have passed are left out. In scope.

    Raises PaymentLink.DoesNotExist, and LinkInvalid where the old one breaks today's rules.
    """
    link = PaymentLink.objects.get(pk=link_id)
    fields = {name: getattr(link, name) for name in TERMS}
    if link.pricing in _RECKONED:
        del fields["amount_minor"]
    for name in ("starts_at", "expires_at"):
        if fields[name] is not None and fields[name] <= now:
            fields[name] = None
    return make_link(by=by, now=now, **fields)


def reusable_terms(link: PaymentLink) -> dict[str, Any]:
    """Return what a link says that fits other customers and other days."""
    left_out = _OF_ONE_LINK | ({"amount_minor"} if link.pricing in _RECKONED else set())
    return {name: getattr(link, name) for name in TERMS if name not in left_out}


_SAID_IN_ANY: Final = (
    "title", "description", "currency", "custom_fields", "terms_text", "terms_url",
    "after_payment_message", "redirect_url",
)  # fmt: skip
