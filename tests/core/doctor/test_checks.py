"""What each check of the platform says of good and bad installations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone

from core.doctor import State, Visit, installation, place, rows, servers
from core.models import Tenant, WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.observe import heartbeat
from core.observe.counts import client
from core.tenancy import scope
from tests.servers import ROOT

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
VISIT = Visit(now=NOW)
GOOD_KEY = "kJ8-sdfG_2390sdf-LKJ23lkjsdfXCV-2039845lkjdfgM-zz09"


def states(findings: Any) -> list[str]:
    return [found.state.name for found in findings]


@pytest.mark.parametrize(
    ("key", "expected"),
    [(GOOD_KEY, "FINE"), (GOOD_KEY[:49], "BROKEN"), ("ab" * 40, "BROKEN")],
)
def test_secret_key_is_judged(settings: Any, key: str, expected: str) -> None:
    settings.SECRET_KEY = key
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert states(installation.look_at_secrets(VISIT)) == [expected, "FINE"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([], "BROKEN"), (["no key"], "BROKEN"), ([Fernet.generate_key().decode()] * 2, "WARNING")],
)
def test_encryption_keys_are_judged(settings: Any, keys: list[str], expected: str) -> None:
    settings.SECRET_KEY, settings.FIELD_ENCRYPTION_KEYS = GOOD_KEY, keys

    assert states(installation.look_at_secrets(VISIT)) == ["FINE", expected]


@pytest.mark.parametrize(
    ("url", "hosts", "proxies", "expected"),
    [
        ("https://taproom.example", ["taproom.example"], 1, ["FINE", "FINE"]),
        ("https://taproom.example", [".example"], 1, ["FINE", "FINE"]),
        ("https://taproom.example", ["taproom.example"], 0, ["FINE", "FINE", "WARNING"]),
        ("https://taproom.example", ["*"], 1, ["FINE", "BROKEN"]),
        ("https://taproom.example", ["other.example"], 1, ["FINE", "BROKEN"]),
        ("http://taproom.example", ["taproom.example"], 1, ["BROKEN", "FINE"]),
        ("http://127.0.0.1:8000", ["127.0.0.1"], 0, ["FINE", "FINE"]),
    ],
)
def test_addresses_are_judged(
    settings: Any, url: str, hosts: list[str], proxies: int, expected: list[str]
) -> None:
    settings.PUBLIC_URL, settings.IS_HTTPS = url, url.startswith("https")
    settings.ALLOWED_HOSTS, settings.TRUSTED_PROXY_COUNT = hosts, proxies

    assert states(installation.look_at_addresses(VISIT)) == expected


def test_guards_are_judged_of_a_public_installation(settings: Any) -> None:
    settings.PUBLIC_URL = "https://taproom.example"
    settings.DEBUG, settings.MFA_REQUIRED, settings.METRICS_TOKEN = True, False, ""
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.WEBHOOKS_TO_LOOPBACK = True

    found = list(installation.look_at_guards(VISIT))

    assert states(found) == ["BROKEN", "WARNING", "WARNING", "WARNING", "BROKEN", "FINE"]
    assert [one for one in found if one.state and not one.mend] == []


@pytest.mark.django_db
def test_database_of_the_tests_is_sound() -> None:
    looks = (rows.look_at_role, rows.look_at_policies, rows.look_at_migrations)

    assert [states(look(VISIT)) for look in looks] == [["FINE"], ["FINE"], ["FINE"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("harm", "mend"),
    [
        ("NO FORCE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"),
        ("DISABLE ROW LEVEL SECURITY", "ENABLE ROW LEVEL SECURITY"),
    ],
)
def test_table_without_forced_policy_is_named(
    superuser_connection: psycopg.Connection, harm: str, mend: str
) -> None:
    superuser_connection.execute(f"ALTER TABLE payments_payment {harm}")
    try:
        [found] = rows.look_at_policies(VISIT)
    finally:
        superuser_connection.execute(f"ALTER TABLE payments_payment {mend}")

    assert found.state == State.BROKEN
    assert found.words == "no forced row-level security on payments_payment"


@pytest.mark.django_db
def test_policy_that_shows_rows_to_all_is_found(
    superuser_connection: psycopg.Connection, tenant: Tenant
) -> None:
    with scope(tenant.pk):
        WebhookMessage.objects.create(
            tenant=tenant, event_type="webhook.test", body="{}", happened_at=NOW
        )
    superuser_connection.execute("CREATE POLICY open ON core_webhookmessage USING (true)")
    try:
        [found] = rows.look_at_policies(VISIT)
    finally:
        superuser_connection.execute("DROP POLICY open ON core_webhookmessage")

    assert found.words == "rows show without a tenant in core_webhookmessage"


@pytest.mark.django_db
def test_late_webhooks_and_failing_endpoints_are_told(tenant: Tenant, other_tenant: Tenant) -> None:
    visit = Visit(now=NOW, tenant=tenant)
    before = states(rows.look_at_outgoing(visit))
    with scope(tenant.pk):
        endpoint = WebhookEndpoint.objects.create(
            tenant=tenant,
            url="https://a.example",
            secret="s",
            failing_since=NOW - timedelta(hours=2),
        )
        message = WebhookMessage.objects.create(
            tenant=tenant, event_type="webhook.test", body="{}", happened_at=NOW
        )
        WebhookDelivery.objects.create(
            tenant=tenant, endpoint=endpoint, message=message, next_at=NOW - timedelta(minutes=16)
        )

    found = list(rows.look_at_outgoing(visit))

    assert before == ["FINE"]
    assert [one.words for one in found] == [
        "1 outgoing webhooks are due for more than 15 minutes",
        "1 endpoints fail for over an hour, 0 were switched off for failing",
    ]
    assert states(rows.look_at_outgoing(Visit(now=NOW, tenant=other_tenant))) == ["FINE"]


def test_queues_without_workers_are_broken_and_backlogs_told(settings: Any) -> None:
    settings.QUEUE_NAMES = ("default", "doctors")
    client().rpush("doctors", *["x"] * 3)
    try:
        found = list(servers.look_at_queues(VISIT))
    finally:
        client().delete("doctors")

    assert [one.words for one in found] == [
        "default: 0 workers, 0 waiting",
        "doctors: 0 workers, 3 waiting",
    ]
    assert states(found) == ["BROKEN", "BROKEN"]


def test_beat_is_judged_by_its_heartbeat() -> None:
    heartbeat.beat(now=NOW - timedelta(seconds=20))
    soon = states(servers.look_at_beat(VISIT))[0]
    late = states(servers.look_at_beat(Visit(now=NOW + timedelta(seconds=70))))[0]

    assert (soon, late) == ("FINE", "BROKEN")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "FINE"), (3, "WARNING"), (-3, "WARNING"), (31, "BROKEN")]
)
def test_clock_is_judged_by_how_far_it_is_off(seconds: int, expected: str) -> None:
    start = NOW.timestamp()

    found = servers.judged_clock("theirs", NOW + timedelta(seconds=seconds), start, start + 0.1)

    assert found.state.name == expected


@pytest.mark.parametrize(("hours", "expected"), [(1, "FINE"), (27, "WARNING"), (51, "BROKEN")])
def test_backup_is_judged_by_its_age(tmp_path: Path, hours: int, expected: str) -> None:
    dump = tmp_path / "taproom.dump"
    dump.write_bytes(b"x" * 2000)
    tmp_path.joinpath("failed.dump").touch()
    made = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(dump, (made, made))

    [found] = place.look_at_backups(Visit(now=NOW, backups=(tmp_path,)))

    assert (found.state.name, "taproom.dump" in found.words) == (expected, True)


def test_backup_that_is_missing_is_broken(tmp_path: Path) -> None:
    tmp_path.joinpath("failed.dump").touch()
    visit = Visit(now=NOW, backups=(tmp_path, tmp_path / "nowhere"), disks=(tmp_path / "nowhere",))

    assert states(place.look_at_backups(visit)) == ["BROKEN", "BROKEN"]
    assert states(place.look_at_disks(visit)) == ["BROKEN"]


@pytest.mark.django_db
def test_doctor_tells_all_and_leaves_with_its_exit_code(tenant: Tenant) -> None:
    heartbeat.beat(now=timezone.now())
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=out)

    told = json.loads(out.getvalue())
    by_check = {(one["check"], one["tenant"]): one["state"] for one in told["findings"]}
    assert (told["state"], ended.value.code) == ("broken", 2)  # no worker runs here
    assert by_check["migrations", None] == "fine"
    assert by_check["queues", None] == "broken"
    assert by_check["Stripe", "amber"] == "warning"
    assert [one for one in told["findings"] if one["state"] != "fine" and not one["mend"]] == []


@pytest.mark.django_db
def test_doctor_in_words_can_leave_out_what_is_fine(tenant: Tenant) -> None:
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", "--quiet", "--tenant", "amber", stdout=out)

    lines = out.getvalue().splitlines()
    assert [line for line in lines if line.startswith("ok")] == []
    assert "WARN    Stripe (amber): no Stripe account is connected: nobody can pay" in lines


def test_settings_that_cannot_be_read_are_broken_not_a_traceback() -> None:
    env = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}

    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("BROKEN  settings: Set the SECRET_KEY environment variable")


def test_doctor_answers_while_everything_is_down() -> None:
    nowhere = {
        "DATABASE_URL": "postgresql://taproom_app:hunter2@127.0.0.1:1/taproom",
        "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
        "STRIPE_API_BASE": "http://127.0.0.1:1",
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )

    found = {one["check"]: one["state"] for one in json.loads(done.stdout)["findings"]}
    down = ("database role", "row-level security", "migrations", "redis", "queues", "beat")
    assert done.returncode == 2
    assert [name for name in down if found[name] != "broken"] == []
    assert "hunter2" not in done.stdout + done.stderr
