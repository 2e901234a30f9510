"""Run all checks side by side, each within its time, whatever is down."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from queue import Empty, Queue

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import ProgrammingError, connection

from core.doctor.checks import Check, Finding, State, Visit, broken
from core.models import Tenant
from core.observe.redact import redact_text

AT_ONCE = 8
_RIGHTS = (
    "Denied: as taproom_owner GRANT SELECT, INSERT, UPDATE, DELETE ON it TO taproom_app. Missing:"
    " run manage.py migrate as the owner."
)
_SERVER = "Is the server running, and does its address in the settings lead to it?"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check said of the platform (no tenant) or of a tenant (its slug)."""

    check: str
    tenant: str
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst of its findings."""
        return max((finding.state for finding in self.findings), default=State.FINE)


Job = tuple[Check, Visit]


def examine(checks: Iterable[Check], *, visit: Visit, slug: str = "") -> list[Result]:
    """Look at the platform and at every active tenant, or at the one called `slug`.

    Returns results in the order of the checks. No check can hold it up for longer than its time.
    """
    checks = list(checks)
    platform = [(check, visit) for check in checks if not check.for_tenants]
    asked_of_tenants = [check for check in checks if check.for_tenants]
    tenants, trouble = _tenants(visit, slug) if asked_of_tenants else ([], None)
    inside = [
        (check, replace(visit, tenant=tenant)) for tenant in tenants for check in asked_of_tenants
    ]
    results = _run([*platform, *inside])
    return [*results, Result("tenants", slug, (trouble,))] if trouble else results


def _tenants(visit: Visit, slug: str) -> tuple[list[Tenant], Finding | None]:
    """Return the tenants to look at, or why they are not known."""
    found: list[Tenant] = []

    def look(visit: Visit) -> Iterable[Finding]:
        named = {"slug": slug} if slug else {}
        found.extend(Tenant.objects.filter(is_active=True, **named).order_by("slug"))
        return ()

    [result] = _run([(Check("tenants", look, for_tenants=False, seconds=6.0), visit)])
    trouble = next(iter(result.findings), None)
    if trouble is None and slug and not found:
        trouble = broken(f"there is no active tenant {slug!r}", "Give the slug of one.")
    return list(found), trouble


def _run(jobs: list[Job]) -> list[Result]:
    """Run jobs in threads that nobody waits for once their time is over."""
    waiting, results = deque(range(len(jobs))), dict[int, Result]()
    ends: dict[int, float] = {}
    done: Queue[tuple[int, tuple[Finding, ...]]] = Queue()
    while waiting or ends:
        while waiting and len(ends) < AT_ONCE:
            number = waiting.popleft()
            ends[number] = time.monotonic() + jobs[number][0].seconds
            work = (number, *jobs[number], done)
            threading.Thread(target=_work, args=work, daemon=True, name="doctor").start()
        first = min(ends, key=lambda number: ends[number])
        try:
            number, findings = done.get(timeout=max(0.0, ends[first] - time.monotonic()))
        except Empty:
            number, findings = first, (_too_late(jobs[first][0]),)
        if ends.pop(number, None) is not None:  # otherwise it comes after its time
            results[number] = _result(jobs[number], findings)
    return [results[number] for number in range(len(jobs))]


def _work(
    number: int, check: Check, visit: Visit, done: Queue[tuple[int, tuple[Finding, ...]]]
) -> None:
    """Run one check on this thread's own connection, and close it."""
    try:
        findings = tuple(check.look(visit))
    except ImproperlyConfigured as error:  # the guard of the database role says how to mend it
        findings = (broken(str(error), "See the sentence before."),)
    except ProgrammingError as error:
        findings = (broken(_refusal(error), _RIGHTS),)
    except DatabaseError as error:
        findings = (broken(f"the database does not answer ({type(error).__name__})", _SERVER),)
    except Exception as error:
        findings = (broken(f"could not be looked at ({type(error).__name__})", _SERVER),)
    finally:
        connection.close()
    done.put((number, findings))


def _refusal(error: ProgrammingError) -> str:
    """Return what PostgreSQL says of a right, table or column that is not there."""
    return f"PostgreSQL refuses: {str(error).splitlines()[0]}"


def _too_late(check: Check) -> Finding:
    return broken(f"no answer within {check.seconds:.0f} s", _SERVER)


def _result(job: Job, findings: Iterable[Finding]) -> Result:
    """Return what a check said; the last net that keeps secrets out of the report."""
    check, visit = job
    clean = (replace(found, words=redact_text(found.words)) for found in findings)
    return Result(check.name, visit.tenant.slug if visit.tenant else "", tuple(clean))
