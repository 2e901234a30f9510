"""Stripe's objects as staff see them: read only, in minor units, without secrets."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from djstripe import models as mirrored

from core.models import Tenant
from core.tenancy import scope
from payments.mirror_admin import SHOWN, amounts_of, list_link, state_of
from tests.backoffice.rows import make_row

pytestmark = pytest.mark.django_db


def test_every_shown_kind_has_a_page() -> None:
    registered = {m for m in site._registry if m._meta.app_label == "djstripe"}

    assert registered == set(SHOWN)


@pytest.mark.parametrize(
    "name", ["APIKey", "WebhookEndpoint", "WebhookEventTrigger", "IdempotencyKey", "FileLink"]
)
def test_what_holds_secrets_has_no_page(name: str) -> None:
    assert getattr(mirrored, name) not in site._registry
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:djstripe_{name.lower()}_changelist")


def test_buttons_that_call_stripe_are_not_mounted() -> None:
    with pytest.raises(Resolver404):
        resolve("/stripe/webhook/")
    match = resolve("/admin/djstripe/charge/action/_resync_instances/charge/")

    assert match.kwargs["object_id"] == "action/_resync_instances/charge"


@pytest.mark.parametrize("page", ["add", "delete"])
def test_objects_are_neither_added_nor_deleted(
    admin_pages: Client, tenant: Tenant, page: str
) -> None:
    row = make_row(mirrored.Customer, tenant)
    args = [row.pk] if page == "delete" else []

    answer = admin_pages.post(reverse(f"admin:djstripe_customer_{page}", args=args))

    assert answer.status_code == 403


def test_objects_are_not_changed_by_posting_to_their_page(
    admin_pages: Client, tenant: Tenant
) -> None:
    row = make_row(mirrored.Customer, tenant)

    admin_pages.post(reverse("admin:djstripe_customer_change", args=[row.pk]), {"email": "x@y.z"})

    with scope(tenant.pk):
        assert mirrored.Customer.objects.get(pk=row.pk).email == row.email


def test_amounts_are_shown_in_minor_units(admin_pages: Client, tenant: Tenant) -> None:
    charge = make_row(mirrored.Charge, tenant)

    listed = admin_pages.get("/admin/djstripe/charge/").content.decode()
    page = admin_pages.get(reverse("admin:djstripe_charge_change", args=[charge.pk]))

    assert "¥500" in listed
    assert "¥500" in page.content.decode()


def test_counselors_do_not_open_the_mirror(counselor_pages: Client) -> None:
    assert counselor_pages.get("/admin/djstripe/charge/").status_code == 403


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"amount": 500, "currency": "jpy"}, ["¥500"]),
        ({"amount": 12345, "currency": "eur", "amount_refunded": 0}, ["€123.45", "€0.00"]),
        ({"amount_total": 1250, "currency": "kwd"}, ["KWD\N{NO-BREAK SPACE}1.250"]),
        ({"amount": 7, "currency": "xyz"}, ["7 minor units of XYZ"]),
        ({"amount": None, "currency": "eur"}, []),
        ({"amount": True, "currency": "eur"}, []),
        ({"amount": 7}, []),
        ({}, []),
    ],
)
def test_amounts_come_from_the_payload(payload: dict[str, Any], shown: list[str]) -> None:
    assert [fact.value for fact in amounts_of(payload)] == shown


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        ({"status": "needs_response"}, "needs_response"),
        ({"status": None, "payment_status": "paid"}, "paid"),
        ({"active": False}, "not active"),
        ({}, ""),
    ],
)
def test_state_is_what_stripe_calls_it(payload: dict[str, Any], state: str) -> None:
    assert state_of(payload) == state


def test_ids_lead_to_the_list_where_they_are_found() -> None:
    assert list_link("cus_123") == "/admin/djstripe/customer/?q=cus_123"
    assert list_link("customer") == ""
    assert list_link("whsec_123") == ""
