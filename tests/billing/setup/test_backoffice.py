"""The set-up of billing for staff: pages that open, store, and say what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import (
    Alert,
    Meter,
    OneOffItem,
    Organization,
    Plan,
    PlanVersion,
    Price,
    WalletEntry,
)
from billing.operations.assignments import assign_plan
from billing.operations.meters import make_meter
from billing.queries.worklists import meters_without_price, without_plan
from core.models import Tenant, User
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, TODAY, used

pytestmark = pytest.mark.django_db
MODELS = (
    "organization", "meter", "taxrate", "plan", "planversion", "price", "assignment",
    "oneoffitem", "walletentry", "alert", "alertfiring", "numberseries", "billingsettings",
)  # fmt: skip


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def staff(admin: User) -> Client:
    return browser(admin)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_forms_open(staff: Client, version: PlanVersion, model: str) -> None:
    listed = staff.get(reverse(f"admin:billing_{model}_changelist"))
    added = staff.get(reverse(f"admin:billing_{model}_add"))

    looked_at = ("planversion", "price", "alertfiring")
    assert listed.status_code == 200
    assert added.status_code == (403 if model in looked_at else 200)


@pytest.mark.parametrize("model", ["webhookendpoint", "webhookdelivery"])
def test_webhook_pages_open(staff: Client, counselor: User, model: str) -> None:
    url = reverse(f"admin:core_{model}_changelist")

    assert staff.get(url).status_code == 200
    assert browser(counselor).get(url).status_code == 403


FORM = {
    "code": "beta", "name": "Beta", "currency": "EUR", "time_zone": "Europe/Berlin",
    "anchor_day": "1", "net_days": "14", "collection": "send_invoice", "below_minimum": "carry",
    "payer_name": "Beta GmbH", "payer_email": "pay@beta.example",
    "assignments-TOTAL_FORMS": "0", "assignments-INITIAL_FORMS": "0",
}  # fmt: skip


def test_organization_is_made_changed_and_refused(staff: Client, tenant: Tenant) -> None:
    add = reverse("admin:billing_organization_add")

    made = staff.post(add, FORM)
    again = staff.post(add, FORM)
    with scope(tenant.pk):
        beta = Organization.objects.get()
    change = reverse("admin:billing_organization_change", args=[beta.pk])
    shown = staff.get(change)
    start = beta.billing_starts_on.isoformat()
    changed = staff.post(change, {**FORM, "name": "Beta 2", "billing_starts_on": start})

    with scope(tenant.pk):
        beta = Organization.objects.get()
    assert (made.status_code, again.status_code, shown.status_code) == (302, 200, 200)
    assert b"Another organization has this code." in again.content
    assert changed.status_code == 302
    assert (beta.name, beta.version, beta.payer["email"]) == ("Beta 2", 2, "pay@beta.example")


def test_frozen_field_is_refused_at_its_field(
    staff: Client, acme: Organization, requests: Meter
) -> None:
    used(acme, requests, 1)
    change = reverse("admin:billing_organization_change", args=[acme.pk])
    fields = {**FORM, "code": "acme", "billing_starts_on": "2026-09-01", "currency": "USD"}

    answer = staff.post(change, fields)

    assert answer.status_code == 200
    assert b"This cannot be changed any more" in answer.content


def test_items_credit_and_alerts_are_entered(
    staff: Client, tenant: Tenant, acme: Organization
) -> None:
    whose = {"organization": str(acme.pk)}

    answers = [
        staff.post(
            reverse("admin:billing_oneoffitem_add"),
            {**whose, "description": "Set-up", "amount_minor": "500"},
        ),
        staff.post(
            reverse("admin:billing_walletentry_add"),
            {**whose, "kind": "top_up", "amount_minor": "700"},
        ),
        staff.post(
            reverse("admin:billing_alert_add"), {**whose, "kind": "amount", "amount_minor": "900"}
        ),
    ]
    too_much = staff.post(
        reverse("admin:billing_walletentry_add"),
        {**whose, "kind": "withdrawn", "amount_minor": "701"},
    )
    with scope(tenant.pk):
        item = OneOffItem.objects.get()
    cancelled = staff.post(
        reverse("admin:billing_oneoffitem_changelist"),
        {"action": "cancel", "_selected_action": [str(item.pk)]},
    )

    with scope(tenant.pk):
        item.refresh_from_db()
        counts = (WalletEntry.objects.count(), Alert.objects.count())
    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert (too_much.status_code, cancelled.status_code) == (200, 302)
    assert b"Only 700" in too_much.content
    assert counts == (1, 1)
    assert item.cancelled_at is not None


PRICE = {
    "model": "graduated", "included": "10", "minimum_minor": "0", "up_to_1": "100", "rate_1": "5",
    "rate_2": "2",
}  # fmt: skip


def test_prices_are_drafted_previewed_and_published(
    staff: Client, tenant: Tenant, requests: Meter
) -> None:
    staff.post(reverse("admin:billing_plan_add"), {"code": "pro", "name": "Pro", "currency": "EUR"})
    with scope(tenant.pk):
        plan = Plan.objects.get()
    empty = staff.get(reverse("billing_plan", args=[plan.pk]))
    drafted = staff.post(reverse("billing_version_new", args=[plan.pk]), {"note": "First"})
    with scope(tenant.pk):
        version = PlanVersion.objects.get()
    page = reverse("billing_version", args=[version.pk])
    price = reverse("billing_price_new", args=[version.pk])
    wrong = staff.post(price, {**PRICE, "meter": str(requests.pk), "up_to_2": "50"})
    put = staff.post(price, {**PRICE, "meter": str(requests.pk)})
    fee = {"name": "Base", "amount_minor": "4900", "timing": "advance", "is_prorated": "on"}
    fee_put = staff.post(reverse("billing_fee_new", args=[version.pk]), fee)
    shown = staff.get(page, {"units": "210"})
    odd = staff.get(page, {"units": "x"})
    published = staff.post(reverse("billing_version_publish", args=[version.pk]))
    change = {**PRICE, "meter": str(requests.pk), "from_on": "2100-01-01"}
    changed = staff.post(price, change)

    with scope(tenant.pk):
        version.refresh_from_db()
        starts = list(Price.objects.order_by("starts_on").values_list("starts_on", flat=True))
    assert (empty.status_code, drafted.status_code, wrong.status_code) == (200, 302, 400)
    assert (put.status_code, fee_put.status_code) == (302, 302)
    # 200 are billable: 100 at 5 and 100 at 2.
    assert "210  would cost €7.00." in shown.content.decode().replace("\xa0", " ")
    assert odd.status_code == 400
    assert (published.status_code, changed.status_code) == (302, 302)
    assert version.published_at is not None
    assert starts == [date(2000, 1, 1), date(2100, 1, 1)]


def test_counselor_looks_and_changes_nothing(
    counselor: User, tenant: Tenant, version: PlanVersion
) -> None:
    client = browser(counselor)

    looked = client.get(reverse("billing_version", args=[version.pk]))
    changed = client.post(reverse("billing_version_new", args=[version.plan_id]), {"note": "x"})
    added = client.get(reverse("admin:billing_organization_add"))

    assert (looked.status_code, changed.status_code, added.status_code) == (200, 403, 403)


def test_pages_of_another_company_are_not_found(other_admin: User, version: PlanVersion) -> None:
    client = browser(other_admin)

    assert client.get(reverse("billing_version", args=[version.pk])).status_code == 404
    assert client.get(reverse("billing_plan", args=[version.plan_id])).status_code == 404


def test_worklists_name_usage_that_costs_nothing(
    tenant: Tenant, acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    with scope(tenant.pk):
        other = make_meter(code="other", name="Other", aggregation="sum", dimensions=["app"])
    used(acme, requests, 5)
    used(acme, other, 5)
    with scope(tenant.pk):
        before = (list(without_plan(NOW)), meters_without_price(NOW))
        assign_plan(organization_id=acme.pk, version_id=version.pk, starts_on=TODAY, now=NOW)
        after = (list(without_plan(NOW)), meters_without_price(NOW))

    assert before == ([acme], [])
    assert after == ([], [other.pk])


def test_search_finds_organizations(staff: Client, acme: Organization) -> None:
    answer: Any = staff.get(reverse("admin:search"), {"q": "acm"})

    assert reverse("billing_organization", args=[acme.pk]) in answer.content.decode()
