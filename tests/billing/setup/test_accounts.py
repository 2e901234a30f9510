"""Plans of an organization, its one-off items and its prepaid credit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from billing.models import (
    Assignment,
    Invoice,
    InvoiceLine,
    Meter,
    OneOffItem,
    Organization,
    PlanVersion,
    WalletEntry,
)
from billing.operations.assignments import (
    NoPlanThen,
    PlanHeldAlready,
    assign_plan,
    end_assignment,
    switch_plan,
    withdraw_assignment,
)
from billing.operations.items import (
    ItemCancelled,
    ItemInvoiced,
    KeyUsedOtherwise,
    add_item,
    cancel_item,
)
from billing.operations.organizations import OrganizationClosed, close_organization
from billing.operations.plans import draft_version
from billing.operations.wallet import WalletTooLow, grant, top_up, withdraw
from billing.queries.wallet import balance_of
from core.invalid import FieldsInvalid
from core.models import Tenant
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, TODAY, closed_period, published, refusals

pytestmark = pytest.mark.django_db
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def assign(organization: Organization, version: PlanVersion, **days: Any) -> Assignment:
    given = {"starts_on": SEPTEMBER, **days}
    return assign_plan(organization_id=organization.pk, version_id=version.pk, now=NOW, **given)


def switch(organization: Organization, version: PlanVersion, on: date) -> Assignment:
    return switch_plan(organization_id=organization.pk, version_id=version.pk, from_on=on, now=NOW)


def spans() -> list[tuple[Any, date, date | None]]:
    rows = Assignment.objects.order_by("starts_on")
    return list(rows.values_list("version_id", "starts_on", "ends_on"))


def test_plan_is_assigned_ended_and_prolonged(acme: Organization, version: PlanVersion) -> None:
    with scope(acme.tenant_id):
        made = assign(acme, version)
        end_assignment(assignment_id=made.pk, ends_on=OCTOBER, now=NOW)
        again = end_assignment(assignment_id=made.pk, ends_on=OCTOBER, now=NOW)
        longer = end_assignment(assignment_id=made.pk, ends_on=date(2027, 1, 1), now=NOW)

    assert (again.ends_on, longer.ends_on) == (OCTOBER, date(2027, 1, 1))


def test_overlapping_plans_are_refused_in_words(acme: Organization, version: PlanVersion) -> None:
    with scope(acme.tenant_id):
        first = assign(acme, version, ends_on=OCTOBER)
        assign(acme, version, starts_on=OCTOBER)
        with pytest.raises(FieldsInvalid) as caught:
            assign(acme, version, starts_on=date(2026, 9, 30), ends_on=OCTOBER)
        with pytest.raises(FieldsInvalid) as longer:
            end_assignment(assignment_id=first.pk, ends_on=date(2026, 10, 2), now=NOW)

    assert refusals(caught) == [("starts_on", "overlaps")]
    assert refusals(longer) == [("ends_on", "overlaps")]


def test_draft_and_other_currency_are_refused(
    acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    dollars = published(requests.tenant, requests, "usd", currency="USD")
    with scope(acme.tenant_id):
        draft = draft_version(plan_id=version.plan_id)
        with pytest.raises(FieldsInvalid) as unpublished:
            assign(acme, draft)
        with pytest.raises(FieldsInvalid) as foreign:
            assign(acme, dollars)
        with pytest.raises(FieldsInvalid) as odd:
            assign(acme, version, starts_on=date(1, 1, 1), ends_on=date(9999, 12, 31))

    assert refusals(unpublished) == [("version", "not_published")]
    assert refusals(foreign) == [("version", "other_currency")]
    assert refusals(odd) == [("starts_on", "out_of_range"), ("ends_on", "out_of_range")]


def test_switch_in_the_middle_takes_over_the_rest(
    tenant: Tenant, acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    other = published(tenant, requests, "other")
    with scope(acme.tenant_id):
        assign(acme, version, ends_on=date(2027, 1, 1))

        switch(acme, other, TODAY)
        with pytest.raises(PlanHeldAlready):
            switch(acme, other, TODAY)
        with pytest.raises(NoPlanThen):
            switch(acme, version, date(2027, 1, 1))

        assert spans() == [(version.pk, SEPTEMBER, TODAY), (other.pk, TODAY, date(2027, 1, 1))]


def test_switch_from_the_first_day_replaces(
    tenant: Tenant, acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    other = published(tenant, requests, "other")
    with scope(acme.tenant_id):
        assign(acme, version)

        switch(acme, other, SEPTEMBER)

        assert spans() == [(other.pk, SEPTEMBER, None)]


def flagged(organization: Organization) -> list[int]:
    rows = organization.periods.exclude(recheck_at=None).order_by("starts_on")
    return [period.starts_on.month for period in rows]


@pytest.mark.parametrize(
    ("act", "months"),
    [
        (lambda acme, held, other: switch(acme, other, date(2026, 10, 15)), [10]),
        (lambda acme, held, other: switch(acme, other, date(2026, 9, 30)), [9, 10]),
        (lambda acme, held, other: switch(acme, other, date(2026, 11, 1)), []),
        (
            lambda acme, held, other: end_assignment(
                assignment_id=held.pk, ends_on=date(2026, 10, 31), now=NOW
            ),
            [10],
        ),
        (lambda acme, held, other: withdraw_assignment(assignment_id=held.pk, now=NOW), [9, 10]),
    ],
)
def test_change_of_closed_days_flags_their_periods(
    acme: Organization,
    version: PlanVersion,
    requests: Meter,
    act: Callable[..., Any],
    months: list[int],
) -> None:
    other = published(requests.tenant, requests, "other")
    with scope(acme.tenant_id):
        held = assign(acme, version)
    for month, state in ((9, "invoiced"), (10, "closed"), (11, "open")):
        closed_period(acme, month, state)

    with scope(acme.tenant_id):
        act(acme, held, other)

        assert flagged(acme) == months


def test_assignments_need_an_open_organization(acme: Organization, version: PlanVersion) -> None:
    with scope(acme.tenant_id):
        held = assign(acme, version)
        close_organization(organization_id=acme.pk, now=NOW)
        for attempt in (
            lambda: assign(acme, version),
            lambda: switch(acme, version, TODAY),
            lambda: end_assignment(assignment_id=held.pk, ends_on=TODAY, now=NOW),
            lambda: withdraw_assignment(assignment_id=held.pk, now=NOW),
        ):
            with pytest.raises(OrganizationClosed):
                attempt()


def test_two_assign_at_once_and_one_is_refused(acme: Organization, version: PlanVersion) -> None:
    def attempt(_: int) -> str:
        try:
            with scope(acme.tenant_id):
                assign(acme, version)
            return "made"
        except FieldsInvalid as error:
            return error.errors[0].code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(attempt, range(4)))

    assert answers == ["made", "overlaps", "overlaps", "overlaps"]


def item(organization: Organization, **fields: Any) -> OneOffItem:
    given = {"description": "Set-up", "amount_minor": 5000, **fields}
    return add_item(organization_id=organization.pk, now=NOW, **given)


def test_item_is_added_once_for_a_key(acme: Organization) -> None:
    with scope(acme.tenant_id):
        first = item(acme, idempotency_key="k")
        again = item(acme, idempotency_key="k")
        with pytest.raises(KeyUsedOtherwise):
            item(acme, idempotency_key="k", amount_minor=1)
        with pytest.raises(KeyUsedOtherwise):
            item(acme, idempotency_key="k", due_on=OCTOBER)
        without = [item(acme), item(acme)]

        assert first.pk == again.pk
        assert (first.due_on, first.amount_minor) == (TODAY, 5000)
        assert without[0].pk != without[1].pk
        assert OneOffItem.objects.count() == 3


def test_items_at_once_with_one_key_are_one(acme: Organization) -> None:
    def attempt(_: int) -> Any:
        try:
            with scope(acme.tenant_id):
                return item(acme, idempotency_key="k").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(attempt, range(4)))

    assert len(made) == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"amount_minor": 0}, ("amount_minor", "is_zero")),
        ({"amount_minor": 10**16}, ("amount_minor", "out_of_range")),
        ({"amount_minor": -(10**16)}, ("amount_minor", "out_of_range")),
        ({"description": " "}, ("description", "blank")),
        ({"description": "x" * 301}, ("description", "too_long")),
        ({"description": "a\0"}, ("description", "control_character")),
        ({"due_on": date(1, 1, 1)}, ("due_on", "out_of_range")),
        ({"idempotency_key": ""}, ("idempotency_key", "blank")),
        ({"idempotency_key": "x" * 201}, ("idempotency_key", "too_long")),
        ({"product": "x" * 121}, ("product", "too_long")),
    ],
)
def test_wrong_items_are_refused(
    acme: Organization, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    with scope(acme.tenant_id), pytest.raises(FieldsInvalid) as caught:
        item(acme, **fields)

    assert refusals(caught) == [expected]


def invoiced(organization: Organization, source: str, source_id: Any, amount: int) -> Invoice:
    """Draft an invoice with one line."""
    period = closed_period(organization, 10)
    with scope(organization.tenant_id):
        invoice = Invoice.objects.create(
            tenant_id=organization.tenant_id,
            organization=organization,
            period=period,
            currency=organization.currency,
            collection=organization.collection,
            net_minor=0,
            tax_minor=0,
            total_minor=0,
            lines_count=1,
            compiled_at=NOW,
        )
        InvoiceLine.objects.create(
            id=uuid4(),
            tenant_id=organization.tenant_id,
            invoice=invoice,
            organization_id=organization.pk,
            position=1,
            kind="one_off",
            source=source,
            source_id=source_id,
            charged_from=TODAY,
            description="x",
            starts_on=TODAY,
            ends_on=date(2026, 11, 22),
            exact=amount,
            amount_minor=amount,
        )
        return invoice


def test_item_is_cancelled_unless_an_invoice_holds_it(acme: Organization) -> None:
    with scope(acme.tenant_id):
        free, held = item(acme), item(acme)
        cancelled = cancel_item(item_id=free.pk, now=NOW)
        with pytest.raises(ItemCancelled):
            cancel_item(item_id=free.pk, now=NOW)
    invoiced(acme, "item", held.pk, 5000)

    with scope(acme.tenant_id), pytest.raises(ItemInvoiced) as caught:
        cancel_item(item_id=held.pk, now=NOW)

    assert cancelled.cancelled_at == NOW
    assert "Discard the draft first" in str(caught.value)


def test_wallet_adds_up_and_never_goes_below_zero(acme: Organization) -> None:
    with scope(acme.tenant_id):
        top_up(organization_id=acme.pk, amount_minor=1000, idempotency_key="a")
        top_up(organization_id=acme.pk, amount_minor=1000, idempotency_key="a")
        grant(organization_id=acme.pk, amount_minor=500, note="Sorry")
        with pytest.raises(WalletTooLow) as caught:
            withdraw(organization_id=acme.pk, amount_minor=1501)
        withdraw(organization_id=acme.pk, amount_minor=1500, idempotency_key="w")
        withdraw(organization_id=acme.pk, amount_minor=1500, idempotency_key="w")
        with pytest.raises(KeyUsedOtherwise):
            grant(organization_id=acme.pk, amount_minor=1000, idempotency_key="a")

        assert caught.value.available_minor == 1500
        assert balance_of(acme.pk).balance_minor == 0
        assert WalletEntry.objects.count() == 3


def test_what_a_draft_uses_is_not_taken_back(acme: Organization) -> None:
    with scope(acme.tenant_id):
        top_up(organization_id=acme.pk, amount_minor=1000)
    invoiced(acme, "prepaid", acme.pk, -400)

    with scope(acme.tenant_id):
        balance = balance_of(acme.pk)
        with pytest.raises(WalletTooLow):
            withdraw(organization_id=acme.pk, amount_minor=601)
        withdraw(organization_id=acme.pk, amount_minor=600)

    assert (balance.balance_minor, balance.held_minor, balance.available_minor) == (1000, 400, 600)


def test_withdrawals_at_once_never_take_more_than_there_is(acme: Organization) -> None:
    with scope(acme.tenant_id):
        top_up(organization_id=acme.pk, amount_minor=1000)

    def attempt(_: int) -> bool:
        try:
            with scope(acme.tenant_id):
                withdraw(organization_id=acme.pk, amount_minor=600)
            return True
        except WalletTooLow:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(attempt, range(4)))

    with scope(acme.tenant_id):
        assert (taken, balance_of(acme.pk).balance_minor) == (1, 400)


@pytest.mark.parametrize("amount", [0, -5, 10**16])
def test_wrong_movements_are_refused(acme: Organization, amount: int) -> None:
    with scope(acme.tenant_id), pytest.raises(FieldsInvalid) as caught:
        top_up(organization_id=acme.pk, amount_minor=amount)

    assert refusals(caught) == [("amount_minor", "out_of_range")]


def test_closed_organization_gets_no_credit_but_its_own_back(acme: Organization) -> None:
    with scope(acme.tenant_id):
        top_up(organization_id=acme.pk, amount_minor=100)
        close_organization(organization_id=acme.pk, now=NOW)
        with pytest.raises(OrganizationClosed):
            grant(organization_id=acme.pk, amount_minor=100)

        assert withdraw(organization_id=acme.pk, amount_minor=100).amount_minor == -100


def test_entries_and_items_hold_their_rules(acme: Organization) -> None:
    def broken(model: Any, **fields: Any) -> str:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            model.objects.create(tenant_id=acme.tenant_id, organization=acme, **fields)
        return str(caught.value)

    with scope(acme.tenant_id):
        entry = top_up(organization_id=acme.pk, amount_minor=100)
        with pytest.raises(IntegrityError), transaction.atomic():
            WalletEntry.objects.filter(pk=entry.pk).update(amount_minor=5)

        sign = broken(WalletEntry, kind="withdrawn", amount_minor=5)
        zero = broken(OneOffItem, description="x", amount_minor=0, due_on=TODAY)

    assert "wallet_entry_has_its_sign" in sign
    assert "item_is_an_amount" in zero


def test_rows_of_another_company_stay_hidden(
    acme: Organization, version: PlanVersion, other_tenant: Tenant
) -> None:
    with scope(acme.tenant_id):
        held, owed = assign(acme, version), item(acme)
        top_up(organization_id=acme.pk, amount_minor=100)

    with scope(other_tenant.pk):
        counts = [m._default_manager.count() for m in (Assignment, OneOffItem, WalletEntry)]
        with pytest.raises(OneOffItem.DoesNotExist):
            cancel_item(item_id=owed.pk, now=NOW)
        with pytest.raises(Assignment.DoesNotExist):
            end_assignment(assignment_id=held.pk, ends_on=TODAY, now=NOW)
        with pytest.raises(Organization.DoesNotExist):
            top_up(organization_id=acme.pk, amount_minor=1)

    assert counts == [0, 0, 0]
