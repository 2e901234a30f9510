"""Error reports say what broke and where, and nothing about whom it broke for."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from config.sentry import report_errors, scrubbed
from core.checks import check_error_reports

DSN = "http://key@127.0.0.1:9/1"


@pytest.fixture
def _sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay a package by that name on the path, which keeps what it was started with."""
    (tmp_path / "sentry_sdk.py").write_text("calls = []\ndef init(**given): calls.append(given)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sentry_sdk", raising=False)
    # Set and taken away again, so that what is imported from there is forgotten afterwards.
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    monkeypatch.delitem(sys.modules, "sentry_sdk")


def test_report_leaves_out_people_and_keys() -> None:
    request = {
        "method": "POST",
        "url": "https://taproom.example/pay/f00ba4/",
        "query_string": "email=eva@example.com",
        "data": {"iban": "NL91ABNA0417164300"},
        "cookies": {"sessionid": "s"},
        "headers": {"Authorization": "Bearer b"},
        "env": {"REMOTE_ADDR": "192.0.2.7"},
    }
    frame = {"function": "pay", "lineno": 7, "vars": {"payer": "Eva"}}
    broken = {
        "type": "IntegrityError",
        "value": "sk_test_abcdefghij of eva@example.com",
        "stacktrace": {"frames": [frame]},
    }
    event = {
        "request": request,
        "user": {"id": "1", "ip_address": "192.0.2.7"},
        "exception": {"values": [broken]},
        "breadcrumbs": {"values": [{"message": "Eva"}]},
        "extra": {"payer": "Eva"},
        "level": "error",
    }

    assert scrubbed(event, {}) == {
        "request": {"method": "POST", "url": "https://taproom.example/pay/[redacted]/"},
        "exception": {
            "values": [
                {
                    "type": "IntegrityError",
                    "value": "[redacted] of [redacted]",
                    "stacktrace": {"frames": [{"function": "pay", "lineno": 7}]},
                }
            ]
        },
        "level": "error",
    }


@pytest.mark.parametrize("path", ["pay", "accounts/password/reset/key"])
def test_report_leaves_out_keys_in_addresses(path: str) -> None:
    event = {"request": {"url": f"https://taproom.example/{path}/f00ba4/?next=/admin/"}}

    told = {"url": f"https://taproom.example/{path}/[redacted]/?[redacted]"}
    assert scrubbed(event, {}) == {"request": told}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"event": "push_failed", "payer": "Eva"}, "push_failed"),
        ("no answer for eva@example.com", "no answer for [redacted]"),
    ],
)
def test_report_of_a_log_line_has_its_name_and_no_details(message: Any, told: str) -> None:
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, message, ("Eva",), None)
    event = {"logentry": {"message": str(message), "params": ["Eva"]}}

    assert scrubbed(event, {"log_record": record}) == {"logentry": {"message": told}}


@pytest.mark.usefixtures("_sdk")
def test_reports_start_with_a_dsn_and_send_no_personal_data() -> None:
    report_errors(DSN)

    assert import_module("sentry_sdk").calls == [
        {
            "dsn": DSN,
            "send_default_pii": False,
            "include_local_variables": False,
            "max_request_body_size": "never",
            "before_send": scrubbed,
        }
    ]


@pytest.mark.usefixtures("_sdk")
def test_reports_do_not_start_without_a_dsn() -> None:
    report_errors("")

    assert import_module("sentry_sdk").calls == []


@pytest.mark.skipif(find_spec("sentry_sdk") is not None, reason="sentry-sdk is installed here")
def test_dsn_without_the_package_is_told_and_stops_nothing(settings: Any) -> None:
    settings.SENTRY_DSN = DSN

    report_errors(DSN)

    assert [(told.id, told.msg) for told in check_error_reports()] == [
        (
            "taproom.W002",
            "SENTRY_DSN is set, but the package sentry-sdk is missing: no error is reported.",
        )
    ]


@pytest.mark.usefixtures("_sdk")
def test_dsn_with_the_package_is_no_complaint(settings: Any) -> None:
    settings.SENTRY_DSN = DSN

    assert check_error_reports() == []


def test_no_dsn_is_no_complaint(settings: Any) -> None:
    settings.SENTRY_DSN = ""

    assert check_error_reports() == []
