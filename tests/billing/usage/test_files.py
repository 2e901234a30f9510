"""Usage out of files, and buckets compared with their events."""

from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from billing.operations.usage.files import read_file, record_lines
from core.tenancy import scope
from tests.billing.usage.conftest import NOW, buckets, event, replace, void
from tests.billing.usage.test_buckets import make_period, record

pytestmark = pytest.mark.usefixtures("organization", "meters")
HEADER = "idempotency_key,organization,meter,quantity,time,dimension.app,action,corrects,reason\n"
TIME = "2026-11-20T10:00:00Z"


@pytest.fixture
def load(tmp_path, capsys):
    """Import a file of some name; returns exit code, output and errors."""

    def load(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = 0
        try:
            call_command("import_usage", str(path), tenant="amber", **options)
        except CommandError as error:
            code = error.returncode
            return code, str(error), capsys.readouterr()
        return code, "", capsys.readouterr()

    return load


def lines(*events):
    return "".join(json.dumps(one) + "\n" for one in events)


@pytest.mark.parametrize("is_packed", [False, True])
def test_json_lines_are_taken_in_and_counted_once(tenant, load, is_packed):
    text = lines(event(), event("k2", quantity=0.1), void("v1", "k1"))
    content = gzip.compress(text.encode()) if is_packed else text

    first = load("usage.jsonl", content)
    second = load("usage.jsonl", content)

    assert (first[0], first[2].out) == (0, "3 accepted, 0 duplicate, 0 conflict, 0 rejected\n")
    assert (second[0], second[2].out) == (0, "0 accepted, 3 duplicate, 0 conflict, 0 rejected\n")
    assert buckets(tenant) == [("2026-11-20", {}, Decimal("0.1"), 1)]


@pytest.mark.parametrize("is_packed", [False, True])
def test_csv_is_taken_in(tenant, load, is_packed):
    text = "\ufeff" + HEADER + f"k1,acme,sum,2.50,{TIME},shop,,,\nr1,,,3,,,replace,k1,Miscounted\n"
    content = text.encode()

    found = load("usage.csv.gz" if is_packed else "usage.csv",
                 gzip.compress(content) if is_packed else content)  # fmt: skip

    assert found[:2] == (0, "")
    assert buckets(tenant) == [("2026-11-20", {"app": "shop"}, Decimal(3), 1)]


def test_bad_lines_are_told_by_number_and_the_rest_goes_in(tenant, load, tmp_path):
    text = (
        lines(event(), event("k2", quantity="NaN"))
        + "{\n\n"
        + lines(event(quantity=5), event("k3"))
    )
    verdicts = tmp_path / "verdicts.csv"

    code, words, shown = load("usage.jsonl", text, verdicts=str(verdicts))

    rows = list(csv.reader(io.StringIO(verdicts.read_text())))
    assert (code, "3 lines" in words) == (3, True)
    assert [row[:3] for row in rows] == [
        ["line", "idempotency_key", "verdict"],
        ["1", "k1", "accepted"], ["2", "k2", "rejected"], ["3", "", "rejected"],
        ["5", "k1", "conflict"], ["6", "k3", "accepted"],
    ]  # fmt: skip
    assert "line 2: rejected (quantity):" in shown.err
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(4), 2)]


BAD_CSV = {
    "too few cells": "k9,acme",
    "bytes of another encoding": "k9,\xe4,sum,1,2026-11-20T10:00:00Z,,,,",
    "open quote": 'k9,"a"b,sum,1,2026-11-20T10:00:00Z,,,,',
    "NUL": "k9,ac\0me,sum,1,2026-11-20T10:00:00Z,,,,",
}


@pytest.mark.parametrize("bad", BAD_CSV.values(), ids=BAD_CSV)
def test_bad_row_is_refused_alone(tenant, load, bad):
    text = f"{HEADER}{bad}\nk1,acme,sum,2,{TIME},,,,\n"

    code, _, shown = load("usage.csv", text.encode("latin-1"))

    assert (code, "line 2: rejected" in shown.err) == (3, True)
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("usage.csv", "a,b\n1,2\n"),
        ("usage.csv", "idempotency_key,meter,meter\n"),
        ("usage.jsonl", gzip.compress(b'{"a": 1}\n' * 5000)[:-20]),
        ("usage.jsonl", b"\x1f\x8bnothing"),
    ],
)
def test_file_that_cannot_be_read_says_so(load, name, content):
    code, words, _ = load(name, content)

    assert (code, "Stored up to line" in words) == (1, True)


