"""A world for each test of pushing."""

from __future__ import annotations

import pytest

from core.models import Tenant
from payments.models import StripeAccount
from tests.billing.push.world import World
from tests.stripe import Sandbox


@pytest.fixture
def world(tenant: Tenant, account: StripeAccount, sandbox: Sandbox, settings) -> World:
    """A company whose limit at Stripe no test has to wait for."""
    settings.STRIPE_RATE_GLOBAL = settings.STRIPE_RATE_PER_ENDPOINT = 5000
    sandbox.control("POST", "settings", rate_limit={"enabled": False})
    return World(tenant, account, sandbox)
