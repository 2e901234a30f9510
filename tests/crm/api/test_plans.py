"""Lists stay quick among very many rows: what PostgreSQL can do with them under its policies."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from core.models import User
from core.tenancy import scope
from crm.models import Lead
from crm.queries.lead_search import find_leads
from tests.crm.api.calls import person
from tests.crm.world import World
from tests.servers import address

pytestmark = pytest.mark.django_db
Narrow = Callable[[QuerySet[Lead]], QuerySet[Lead]]


@pytest.fixture
def crowd(world: World) -> World:
    """So many leads that reading all of them is dear, and statistics that say so."""
    tenant = world.people["owner"].tenant_id
    with scope(tenant), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_lead (tenant_id, owner_id, name, email, phone_normalised)"
            " SELECT %s, %s, md5(i::text) || ' ' || md5('x' || i), i || '@example.com', '+' || i"
            " FROM generate_series(1, 3000) i",
            [tenant, world.people["owner"].pk],
        )
    with psycopg.connect(address("postgres"), autocommit=True) as superuser:
        superuser.execute("ANALYZE crm_lead")
    return world


def indexes_used(user: User, narrow: Narrow) -> set[str]:
    """The indexes of leads by which PostgreSQL finds these rows for a person."""
    with scope(user.tenant_id, user_id=user.pk, role=user.role):
        plan = narrow(Lead.objects.order_by()).explain()
    found = re.findall(r"(?:on|using) (lead_by_\w+).*\n\s+Index Cond: (.*)", plan)
    return {index for index, condition in found if "tenant_id" in condition}


BY_NAME = {"lead_by_name", "lead_by_name_tail", "lead_by_name_last"}
SOUGHT: dict[str, tuple[str, set[str]]] = {
    "name": ("mil", BY_NAME),
    "address": ("mila@example.com", {"lead_by_email"}),
    "number": ("06 1234 5678", BY_NAME | {"lead_by_phone"}),
}


@pytest.mark.parametrize("who", ["owner", "admin"])
@pytest.mark.parametrize("what", SOUGHT)
def test_search_is_answered_by_indexes_under_row_level_security(
    crowd: World, who: str, what: str
) -> None:
    text, expected = SOUGHT[what]

    used = indexes_used(
        crowd.people[who], lambda rows: find_leads(rows, text, time_zone="Europe/Amsterdam")
    )

    assert used == expected


@pytest.mark.parametrize("path", ["tasks/", "tasks/?status=open&overdue=false", "applications/"])
def test_list_takes_its_page_before_it_looks_at_what_belongs_to_it(world: World, path: str) -> None:
    api = person(world.people["member"])

    with CaptureQueriesContext(connection) as asked:
        rows = api.ids(path)

    pages = [one["sql"] for one in asked if "ORDER BY" in one["sql"] and "LIMIT 26" in one["sql"]]
    assert (len(rows), len(pages)) == (1, 1)
    assert " JOIN " not in pages[0]
