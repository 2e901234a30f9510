"""The description of the API is valid, whole, and readable offline under the strict policy."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema
from playwright.sync_api import Browser

from core.api.docs import whole_schema


@pytest.fixture
def _real_routes(settings: Any) -> None:
    settings.ROOT_URLCONF = "config.urls"


@pytest.mark.usefixtures("_real_routes")
def test_schema_of_all_routes_is_valid_without_warnings() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


def test_schema_is_served_as_json_and_as_yaml(stranger: Client) -> None:
    as_json = stranger.get("/api/schema/")
    as_yaml = stranger.get("/api/schema", headers={"Accept": "application/yaml"})

    validate_schema(as_json.json())
    assert as_json["Content-Type"] == "application/json"
    assert as_yaml.content.startswith(b"openapi: 3.0.3")


def test_operations_tell_scope_key_and_problems() -> None:
    operation = whole_schema("tests.core.api.endpoints")["paths"]["/api/teams/"]["post"]

    assert "Needs the scope `teams:write`." in operation["description"]
    assert [(p["name"], p["in"]) for p in operation["parameters"]] == [
        ("Idempotency-Key", "header")
    ]
    assert set(operation["responses"]) == {
        "201",
        *("400", "401", "403", "409", "413", "415", "422", "429", "500"),
    }
    assert operation["responses"]["422"] == {"$ref": "#/components/responses/422"}
    assert operation["security"] == [{"token": []}, {"apiKey": []}]


@pytest.mark.usefixtures("_real_routes")
def test_every_operation_is_summed_up_in_words_of_its_own() -> None:
    paths = whole_schema("config.urls")["paths"]

    summaries = [one.get("summary", "") for path in paths.values() for one in path.values()]

    assert "Make a payment link" in summaries
    assert [words for words in summaries if not 5 <= len(words) <= 60] == []
    # A document that comes as PDF and as CSV is one thing to read about.
    kinds = [words for words in summaries if not words.endswith(" as PDF or CSV")]
    assert len(set(kinds)) == len(kinds)


@pytest.mark.usefixtures("_real_routes")
def test_bodies_are_described_as_holding_no_other_names() -> None:
    schema = whole_schema("config.urls")
    operations = [one for path in schema["paths"].values() for one in path.values()]
    bodies = [one["requestBody"]["content"] for one in operations if "requestBody" in one]

    shapes = [body["application/json"]["schema"] for body in bodies]
    # Usage is sent as a list, of which each event is looked at by itself.
    names = [shape["$ref"].rpartition("/")[2] for shape in shapes if "$ref" in shape]
    described = {name: schema["components"]["schemas"][name] for name in names}

    assert "LinkFields" in described
    assert [
        n for n, body in described.items() if body.get("additionalProperties") is not False
    ] == []


def test_docs_lead_back_to_the_back_office(stranger: Client) -> None:
    page = stranger.get("/api/docs/").content.decode()

    assert '<a href="/admin/">' in page
    assert "Back to Taproom" in page


def test_list_is_described_with_its_page_and_filters() -> None:
    operation = whole_schema("tests.core.api.endpoints")["paths"]["/api/teams/"]["get"]

    names = {parameter["name"] for parameter in operation["parameters"]}
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]

    assert names == {"cursor", "limit", "name", "made_after", "made_before"}
    assert schema == {"$ref": "#/components/schemas/PaginatedTeamOutList"}


def test_schemes_of_credentials_are_described() -> None:
    schemes = whole_schema("tests.core.api.endpoints")["components"]["securitySchemes"]

    assert schemes["token"]["scheme"] == "bearer"
    assert "`teams:read`: see teams" in schemes["apiKey"]["description"]


def test_problem_is_described_as_it_is_sent(stranger: Client, db: None) -> None:
    described = whole_schema("tests.core.api.endpoints")["components"]["schemas"]["Problem"]

    sent = stranger.get("/api/teams/").json()

    assert set(described["required"]) == set(sent) == set(described["properties"])


@pytest.mark.browser
@pytest.mark.django_db
@pytest.mark.usefixtures("_real_routes")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_docs_work_in_a_browser_without_breaking_the_policy(
    live_server: Any, browser: Browser, scheme: Any
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.add_init_script(
        "window.broken = [];"
        "addEventListener('securitypolicyviolation', e => broken.push("
        "[e.effectiveDirective, e.blockedURI, e.sourceFile, e.lineNumber].join(' ')))"
    )
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    response = page.goto(f"{live_server.url}/api/docs/")
    page.locator("#operations-tag-token").click()
    page.locator("#operations-token-token_create .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    page.locator(".live-responses-table").wait_for()

    assert response is not None
    assert "unsafe" not in response.headers["content-security-policy"]
    assert page.evaluate("broken") == []
    assert [text for text in complaints if "Content Security Policy" in text] == []
    assert hosts == {live_server.url.split("/")[2]}
    page.close()
