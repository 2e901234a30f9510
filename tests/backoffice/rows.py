"""A row of any model that has a page, for a company, with a word in it that only that one has."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from core import tenancy
from core.models import Tenant, User
from core.models.base import TenantRow
from payments.models import StripeAccount

_count = itertools.count(1)


def next_number() -> int:
    """Return a number that no other row has."""
    return 10_000 + next(_count)


_by = itertools.cycle(["address", "link", "email", "card", "checkout", "tenant", "country"])
_step = itertools.cycle(["three_d_secure", "challenge", "close", "block", "pause"])


# What the database's constraints want beyond the type of the column; a callable for each row anew.
FITTING: dict[str, dict[str, Any]] = {
    "payments.Checkout": {"kind": "payment_link", "state": "created"},
    "payments.Payment": {
        "state": "succeeded",
        "standing": "late",
        "paid_at": timezone.now(),
        "payer": {},
    },
    "payments.LinkTemplate": {"terms": {}},
    "payments.LinkVersion": {"terms": {}, "changed": []},
    "payments.PaymentLink": {"pricing": "fixed", "offer": {}, "prefill": {}},
    "subscriptions.Club": {"number": next_number, "time_zone": ""},
    "subscriptions.ClubStatus": {"number": next_number},
    "subscriptions.SubscriptionStatus": {"number": next_number},
    "subscriptions.Charge": {"month": date(2026, 3, 1), "next_at": timezone.now()},
    "payments.FraudAlarm": {"ended_at": timezone.now},
    "payments.FraudRule": {
        "counts": "tries",
        "currency": "",
        "window_seconds": 60,
        "by": lambda: next(_by),
        "step": lambda: next(_step),
    },
    "payments.Refund": {"state": "failed", "settled_at": timezone.now()},
    "crm.Lead": {"stage": "new", "team_ids": []},
    "crm.Application": {"stage": "draft", "fee_minor": 500, "currency": "EUR"},
    "crm.CalendarFeed": {"revoked_at": timezone.now()},
    "crm.LeadImport": {"refused": []},
    "billing.BillingPeriod": {
        "month": date(2026, 3, 1),
        "starts_on": date(2026, 3, 1),
        "ends_on": date(2026, 4, 1),
        "starts_at": datetime(2026, 3, 1, tzinfo=UTC),
        "ends_at": datetime(2026, 4, 1, tzinfo=UTC),
        "state": "open",
    },
    "billing.BillingRun": {"month": date(2026, 3, 1), "state": "done", "ended_at": timezone.now},
    "billing.CreditNote": {"number": lambda: f"CN-{next_number()}"},
    "billing.Invoice": {"state": "draft", "number": None, "payer": {}},
    "billing.Meter": {"aggregation": "sum", "unique_by": ""},
    "billing.NumberSeries": {"prefix": "INV-"},
    "billing.Organization": {"time_zone": "UTC", "payer": {}},
    "billing.Price": {"filter_dimension": "", "filter_value": ""},
    "billing.TaxRate": {"percentage": 21},
    "core.WebhookDelivery": {"next_at": timezone.now},
    "core.Letter": {
        "next_at": timezone.now,
        "envelope": {"to": "ann@payer.example", "subject": "Hello", "text": "Dear Ann"},
    },
}


def mark(tenant: Tenant) -> str:
    """Return the word that stands in the rows of a company and nowhere else."""
    return f"zz{tenant.slug}zz"


def make_row(model: type[models.Model], tenant: Tenant) -> Any:
    """Make a row of `model` that belongs to `tenant`, in its scope, with what it points at."""
    if tenancy.current_or_none() is None:
        with tenancy.scope(tenant.pk):
            return make_row(model, tenant)
    if model is Tenant:
        Tenant.objects.filter(pk=tenant.pk).update(name=f"{mark(tenant)} Ltd")
        return Tenant.objects.get(pk=tenant.pk)
    if model._meta.app_label == "djstripe":
        return make_mirrored(model, tenant)
    return model._default_manager.create(**values_for(model, tenant))


def make_mirrored(model: type[models.Model], tenant: Tenant) -> Any:
    """Make an object of Stripe that the company's account owns."""
    account = own_account(tenant)
    values = values_for(model, tenant, without={"djstripe_owner_account"})
    if model._meta.object_name == "Account":
        found = model._default_manager.filter(id=account.stripe_account_id).first()
        values |= {"id": account.stripe_account_id}
        return found or model._default_manager.create(**values)
    owner = model._meta.get_field("djstripe_owner_account").related_model
    assert isinstance(owner, type)
    make_mirrored(owner, tenant)
    return model._default_manager.create(
        **values, djstripe_owner_account_id=account.stripe_account_id
    )


