"""Running checks: side by side, within their time, whatever they do."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from django.db import connection

from core.doctor import Check, Finding, State, Visit, fine, known, register
from core.doctor.examination import AT_ONCE, examine
from core.models import Tenant

VISIT = Visit(now=datetime(2030, 1, 1, tzinfo=UTC))


def check(look: object, *, seconds: float = 30.0, for_tenants: bool = False) -> Check:
    return Check("probe", look, for_tenants, seconds)  # type: ignore[arg-type]


def test_check_that_hangs_is_broken_and_holds_nobody_up() -> None:
    release = threading.Event()

    def hang(visit: Visit) -> Iterable[Finding]:
        release.wait()
        return [fine("too late")]

    jobs = [check(hang, seconds=0.05) for _ in range(AT_ONCE + 3)]
    results = examine([*jobs, check(lambda visit: [fine("well")])], visit=VISIT)
    release.set()

    assert {result.state for result in results[:-1]} == {State.BROKEN}
    assert results[0].findings[0].words == "no answer within 0 s"
    assert results[-1].findings == (fine("well"),)


def test_check_that_raises_is_broken_and_shows_no_secret() -> None:
    def raise_(visit: Visit) -> Iterable[Finding]:
        raise ValueError("postgresql://me:hunter2@host/")

    [result] = examine([check(raise_)], visit=VISIT)

    assert result.state == State.BROKEN
    assert result.findings[0].words == "could not be looked at (ValueError)"


def test_words_that_hold_a_secret_are_cleaned() -> None:
    told = [fine("key sk_test_0123456789abcdef of eva@example.com")]

    [result] = examine([check(lambda visit: told)], visit=VISIT)

    assert result.findings == (fine("key [redacted] of [redacted]"),)


@pytest.mark.django_db
def test_tenants_are_looked_at_one_by_one(tenant: Tenant, other_tenant: Tenant) -> None:
    Tenant.objects.create(name="Gone", slug="gone", is_active=False)
    ask = check(lambda visit: [fine(visit.of_tenant.name)], for_tenants=True)

    every = examine([ask], visit=VISIT)
    one = examine([ask], visit=VISIT, slug="bitter")
    nobody = examine([ask], visit=VISIT, slug="nobody")

    assert [(found.tenant, found.findings[0].words) for found in every] == [
        ("amber", "Amber Ales"),
        ("bitter", "Bitter Brews"),
    ]
    assert [found.tenant for found in one] == ["bitter"]
    assert [found.findings[0].words for found in nobody] == ["there is no active tenant 'nobody'"]


def test_the_same_name_replaces_a_check() -> None:
    before = known()

    register("secrets", before[0].look)

    assert [one.name for one in known()] == [one.name for one in before]


@pytest.mark.django_db
def test_right_that_is_missing_is_told_as_a_right() -> None:
    def look(visit: Visit) -> Iterable[Finding]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_authid")
        return [fine("read")]

    [result] = examine([check(look)], visit=VISIT)

    [finding] = result.findings
    assert finding.words == "PostgreSQL refuses: permission denied for table pg_authid"
    assert finding.mend.startswith("Denied: as taproom_owner GRANT")
