"""Leads from a file: looked at, taken in, repeated, killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Team, Tenant, User
from core.tenancy import scope
from crm.csv_files import FileRefused, read_sheet
from crm.models import Lead, LeadImport, TimelineEntry
from crm.operations.imports import (
    ImportNotWaiting,
    Preview,
    confirm_import,
    discard_import,
    look_at,
    run_import,
    sweep_imports,
    upload,
)
from crm.operations.merge import merge_leads
from crm.operations.timeline import Actor
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
HEADER = b"Name,E-mail,Phone,Source,Source id\r\n"


class Stopped(Exception):
    """Stands for a worker that dies between two batches."""


def looked_at(user: User, data: bytes) -> Preview:
    with seen_by(user):
        return look_at(data)


def brought_in(user: User, data: bytes, now: datetime, batch: int = 500) -> LeadImport:
    with seen_by(user):
        row = upload(file_name="people.csv", data=data, by=user)
        confirm_import(import_id=row.pk, now=now)
    return run_import(tenant_id=row.tenant_id, import_id=row.pk, now=now, batch=batch)


def people(first: int, last: int) -> bytes:
    lines = (f"Person {n},p{n}@example.com,,Fair," for n in range(first, last))
    return HEADER + "\r\n".join(lines).encode() + b"\r\n"


def count(model: type[Model], tenant: Tenant) -> int:
    with scope(tenant.pk):
        return model._default_manager.count()


@pytest.mark.parametrize(
    "data",
    [
        "Name,E-mail\nZoë Ångström,zoe@example.com\n".encode(),
        "Name,E-mail\nZoë Ångström,zoe@example.com\n".encode("utf-8-sig"),
        "Name;E-mail\r\nZoë Ångström;zoe@example.com\r\n".encode("cp1252"),
        "Full name\te-mail address\rZoë Ångström\tzoe@example.com".encode("utf-16"),
        'First name|"Last, name"|Mail\nZoë|Ångström|zoe@example.com\n'.encode().replace(
            b"Last, name", b"Last name"
        ),
    ],
    ids=["utf-8", "with mark", "semicolon cp1252", "utf-16 tab", "two names"],
)
def test_file_is_understood_however_it_was_saved(admin: User, data: bytes) -> None:
    preview = looked_at(admin, data)

    [row] = preview.rows
    assert (row.lead.name, row.lead.email, row.verdict) == (
        "Zoë Ångström", "zoe@example.com", "new"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"Name,E-mail\n", "no rows"),
        (b"a,b\n1,2\n", "no column for names"),
        (b"\x00\x01PK\x03\x04", "not a text file"),
        (b"Name\n" + b"x\n" * 20_001, "at most 20,000"),
        (b"Name,E-mail\n" + b'"' + b"x" * 200_000, "quotation mark"),
        (b"x" * (8 * 1024 * 1024 + 1), "larger than 8 MB"),
    ],
)
def test_file_that_is_no_list_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        read_sheet(data)


def test_errors_name_the_line_also_after_cells_with_newlines(admin: User) -> None:
    data = (
        b'Name,E-mail,Next action\n"Ann\nLate",ann@example.com,x\nBo,not-an-address,x\n'
        b"\nCy,cy@example.com,x,y\nDee,,x\n,e@example.com,x\nFay,fay@example.com," + b"n" * 201
    )

    preview = looked_at(admin, data)

    assert [(row.line, row.problems) for row in preview.refused] == [
        (2, ["name: Control characters are no text."]),
        (4, ["email: This is not an e-mail address."]),
        (6, ["more cells than the header has columns; a text with a comma needs quotation marks"]),
        (7, ["needs an e-mail, a phone or an id, or it would double next time"]),
        (8, ["name: A lead needs a name."]),
        (9, ["next action: At most 200 characters."]),
    ]


def test_preview_says_what_each_row_would_do(admin: User, new_lead: NewLead) -> None:
    new_lead("Ann", email="ann@example.com", source="Fair")
    new_lead("Bo", email="bo@example.com")
    new_lead("Cy", phone="06 1234 5678", source_id="c-1")
    data = (
        HEADER + b"Ann,ANN@example.com,,Fair,\nBo,bo@example.com,,Fair,\nCy C,,,,c-1\n"
        b"Dee,dee@example.com,0612345678,,\nEve,dee@example.com,,,\n"
    )

    preview = looked_at(admin, data)

    assert preview.counts == {"new": 1, "changed": 2, "same": 1, "refused": 1}
    assert [row.lead.name for row in preview.may_double] == ["Dee"]
    assert preview.refused[0].problems == ["the same person as line 5 of this file, which counts"]


def test_import_adds_changes_and_says_so(
    admin: User, tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    lead = new_lead("Bo", email="bo@example.com", phone="0611111111")

    row = brought_in(admin, HEADER + b"Bo B,bo@example.com,,Fair,\nAnn,a@b.com,0612345678,,\n", now)

    assert row.counts == {"total": 2, "new": 1, "changed": 1, "same": 0, "refused": 0}
    assert (row.state, row.content) == ("done", "")
    with scope(tenant.pk):
        lead.refresh_from_db()
        ann = Lead.objects.get(email="a@b.com")
        told = list(TimelineEntry.objects.filter(lead=lead, kind="edited").values("text", "facts"))
        [entry] = TimelineEntry.objects.filter(lead=ann)
    assert (lead.name, lead.phone, lead.source) == ("Bo B", "0611111111", "Fair")
    assert told == [
        {
            "text": "name, source, from people.csv, line 2",
            "facts": {"line": 2, "before": {"name": "Bo", "source": ""}},
        }
    ]
    assert (ann.phone_normalised, ann.owner_id, entry.kind) == ("+31612345678", None, "imported")


def test_import_again_makes_no_doubles(admin: User, tenant: Tenant, now: datetime) -> None:
    data = HEADER + b"Ann,ann@example.com,,,\nBo,,0612345678,,\nCy,cy@example.com,,,c-1\n"
    brought_in(admin, data, now)

    again = brought_in(admin, data, now)

    assert again.counts == {"total": 3, "new": 0, "changed": 0, "same": 3, "refused": 0}
    assert count(Lead, tenant) == 3


def test_import_changes_the_survivor_of_a_merged_lead(
    admin: User, tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    survivor = new_lead("Ann", source_id="a-1")
    gone = new_lead("Ann B", source_id="a-2")
    with scope(tenant.pk):
        merge_leads(survivor_id=survivor.pk, duplicate_id=gone.pk, by=Actor(words="t"), now=now)

    row = brought_in(admin, HEADER + b"Ann,,,Fair,a-2\n", now)

    assert row.changed == 1
    with scope(tenant.pk):
        survivor.refresh_from_db()
    assert survivor.source == "Fair"


def test_counselor_gets_what_they_import_and_changes_nothing_unseen(
    counselor: User, colleague: User, tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    hidden = new_lead("Ann", email="ann@example.com", source_id="a-1", owner_id=colleague.pk)
    data = HEADER + b"Ann X,ann@example.com,,Fair,\nAnn Y,y@example.com,,Fair,a-1\n"

    row = brought_in(counselor, data, now)

    assert row.counts == {"total": 2, "new": 1, "changed": 0, "same": 0, "refused": 1}
    assert row.refused[1][:2] == [3, "source id: a lead that you do not see has it; ask an admin"]
    with scope(tenant.pk):
        hidden.refresh_from_db()
    assert (hidden.name, hidden.source) == ("Ann", "")
    with seen_by(counselor):
        assert [lead.name for lead in Lead.objects.all()] == ["Ann X"]


def test_places_of_a_file_are_checked(
    admin: User, counselor: User, colleague: User, team: Team
) -> None:
    data = (
        b"Name,E-mail,Stage,Owner,Team\nA,a@x.com,Advising,Cem Counselor,north\n"
        b"B,b@x.com,nowhere,,\nC,c@x.com,,dana@amber.example,\n"
    )

    by_admin, by_counselor = looked_at(admin, data), looked_at(counselor, data)

    assert [row.problems for row in by_admin.rows] == [
        [],
        ["stage: nobody and nothing here is called “nowhere”"],
        [],
    ]
    assert (by_admin.rows[0].lead.stage, by_admin.rows[0].lead.team_ids) == ("advising", [team.pk])
    assert by_counselor.rows[2].problems == [
        "owner: you can import leads for yourself or for a team of yours"
    ]


def test_bad_rows_do_not_stop_the_good_ones(admin: User, tenant: Tenant, now: datetime) -> None:
    data = people(0, 6) + b"Bad,nope,,,\r\n" + people(6, 10).removeprefix(HEADER)

    row = brought_in(admin, data, now, batch=4)

    assert row.counts == {"total": 11, "new": 10, "changed": 0, "same": 0, "refused": 1}
    assert row.refused[1] == [
        8,
        "email: This is not an e-mail address.",
        ["Bad", "nope", "", "", ""],
    ]


def test_row_that_only_the_database_refuses_is_left_out(
    admin: User, tenant: Tenant, now: datetime, superuser_connection: psycopg.Connection
) -> None:
    with psycopg.connect(superuser_connection.info.dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE crm_lead ADD CONSTRAINT odd CHECK (name <> 'Person 3')")
    try:
        row = brought_in(admin, people(0, 6), now)
    finally:
        with psycopg.connect(superuser_connection.info.dsn, autocommit=True) as owner:
            owner.execute("ALTER TABLE crm_lead DROP CONSTRAINT odd")

    assert row.counts == {"total": 6, "new": 5, "changed": 0, "same": 0, "refused": 1}
    assert row.refused[1][0] == 5


def test_import_that_stopped_goes_on_without_doubles(
    admin: User, tenant: Tenant, now: datetime
) -> None:
    with seen_by(admin):
        row = upload(file_name="people.csv", data=people(0, 10), by=admin)
        confirm_import(import_id=row.pk, now=now)

    def die(row: LeadImport) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run_import(tenant_id=tenant.pk, import_id=row.pk, now=now, batch=4, after_batch=die)
    half = count(Lead, tenant)
    done = run_import(tenant_id=tenant.pk, import_id=row.pk, now=now, batch=4)

    assert (half, count(Lead, tenant), done.created, done.state) == (4, 10, 10, "done")


def test_import_killed_in_a_batch_goes_on(admin: User, tenant: Tenant, now: datetime) -> None:
    """A process that dies with its batch open leaves nothing of it."""
    with seen_by(admin):
        row = upload(file_name="people.csv", data=people(0, 10), by=admin)
        confirm_import(import_id=row.pk, now=now)
    script = (
        "import django; django.setup()\n"
        "import os, signal, uuid\n"
        "from django.utils import timezone\n"
        "from crm.operations import imports\n"
        "from crm.models import LeadImport\n"
        "seen = []\n"
        "def die(row):\n"
        "    seen.append(row)\n"
        "    if len(seen) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"imports.run_import(tenant_id=uuid.UUID('{tenant.pk}'), import_id=uuid.UUID('{row.pk}'),"
        " now=timezone.now(), batch=3, after_batch=die)\n"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}

    killed = subprocess.run([sys.executable, "-c", script], env=env, check=False)
    half = count(Lead, tenant)
    run_import(tenant_id=tenant.pk, import_id=row.pk, now=now)

    assert (killed.returncode, half, count(Lead, tenant)) == (-signal.SIGKILL, 6, 10)


def test_import_run_twice_at_once_makes_no_doubles(
    admin: User, tenant: Tenant, now: datetime
) -> None:
    with seen_by(admin):
        rows = [upload(file_name=f"{n}.csv", data=people(0, 30), by=admin) for n in range(2)]
        for row in rows:
            confirm_import(import_id=row.pk, now=now)

    def run(row: LeadImport) -> None:
        try:
            run_import(tenant_id=tenant.pk, import_id=row.pk, now=now, batch=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(run, [*rows, *rows]))

    assert count(Lead, tenant) == 30
    with scope(tenant.pk):
        assert sum(LeadImport.objects.values_list("created", flat=True)) == 30
        assert sum(LeadImport.objects.values_list("done", flat=True)) == 60


def test_ten_thousand_rows_cost_few_statements(admin: User, tenant: Tenant, now: datetime) -> None:
    with seen_by(admin):
        rows = [upload(file_name="p.csv", data=people(0, n), by=admin) for n in (500, 1000)]
        for row in rows:
            confirm_import(import_id=row.pk, now=now)
    costs = []
    for row in rows:
        with CaptureQueriesContext(connection) as asked:
            run_import(tenant_id=tenant.pk, import_id=row.pk, now=now, batch=1000)
        costs.append(len(asked))

    assert costs[0] == costs[1]


def test_confirming_twice_starts_once(admin: User, now: datetime) -> None:
    with seen_by(admin):
        row = upload(file_name="p.csv", data=people(0, 1), by=admin)
        confirm_import(import_id=row.pk, now=now)

    with seen_by(admin), pytest.raises(ImportNotWaiting):
        confirm_import(import_id=row.pk, now=now)
    with seen_by(admin), pytest.raises(ImportNotWaiting):
        discard_import(import_id=row.pk)


def test_import_of_somebody_who_left_stops_in_words(
    counselor: User, tenant: Tenant, now: datetime
) -> None:
    with seen_by(counselor):
        row = upload(file_name="p.csv", data=people(0, 1), by=counselor)
        confirm_import(import_id=row.pk, now=now)
    User.objects.filter(pk=counselor.pk).update(is_active=False)

    stopped = run_import(tenant_id=tenant.pk, import_id=row.pk, now=now)

    assert (stopped.state, stopped.content, count(Lead, tenant)) == ("failed", "", 0)
    assert stopped.last_error == "Whoever started this import may no longer log in."


def test_sweep_sends_forgotten_imports_and_drops_old_files(
    admin: User, tenant: Tenant, now: datetime
) -> None:
    with seen_by(admin):
        running = upload(file_name="p.csv", data=people(0, 1), by=admin)
        upload(file_name="never.csv", data=people(0, 1), by=admin)
        confirm_import(import_id=running.pk, now=now)

    sweep_imports(tenant_id=tenant.pk, now=now + timedelta(days=2))

    with scope(tenant.pk):
        assert list(LeadImport.objects.values_list("pk", flat=True)) == [running.pk]


def test_imports_are_ones_own_but_for_admins(
    admin: User, counselor: User, colleague: User, other_tenant: Tenant
) -> None:
    with seen_by(counselor):
        upload(file_name="p.csv", data=people(0, 1), by=counselor)

    seen = []
    for person in (counselor, colleague, admin):
        with seen_by(person):
            seen.append(LeadImport.objects.count())
    with scope(other_tenant.pk):
        seen.append(LeadImport.objects.count())

    assert seen == [1, 0, 1, 0]


def test_file_lies_encrypted(admin: User, superuser_connection: psycopg.Connection) -> None:
    with seen_by(admin):
        upload(file_name="p.csv", data=people(0, 1), by=admin)

    [(content,)] = superuser_connection.execute("SELECT content FROM crm_leadimport").fetchall()

    assert "p0@example.com" not in content


def test_pages_lead_from_file_to_result(
    counselor: User, log_in: Callable[[User], Client], now: datetime
) -> None:
    browser = log_in(counselor)
    file = SimpleUploadedFile("p.csv", people(0, 3) + b"Bad,nope,,,\r\n", "text/csv")

    shown = browser.post("/leads/import/", {"file": file}, follow=True)
    page = shown.request["PATH_INFO"]
    browser.post(f"{page}confirm/")
    twice = browser.post(f"{page}confirm/", follow=True)
    row_id = page.split("/")[3]
    run_import(tenant_id=counselor.tenant_id, import_id=UUID(row_id), now=now)  # type: ignore[arg-type]
    result = browser.get(page)
    refused = browser.get(f"{page}refused.csv")

    assert b"3</strong> new" in shown.content
    assert b"it runs once" in twice.content
    assert b"3</strong> new" in result.content
    assert refused.content.decode("utf-8-sig").splitlines() == [
        "Name,E-mail,Phone,Source,Source id,Line,Why not",
        "Bad,nope,,,,5,email: This is not an e-mail address.",
    ]


@pytest.mark.parametrize(
    "post", [{}, {"file": "x"}, {"file": SimpleUploadedFile("e.csv", b"")}], ids=str
)
def test_upload_without_a_file_says_so(
    counselor: User, log_in: Callable[[User], Client], post: dict[str, object]
) -> None:
    answer = log_in(counselor).post("/leads/import/", post)

    assert answer.status_code == 400


def test_import_of_another_person_is_no_page(
    counselor: User, colleague: User, log_in: Callable[[User], Client]
) -> None:
    with seen_by(colleague):
        row = upload(file_name="p.csv", data=people(0, 1), by=colleague)
    browser = log_in(counselor)

    answers = [
        browser.get(f"/leads/import/{row.pk}/"),
        browser.get(f"/leads/import/{row.pk}/refused.csv"),
        browser.post(f"/leads/import/{row.pk}/confirm/"),
        browser.post(f"/leads/import/{row.pk}/discard/"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_command_imports_and_says_what_it_did(
    tenant: Tenant, admin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(people(0, 3))

    call_command("import_leads_csv", str(path), tenant="amber", dry_run=True)
    dry = count(Lead, tenant)
    call_command("import_leads_csv", str(path), tenant="amber")
    call_command("import_leads_csv", str(path), tenant="amber")

    assert (dry, count(Lead, tenant)) == (0, 3)
    assert capsys.readouterr().out.splitlines() == [
        "3 rows: 3 would be new, 0 would be changed, 0 the same, 0 refused",
        "3 rows: 3 new, 0 changed, 0 the same, 0 refused",
        "3 rows: 0 new, 0 changed, 3 the same, 0 refused",
    ]


def test_command_ends_with_an_error_for_bad_rows(
    tenant: Tenant, admin: User, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(people(0, 1) + b"Bad,nope,,,\r\n")

    with pytest.raises(CommandError, match="line 3: email: This is not an e-mail address"):
        call_command("import_leads_csv", str(path), tenant="amber")
    with pytest.raises(CommandError, match="no active tenant"):
        call_command("import_leads_csv", str(path), tenant="nope")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_leads_csv", str(path.with_name("none.csv")), tenant="amber")

    assert count(Lead, tenant) == 1
