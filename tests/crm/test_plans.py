"""What the pages and the API ask, planned among 300,000 leads of one company: nothing that a
person waits for reads a whole table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.crowd import make_crowd
from core.models import User
from core.operations.tokens import issue_tokens
from core.tenancy import scope
from crm.models import Lead
from tests.servers import address

LEADS = 300_000
BIG = ("crm_lead", "crm_application", "crm_task", "crm_timelineentry")
PAGES = (
    "/today/",
    "/today/?assignee=me",
    "/leads/",
    "/leads/?q=lead+29",
    "/leads/?stage=contacted",
    "/leads/{lead}/",
)
LISTS = (
    "/api/leads/",
    "/api/leads/?owner=me",
    "/api/leads/?search=lead2999%40example.com",
    "/api/leads/?stage=new&limit=5",
    "/api/applications/",
    "/api/tasks/",
    "/api/tasks/?overdue=true",
    "/api/leads/{lead}/timeline/",
)


def whole_reads(node: dict[str, Any]) -> Iterator[str]:
    """Yield the big tables that a plan reads from end to end."""
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG:
        yield node["Relation Name"]
    for inner in node.get("Plans", []):
        yield from whole_reads(inner)


def whole_reads_of(statements: list[str], person: User) -> set[str]:
    found = set()
    with (
        scope(person.tenant_id, user_id=person.pk, role=person.role),
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute("EXPLAIN (FORMAT JSON) " + statement)
            plan = cursor.fetchone()[0]
            plan = json.loads(plan) if isinstance(plan, str) else plan
            found |= {f"{table}: {statement}" for table in whole_reads(plan[0]["Plan"])}
    return found


def statements_of(client: Client, path: str, **headers: str) -> list[str]:
    """Return what one request asks of the tables that grow with the leads."""
    with CaptureQueriesContext(connection) as asked:
        response = client.get(path, headers=headers)
    assert response.status_code == 200, path
    return [
        query["sql"]
        for query in asked.captured_queries
        if query["sql"].startswith("SELECT") and any(f'"{table}"' in query["sql"] for table in BIG)
    ]


def test_no_page_reads_a_whole_table(db: None) -> None:
    crowd = make_crowd(address("postgres"), leads=LEADS, every=3)
    counselor = User.objects.get(pk=crowd.counselor_id)
    admin = User.objects.create_user("a@crowd.example", tenant=counselor.tenant, role="admin")
    found: dict[str, set[str]] = {}
    for person in (counselor, admin):
        with scope(person.tenant_id, user_id=person.pk, role=person.role):
            lead = Lead.objects.order_by("-created_at")[0].pk
        client, token = Client(), issue_tokens(user=person).access
        client.force_login(person)
        for path in PAGES:
            asked = statements_of(client, path.format(lead=lead))
            found[f"{person.role} {path}"] = whole_reads_of(asked, person)
        for path in LISTS:
            asked = statements_of(Client(), path.format(lead=lead), authorization=f"Bearer {token}")
            found[f"{person.role} {path}"] = whole_reads_of(asked, person)

    assert {path: reads for path, reads in found.items() if reads} == {}
