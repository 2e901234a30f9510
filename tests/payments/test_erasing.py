"""Erasing a customer: the person is gone from all apps' rows, and the money stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from billing.models import Organization
from core.models import AuditEntry, Letter, Tenant
from core.operations.erasure import parts
from core.operations.rotation import encrypted_models
from core.tenancy import scope
from crm.models import Lead, TimelineEntry
from payments.models import (
    CardTry,
    FraudDecision,
    LinkRecipient,
    LinkVersion,
    Payment,
    PaymentLink,
    StripeEvent,
)
from payments.operations.passage import Visit, judge_visit, remember_passage
from subscriptions.models import Resident
from subscriptions.models.resident import search_keys
from tests.payments.conftest import DECLINED, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
EVA = "Eva.Smit@example.org"


def run(*words: str) -> str:
    out = StringIO()
    call_command("erase_customer", "--tenant", "amber", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def payment(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """Eva pays at the second try, and is known to all apps; somebody else pays too."""
    for name, email in (("Eva Smit", EVA), ("Otto Other", "otto@example.org")):
        checkout = customer.claim(link := new_link(max_payments=None))
        visit = Visit(kind="payment_link", subject_id=link.pk, address="198.51.100.7")
        with scope(customer.tenant.pk):
            remember_passage(judge_visit(visit, now=now), checkout)
        checkout = customer.open_page(checkout)
        if name == "Eva Smit":
            customer.pay(checkout, card=DECLINED, name=name, email=email)
            mine = checkout
        customer.pay(checkout, name=name, email=email)
    customer.hear(now - timedelta(minutes=5))
    _known_elsewhere(customer.tenant, now)
    found: Payment = customer.payment(mine)
    return found


def _known_elsewhere(tenant: Tenant, now: datetime) -> None:
    with scope(tenant.pk):
        lead = Lead.objects.create(
            tenant=tenant, name="Eva Smit", email=EVA, phone="+31 6 1234", stage="new", team_ids=[]
        )
        TimelineEntry.objects.create(
            tenant=tenant, lead=lead, kind="note", text="Eva called", happened_at=now
        )
        Resident.objects.create(
            tenant=tenant, first_name="Eva", email=EVA, search_keys=search_keys("Eva", EVA)
        )
        Organization.objects.create(
            tenant=tenant, code="eva", name="Eva Smit BV", payer={"name": "Eva", "email": EVA},
            currency="EUR", time_zone="UTC", billing_starts_on=date(2026, 1, 1),
        )  # fmt: skip


def everything(tenant: Tenant) -> str:
    """All that lies in the tenant's rows, decrypted."""
    from django.apps import apps

    from core.rls import is_tenant_table

    with scope(tenant.pk):
        rows = [
            str(list(model._default_manager.values_list()))
            for model in apps.get_models()
            if is_tenant_table(model) and model._meta.managed
        ]
    return "\n".join(rows)


@pytest.mark.parametrize("by", ["email", "payment", "charge"])
def test_customer_is_gone_from_all_rows_and_the_money_stays(
    customer: Customer, payment: Payment, by: str
) -> None:
    who = {"email": EVA, "payment": str(payment.pk), "charge": payment.stripe_charge_id}[by]
    before = everything(customer.tenant).casefold()

    out = run(who)

    after = everything(customer.tenant).casefold()
    for detail in ("eva.smit", "eva smit", "eva called", "+31 6 1234"):
        assert detail in before
        assert detail not in after
    assert "otto@example.org" in after
    kept = customer.reload(payment)
    assert (kept.payer, kept.amount_minor, kept.state) == ({}, 12500, "succeeded")
    assert kept.stripe_charge_id == payment.stripe_charge_id
    assert "payments: 1 erased" in out
    assert "leads: 1 erased" in out
    assert "Stripe keeps its own copy" in out
    with scope(customer.tenant.pk):
        assert Payment.objects.exclude(pk=payment.pk).get().payer["name"] == "Otto Other"
        assert StripeEvent.objects.count() > 0
        [entry] = AuditEntry.objects.filter(verb="erased")
    assert entry.detail["payments"] == 1
    assert EVA.casefold() not in str(entry.detail).casefold()


def test_erasing_twice_finds_nothing_more(customer: Customer, payment: Payment) -> None:
    run(EVA)

    assert "\n0 rows erased" in run(EVA)


def test_erasing_can_be_looked_at_first(customer: Customer, payment: Payment) -> None:
    out = run(EVA, "--dry-run")

    assert "payments: 1 would be erased" in out
    assert customer.reload(payment).payer["email"].casefold() == EVA.casefold()
    with scope(customer.tenant.pk):
        assert not AuditEntry.objects.filter(verb="erased").exists()


