"""A long list at Stripe comes to its end on a bad day, without beginning anew."""

from __future__ import annotations

import pytest

from payments.gateway import BULK, Customers, StripeUnavailable
from payments.models import StripeAccount
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 101  # one more than a page holds


def fail(sandbox: Sandbox, times: int) -> None:
    sandbox.control(
        "POST", "faults", kind="error_before", method="GET", path="/v1/customers", count=times
    )


@pytest.fixture
def customers(account: StripeAccount, sandbox: Sandbox) -> Customers:
    """Two pages of customers."""
    for number in range(COUNT):
        form = {"key": account.secret_key, "name": f"Customer {number}"}
        while "id" not in sandbox.stripe("POST", "customers", **form):
            pass  # Stripe's limit holds tests as well
    return Customers(account, patience=BULK)


def test_later_page_that_fails_is_asked_for_again(customers: Customers, sandbox: Sandbox) -> None:
    found = customers.all()
    first = next(found)
    fail(sandbox, times=3)

    rest = list(found)

    ids = {one.customer_id for one in (first, *rest)}
    assert len(ids) == COUNT == 1 + len(rest)


def test_page_that_never_comes_is_told(customers: Customers, sandbox: Sandbox) -> None:
    found = customers.all()
    next(found)
    fail(sandbox, times=5)

    with pytest.raises(StripeUnavailable):
        list(found)


def test_first_page_is_left_to_the_caller(customers: Customers, sandbox: Sandbox) -> None:
    fail(sandbox, times=1)

    with pytest.raises(StripeUnavailable):
        next(customers.all())
