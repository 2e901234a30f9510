"""The settings of a company in one place."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from core.models import Tenant

pytestmark = pytest.mark.django_db


def test_settings_lead_to_pages_that_open(admin_pages: Client, tenant: Tenant) -> None:
    page = admin_pages.get("/settings/").content.decode()

    leads_to = re.findall(r'class="card stat" href="([^"]+)"', page)

    assert len(leads_to) >= 8
    assert [url for url in leads_to if admin_pages.get(url, follow=True).status_code != 200] == []
    assert "Europe/Amsterdam · EUR" in page


def test_settings_are_found_in_the_menu_of_admins_alone(
    admin_pages: Client, counselor_pages: Client
) -> None:
    assert 'href="/settings/"' in admin_pages.get("/links/").content.decode()
    assert 'href="/settings/"' not in counselor_pages.get("/links/").content.decode()
    assert counselor_pages.get("/settings/").status_code == 403


def test_settings_hold_a_section_of_each_app(admin_pages: Client, tenant: Tenant) -> None:
    page = admin_pages.get("/settings/").content.decode()

    names = re.findall(r'<span class="name">([^<]+)</span>', page)

    assert names == [
        "Company",
        "E-mail alarms",
        "People",
        "Teams",
        "Stripe account",
        "Rules against fraud",
        "Allowed and blocked",
        "E-mail receipts",
        "Statistics of payment pages",
        "Stages of leads",
        "Clubs",
        "Shop",
        "SQL access to clubs",
        "Houses",
        "Billing",
        "Numbers of invoices",
        "Tax rates",
        "API keys",
        "Webhooks",
    ]
