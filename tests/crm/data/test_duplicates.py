"""Leads that may be the same person: found, told apart, never leaked."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.invalid import FieldsInvalid
from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Lead, NotDuplicate
from crm.operations.duplicates import tell_apart
from crm.operations.timeline import Actor
from crm.queries.duplicates import duplicate_pairs, possible_duplicates
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]


@pytest.mark.parametrize(
    ("asked", "score", "reasons"),
    [
        (("Jonas Bakker", "JONAS@example.com ", ""), 100, ["same e-mail", "same name"]),
        (("Somebody Else", "jonas@example.com", ""), 90, ["same e-mail"]),
        (("Somebody Else", "", "06 1234 5678"), 80, ["same phone"]),
        (("Jónas Bakkers", "", ""), 53, ["similar name"]),
        (("Jonas Bakker", "jonas@example.com", "0031612345678"), 100,
         ["same e-mail", "same phone", "same name"]),
    ],
)  # fmt: skip
def test_possible_duplicates_are_scored_with_reasons(
    tenant: Tenant,
    new_lead: NewLead,
    asked: tuple[str, str, str],
    score: int,
    reasons: list[str],
) -> None:
    lead = new_lead(email="jonas@example.com", phone="+31 6 1234 5678")
    new_lead("Maria Sanchez", email="maria@example.com")

    with scope(tenant.pk):
        found = possible_duplicates(name=asked[0], email=asked[1], phone=asked[2])

    assert [(match[0].pk, match[2]) for match in found] == [(lead.pk, reasons)]
    assert abs(found[0][1] - score) <= 2


@pytest.mark.parametrize("name", ["", " ", "\0", "x" * 5000, "名前", "%_\\"])
def test_odd_words_find_nobody(tenant: Tenant, new_lead: NewLead, name: str) -> None:
    new_lead(email="jonas@example.com")

    with scope(tenant.pk):
        found = possible_duplicates(name=name, email="", phone="")

    assert found == []


def test_lead_of_a_colleague_does_not_leak(
    counselor: User, colleague: User, new_lead: NewLead
) -> None:
    new_lead(email="jonas@example.com", owner_id=colleague.pk)

    with seen_by(counselor):
        found = possible_duplicates(name="Jonas Bakker", email="jonas@example.com", phone="")

    assert found == []


def test_lead_itself_and_merged_ones_are_left_out(tenant: Tenant, new_lead: NewLead) -> None:
    lead = new_lead(email="jonas@example.com")
    merged = new_lead(email="jonas@example.com")
    with scope(tenant.pk):
        Lead.objects.filter(pk=merged.pk).update(merged_into=lead)

        found = possible_duplicates(
            name="Jonas Bakker", email="jonas@example.com", phone="", exclude=lead.pk
        )

    assert found == []


def test_likeness_is_looked_up_by_index(
    tenant: Tenant, superuser_connection: psycopg.Connection
) -> None:
    superuser_connection.execute(
        "INSERT INTO crm_lead (tenant_id, name, email, phone_normalised)"
        " SELECT %s, 'Person ' || md5(n::text), n || '@example.com', '+316' || n"
        " FROM generate_series(1, 3000) n",
        [tenant.pk],
    )
    superuser_connection.execute("ANALYZE crm_lead")
    with scope(tenant.pk), CaptureQueriesContext(connection) as asked:
        possible_duplicates(name="Jonas Bakker", email="7@example.com", phone="0612345678")
    with scope(tenant.pk), connection.cursor() as cursor:
        plans = []
        for query in asked.captured_queries:
            if 'FROM "crm_lead"' in query["sql"]:
                cursor.execute("EXPLAIN " + query["sql"])
                plans.append(" ".join(row[0] for row in cursor.fetchall()))

    used = [
        [name for name in ("email", "phone", "name_key") if f"lead_by_{name}" in plan]
        for plan in plans
    ]
    assert used == [["email"], ["phone"], ["name_key"]]


def test_pairs_are_those_with_the_same_contact(tenant: Tenant, new_lead: NewLead) -> None:
    old = new_lead(email="jonas@example.com")
    new = new_lead("J. Bakker", email="Jonas@Example.com")
    new_lead("Maria Sanchez", email="maria@example.com")

    with scope(tenant.pk):
        [pair] = duplicate_pairs()

    assert {pair.older.pk, pair.newer.pk} == {old.pk, new.pk}
    assert pair.likeness.reasons[0] == "same e-mail"


def test_pair_told_apart_stays_away(tenant: Tenant, admin: User, new_lead: NewLead) -> None:
    one, other = new_lead(email="a@example.com"), new_lead(email="a@example.com")

    with seen_by(admin):
        first = tell_apart(lead_id=one.pk, other_id=other.pk, by=Actor(admin))
        again = tell_apart(lead_id=other.pk, other_id=one.pk, by=Actor(admin))
        pairs = duplicate_pairs()

    assert first == again
    assert pairs == []


def test_telling_apart_wants_two_leads_in_sight(
    counselor: User, colleague: User, new_lead: NewLead
) -> None:
    own = new_lead(owner_id=counselor.pk)
    foreign = new_lead(owner_id=colleague.pk)

    with seen_by(counselor), pytest.raises(Lead.DoesNotExist):
        tell_apart(lead_id=own.pk, other_id=foreign.pk, by=Actor(counselor))
    with seen_by(counselor), pytest.raises(FieldsInvalid):
        tell_apart(lead_id=own.pk, other_id=own.pk, by=Actor(counselor))


def test_pairs_of_a_colleague_are_hidden(
    counselor: User, colleague: User, new_lead: NewLead
) -> None:
    one = new_lead(email="a@example.com", owner_id=counselor.pk)
    other = new_lead(email="a@example.com", owner_id=colleague.pk)
    with scope(one.tenant_id):
        tell_apart(lead_id=one.pk, other_id=other.pk, by=Actor(words="test"))

    with seen_by(counselor):
        pairs, told = duplicate_pairs(), NotDuplicate.objects.count()

    assert (pairs, told) == ([], 0)


def test_pair_told_apart_of_another_tenant_stays_hidden(
    tenant: Tenant, other_tenant: Tenant, new_lead: NewLead
) -> None:
    one, other = new_lead(email="a@example.com"), new_lead(email="a@example.com")
    with scope(tenant.pk):
        tell_apart(lead_id=one.pk, other_id=other.pk, by=Actor(words="test"))

    with scope(other_tenant.pk):
        hidden = NotDuplicate.objects.count()

    assert hidden == 0


def test_pair_is_kept_in_order(new_lead: NewLead, superuser_connection: psycopg.Connection) -> None:
    one, other = sorted((new_lead(), new_lead()), key=lambda lead: lead.pk)

    with pytest.raises(psycopg.errors.CheckViolation, match="not_duplicate_in_order"):
        superuser_connection.execute(
            "INSERT INTO crm_notduplicate (tenant_id, first_id, second_id) VALUES (%s, %s, %s)",
            [one.tenant_id, other.pk, one.pk],
        )
