"""Who the tests of the CRM share."""

from __future__ import annotations

import pytest

from core.models import Tenant, User
from payments.models import StripeAccount
from tests.crm.fee_world import Applicant
from tests.stripe import Sandbox


@pytest.fixture
def applicant(
    tenant: Tenant, account: StripeAccount, sandbox: Sandbox, counselor: User
) -> Applicant:
    """Somebody who applies at the tenant; the counselor looks after them."""
    return Applicant(tenant, account, sandbox, counselor)
