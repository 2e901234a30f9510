"""Every list, search, add and change page of the back office, with rows of two companies."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import BillingSettings, NumberSeries
from core.models import Tenant
from core.tenancy import scope
from payments.models import StripeAccount
from subscriptions.models import ShopAccount
from tests.backoffice.rows import belongs_to_tenant, make_row, mark

pytestmark = pytest.mark.django_db

MODELS = sorted(site._registry, key=lambda model: model._meta.label)
# All kinds of Stripe's objects share one class of page; two of them stand for the others where
# the class is what is tried.
SHARED = ("djstripe.Charge", "djstripe.Customer")
DISTINCT = [m for m in MODELS if m._meta.app_label != "djstripe" or m._meta.label in SHARED]
OURS = [model for model in MODELS if belongs_to_tenant(model)]
# A company has one of these at most.
ONE = (Tenant, StripeAccount, ShopAccount, BillingSettings, NumberSeries)
PLATFORMS = [model for model in MODELS if not belongs_to_tenant(model)]


def label(model: type[Model]) -> str:
    return model._meta.label


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def shown_to(pages: Client, model: type[Model], row: Any, word: str) -> dict[str, str]:
    """Return each page that opens, by name; raises for any other status than 200 or 403."""
    wanted = {
        "list": address(model, "changelist"),
        "search": address(model, "changelist") + f"?q={word}",
        "add": address(model, "add"),
        "change": address(model, "change", row.pk),
        "history": address(model, "history", row.pk),
        "delete": address(model, "delete", row.pk),
    }
    opened = {}
    for name, url in wanted.items():
        answer = pages.get(url, follow=True)
        assert answer.status_code in (200, 403), f"{name}: {answer.status_code}"
        if answer.status_code == 200:
            opened[name] = answer.content.decode()
    return opened


@pytest.mark.parametrize("model", OURS, ids=label)
def test_pages_show_rows_of_own_company_alone(
    model: type[Model], admin_pages: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    own, foreign = make_row(model, tenant), make_row(model, other_tenant)

    opened = shown_to(admin_pages, model, own, mark(tenant))

    assert {"list", "search", "change", "history"} <= set(opened)
    assert [name for name, page in opened.items() if mark(other_tenant) in page] == []
    for page in ("change", "history", "delete"):
        answer = admin_pages.get(address(model, page, foreign.pk))
        assert answer.status_code in (302, 403, 404)
        assert mark(other_tenant) not in answer.content.decode()


@pytest.mark.parametrize("model", DISTINCT, ids=label)
def test_pages_open_for_an_operator(
    model: type[Model], operator_pages: Client, tenant: Tenant
) -> None:
    row = make_row(model, tenant)

    opened = shown_to(operator_pages, model, row, mark(tenant))

    assert {"list", "search", "change", "history"} <= set(opened)


@pytest.mark.parametrize("model", PLATFORMS, ids=label)
def test_pages_of_the_platform_are_shut_for_admins(
    model: type[Model], admin_pages: Client, tenant: Tenant
) -> None:
    row = make_row(model, tenant)

    assert admin_pages.get(address(model, "changelist")).status_code == 403
    assert admin_pages.get(address(model, "change", row.pk)).status_code == 403


@pytest.mark.parametrize("model", [m for m in DISTINCT if m in OURS and m not in ONE], ids=label)
def test_list_costs_the_same_for_many_rows(
    model: type[Model], admin_pages: Client, tenant: Tenant
) -> None:
    make_row(model, tenant)
    admin_pages.get(address(model, "changelist"))
    with CaptureQueriesContext(connection) as for_one:
        admin_pages.get(address(model, "changelist"))
    with scope(tenant.pk):
        for _ in range(29):
            make_row(model, tenant)

    with CaptureQueriesContext(connection) as for_many:
        answer = admin_pages.get(address(model, "changelist"))

    assert answer.context["cl"].result_count >= 30
    assert len(for_many) == len(for_one)
