"""The first steps of a new company are read from its rows."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from core.backoffice.onboarding import first_steps
from core.models import Tenant, User
from core.tenancy import scope
from payments.operations.links import make_link
from tests.payments.conftest import Customer
from tests.stripe import Sandbox, open_stripe_account

pytestmark = pytest.mark.django_db


def open_steps(user: User, tenant: Tenant) -> list[str]:
    with scope(tenant.pk):
        return [one.step.name for one in first_steps(user=user, tenant=tenant) if not one.is_done]


def test_steps_are_done_one_after_the_other_and_then_gone(
    tenant: Tenant, other_tenant: Tenant, admin: User, other_admin: User, sandbox: Sandbox
) -> None:
    every = ["stripe_account", "first_link", "first_payment", "webhook_heard", "colleague"]
    seen = [open_steps(admin, tenant)]

    account = open_stripe_account(tenant, name="Amber")
    seen.append(open_steps(admin, tenant))
    with scope(tenant.pk):
        link = make_link(by=None, now=timezone.now(), title="One", amount_minor=500, currency="EUR")
    seen.append(open_steps(admin, tenant))
    customer = Customer(tenant, account, sandbox)
    customer.pay(customer.open(link))
    customer.hear(timezone.now() - timedelta(minutes=5))
    seen.append(open_steps(admin, tenant))
    get_user_model().objects.create_user(
        f"{secrets.token_hex(4)}@amber.example", "correct horse", tenant=tenant, role="counselor"
    )
    with scope(tenant.pk):
        seen.append([one.step.name for one in first_steps(user=admin, tenant=tenant)])

    assert seen == [every, every[1:], every[2:], every[4:], []]
    assert open_steps(other_admin, other_tenant) == every


def test_counselors_see_no_first_steps(tenant: Tenant, counselor: User) -> None:
    assert open_steps(counselor, tenant) == []


def test_home_leads_to_the_first_steps(admin: User) -> None:
    pages = Client()
    pages.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")

    text = pages.get("/admin/").content.decode()

    assert '<a href="/payments/account/">Connect your Stripe account</a>' in text
    assert '<a href="/links/new/">Make your first payment link</a>' in text