def own_account(tenant: Tenant) -> StripeAccount:
    """Return the company's Stripe account; there is one at most."""
    found = StripeAccount.objects.first()
    return found or StripeAccount.objects.create(**values_for(StripeAccount, tenant))


def values_for(
    model: type[models.Model], tenant: Tenant, without: set[str] | None = None
) -> dict[str, Any]:
    """Return a value for each column that needs one, texts with the company's word."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in (without or ()) or not needs_value(field):
            continue
        values[field.name] = value_for(field, tenant)
    fitting = FITTING.get(model._meta.label, {})
    return {**values, **{k: v() if callable(v) else v for k, v in fitting.items()}}


def needs_value(field: models.Field[Any, Any]) -> bool:
    """Return whether a row would be refused, or say nothing, without a value in this column."""
    if field.is_relation:
        return not field.null or field.related_model is Tenant
    if field.name in {"created_at", "updated_at", "version"} or isinstance(field, models.AutoField):
        return False
    if field.name == "stripe_data":
        return True
    is_text = isinstance(field, models.CharField | models.TextField)
    says_something = is_text and not field.choices and not field.unique and not field.null
    return says_something or not (field.null or field.has_default() or field.has_db_default())


def value_for(field: models.Field[Any, Any], tenant: Tenant) -> Any:
    """Return a value that fits the column."""
    number = next(_count)
    if field.is_relation:
        return related(field, tenant)
    if field.name == "stripe_data":
        return payload(tenant, number)
    if field.name == "currency" or field.name.endswith("_currency"):
        return "EUR"
    if field.choices:
        return field.flatchoices[0][0]
    return by_type(field, tenant, number)


def payload(tenant: Tenant, number: int) -> dict[str, Any]:
    """Return an object as Stripe sends it, down to an amount in a currency without decimals."""
    return {
        "id": f"obj_{number}",
        "amount": 500,
        "currency": "jpy",
        "status": "succeeded",
        "description": mark(tenant),
        "customer": f"cus_{tenant.slug}",
    }


def by_type(field: models.Field[Any, Any], tenant: Tenant, number: int) -> Any:
    """Return a value of the column's type."""
    now = timezone.now()
    text = f"{mark(tenant)}{number}"
    by_class: list[tuple[type[Any], Any]] = [
        (ArrayField, [mark(tenant)]),
        (models.EmailField, f"{text}@example.com"),
        (models.URLField, f"https://{text}.example.com/"),
        (models.GenericIPAddressField, "192.0.2.7"),
        (models.JSONField, {}),
        (models.BooleanField, True),
        (models.DateTimeField, now + timedelta(seconds=number)),
        (models.DateField, now.date()),
        (models.DecimalField, number),
        (models.IntegerField, 500),
        (models.UUIDField, uuid4()),
    ]
    for kind, value in by_class:
        if isinstance(field, kind):
            return value
    return text[-(field.max_length or 200) :]


def related(field: models.Field[Any, Any], tenant: Tenant) -> Any:
    """Return a row that the column may point at: one there is, or a new one."""
    target: Any = field.related_model
    if target is Tenant:
        return tenant
    if target is StripeAccount:
        return own_account(tenant)
    if target is get_user_model():
        return User.objects.filter(tenant=tenant).first() or make_row(User, tenant)
    return make_row(target, tenant)


def belongs_to_tenant(model: type[models.Model]) -> bool:
    """Return whether rows of the model belong to one company."""
    return (
        issubclass(model, TenantRow)
        or model in (Tenant, User)
        or model._meta.app_label == "djstripe"
    )