@pytest.mark.parametrize("who", ["ch_nobody", "", "  ", "a\0b", "x" * 300])
def test_id_that_leads_to_nobody_is_refused(tenant: Tenant, who: str) -> None:
    with pytest.raises(CommandError):
        run(who)


def test_customer_of_another_company_stays(
    customer: Customer, payment: Payment, other_tenant: Tenant
) -> None:
    call_command("erase_customer", "--tenant", other_tenant.slug, EVA, stdout=StringIO())

    assert customer.reload(payment).payer["name"] == "Eva Smit"


def test_addresses_and_cards_of_the_tries_are_gone(customer: Customer, payment: Payment) -> None:
    run(EVA)

    with scope(customer.tenant.pk):
        tries = CardTry.objects.filter(checkout=payment.checkout_id)
        assert {(one.card, one.card_mark, one.email_mark) for one in tries} == {("", "", "")}
        seen = FraudDecision.objects.filter(checkout=payment.checkout_id)
        assert {one.address for one in seen} == {""}


def test_letters_and_recipients_are_gone(
    customer: Customer, payment: Payment, now: datetime
) -> None:
    link_id = payment.link_id
    with scope(customer.tenant.pk):
        for address in (EVA, "otto@example.org"):
            LinkRecipient.objects.create(
                tenant=customer.tenant, link_id=link_id, email=address, token="t" + address,
                email_hash=LinkRecipient.hash_email(address), sent_on=now.date(), days_after=[3],
            )  # fmt: skip
            Letter.objects.create(
                tenant=customer.tenant, kind="link_sent", subject_id=link_id, next_at=now,
                envelope={"to": address, "subject": "A link", "text": "Pay"},
            )  # fmt: skip

    run(EVA)

    with scope(customer.tenant.pk):
        recipients = LinkRecipient.objects.values_list("email", "days_after")
        letters = Letter.objects.filter(kind="link_sent")
        assert sorted(recipients) == [("", []), ("otto@example.org", [3])]
        assert sorted((one.to, one.state) for one in letters) == [
            ("", "closed"), ("otto@example.org", "waiting"),
        ]  # fmt: skip
        assert not [one for one in Letter.objects.all() if one.to.lower() == EVA.lower()]


def test_answers_and_expected_customers_are_gone(customer: Customer, payment: Payment) -> None:
    with scope(customer.tenant.pk):
        link, checkout = payment.link, payment.checkout
        assert link is not None
        link.customer_name, link.customer_email = "Eva Smit", EVA
        link.save()
        version = LinkVersion.objects.create(
            tenant=customer.tenant, link=link, number=7, made_at=link.created_at,
            terms={"title": "Deposit", "customer_name": "Eva Smit", "customer_email": EVA},
        )  # fmt: skip
        checkout.answers = [{"key": "room", "label": "Room", "value": "Eva Smit's"}]
        checkout.items = [{"name": "Keg", "unit_amount_minor": 12500, "quantity": 1}]
        checkout.expected_payer = {"name": "Eva Smit", "email": EVA}
        checkout.save()

    run(EVA)

    link, version = customer.reload(link), customer.reload(version)
    checkout = customer.reload(checkout)
    assert (link.customer_name, link.customer_email) == ("", "")
    assert version.terms == {"title": "Deposit", "customer_name": "", "customer_email": ""}
    assert (checkout.answers, checkout.expected_payer) == ([], {})
    assert [item["name"] for item in checkout.items] == ["Keg"]


# Encrypted, but nobody's details: keys, tokens, what a company typed, what expires by itself.
NO_CUSTOMER = {
    "core.StoredAnswer", "core.WebhookEndpoint", "crm.Application", "crm.CalendarFeed",
    "payments.LinkTemplate", "payments.ListedParty", "payments.Receipt", "payments.StripeAccount",
    "subscriptions.ShopAccount",
}  # fmt: skip


def test_every_table_with_encrypted_details_is_erased() -> None:
    erased = {table for part in parts() for table in part.tables}
    encrypted = {model._meta.label for model, _ in encrypted_models()}

    assert {part.name for part in parts()} == {
        "billing", "core", "crm", "payments", "subscriptions",
    }  # fmt: skip
    assert encrypted - NO_CUSTOMER <= erased


def test_audit_log_is_never_changed(customer: Customer, payment: Payment) -> None:
    run(EVA)

    for change in (
        lambda: AuditEntry.objects.update(what="nothing"),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with (
            scope(customer.tenant.pk),
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
        ):
            change()