def test_file_that_is_not_there_says_so():
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_usage", "nothing.csv", tenant="amber")


def test_dry_run_tells_and_stores_nothing(tenant, load):
    text = lines(event(), event("k2", quantity=-1))

    dry = load("usage.jsonl", text, dry_run=True)
    real = load("usage.jsonl", text)

    assert (dry[0], real[0]) == (3, 3)
    assert dry[2].out == "Would be: 1 accepted, 0 duplicate, 0 conflict, 1 rejected\n"
    assert real[2].out == "1 accepted, 0 duplicate, 0 conflict, 1 rejected\n"
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def test_older_usage_is_taken_when_told_so(load):
    text = lines(event(time="2024-02-29T10:00:00Z"))

    assert load("usage.jsonl", text)[0] == 3
    assert load("usage.jsonl", text, oldest_days=2000)[0] == 0


def test_import_killed_between_batches_goes_on_where_it_was(tenant):
    text = lines(*(event(f"k{number}", quantity=1) for number in range(25))).encode()

    def batches():
        found = read_file(io.BytesIO(text), "usage.jsonl")
        return record_lines(tenant_id=tenant.pk, lines=found, clock=lambda: NOW, size=10)

    killed = next(batches())
    words = [one.verdict.verdict for batch in batches() for one in batch]

    assert len(killed) == 10
    assert words == ["duplicate"] * 10 + ["accepted"] * 15
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(25), 25)]


def test_right_buckets_are_said_to_be_right(tenant, capsys):
    record(tenant, [event(), event("k2", meter="max"), replace("r1", "k1", quantity=9)])

    call_command("rebuild_usage", tenant="amber", check=True)

    assert capsys.readouterr().out == "All buckets equal their events.\n"


def spoil(superuser_connection):
    superuser_connection.execute(
        "UPDATE billing_usagebucket SET quantity = quantity + 1"
        " WHERE meter_id IN (SELECT id FROM billing_meter WHERE code = 'sum')"
    )


def test_wrong_bucket_is_told_and_mended_and_its_period_looked_at_again(
    tenant, organization, superuser_connection, capsys
):
    record(tenant, [event(time="2026-10-05T10:00:00Z"), event("k2", meter="count")])
    period = make_period(tenant, organization, "invoiced")
    spoil(superuser_connection)

    with pytest.raises(CommandError, match="1 buckets differ"):
        call_command("rebuild_usage", tenant="amber", check=True)
    told = capsys.readouterr().out
    call_command("rebuild_usage", tenant="amber", fix=True)
    call_command("rebuild_usage", tenant="amber", check=True)

    with scope(tenant.pk):
        period.refresh_from_db()
    assert told.startswith("acme 2026-10-05 sum {}: kept 3.000000000000 of 1 events")
    assert capsys.readouterr().out.endswith("mended.\nAll buckets equal their events.\n")
    assert buckets(tenant) == [("2026-10-05", {}, Decimal(2), 1)]
    assert period.recheck_at == NOW


def test_check_looks_only_where_it_is_told_to(tenant, superuser_connection, capsys):
    record(tenant, [event()])
    spoil(superuser_connection)

    call_command("rebuild_usage", "--to", "2026-11-19", tenant="amber")

    with pytest.raises(CommandError):
        call_command("rebuild_usage", "--from", "2026-11-20", tenant="amber", organization="acme")


def test_check_of_another_tenant_sees_nothing(tenant, other_tenant, superuser_connection, capsys):
    record(tenant, [event()])
    spoil(superuser_connection)

    call_command("rebuild_usage", tenant="bitter")

    assert capsys.readouterr().out == "All buckets equal their events.\n"
