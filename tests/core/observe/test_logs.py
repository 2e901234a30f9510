"""Log lines carry ids and no secrets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client, RequestFactory

from core.observe.redact import redact, redact_text
from tests.servers import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /pay/Zk3-abc_9/", "GET /pay/[redacted]/"),
        ("GET /pay/Zk3-abc_9/qr.svg?x=1", "GET /pay/[redacted]/qr.svg?[redacted]"),
        ("Not Found: /portal/Zk3abc", "Not Found: /portal/[redacted]"),
        (
            "https://shop.example/pay/Zk3abc HTTP/1.1",
            "https://shop.example/pay/[redacted] HTTP/1.1",
        ),
        ("{'path': 'pay/Zk3abc/'}", "{'path': 'pay/[redacted]/'}"),
        ("GET /api/links/?reference=Ann", "GET /api/links/?[redacted]"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer [redacted]"),
        ("api-key tap_0011aabb_Secret-1_2", "api-key [redacted]"),
        ("used tap_0011aabb_Secret-1_2 twice", "used [redacted] twice"),
        ("sk_live_abcdefgh12345678 failed", "[redacted] failed"),
        ("whsec_abcdefgh12345678", "[redacted]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "[redacted]"),
        ("redis://user:hush@host:6379/0", "redis://[redacted]@host:6379/0"),
        ("DETAIL:  Key (email)=(ann) already exists.\nnext", "DETAIL: [redacted]\nnext"),
        ("mail to ann.lee+x@cedar.example bounced", "mail to [redacted] bounced"),
        ("payment pi_3Nabc of link 42: paid", "payment pi_3Nabc of link 42: paid"),
    ],
)
def test_text_loses_what_looks_like_a_secret(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_fields_named_like_secrets_are_emptied_at_any_depth() -> None:
    event = redact(
        None,
        "info",
        {
            "event": "x",
            "password": "p",
            "headers": {"Authorization": "y", "Accept": "z"},
            "rows": [{"payer": {"name": "Ann"}, "count": 2}],
            "client_secret": "s",
            "tenant_id": "t",
            "token_count": 5,
            "body": "b",
            "somebody": "c",
            "request": RequestFactory().get("/pay/Zk3abc/"),
        },
    )

    assert event == {
        "event": "x",
        "password": "[redacted]",
        "headers": {"Authorization": "[redacted]", "Accept": "z"},
        "rows": [{"payer": "[redacted]", "count": 2}],
        "client_secret": "[redacted]",
        "tenant_id": "t",
        "token_count": 5,
        "body": "[redacted]",
        "somebody": "c",
        "request": "<WSGIRequest: GET '/pay/[redacted]/'>",
    }


SAY = """
import logging, django
django.setup()
import structlog
from django.test import Client, RequestFactory
Client(raise_request_exception=False).post(
    "/api/token/?key=hush1",
    '{"username": "hush2@cedar.example", "password": "hush3"}',
    content_type="application/json",
    headers={"Authorization": "Bearer hush4", "Cookie": "sessionid=hush5"},
)
Client().get("/pay/hush6/?a=hush7")
Client().get("/portal/hush8/")
Client().get("/nowhere/portal/hush15/")
structlog.get_logger("x").info("sent", headers={"Authorization": "hush9"}, url="/pay/hush10")
logging.getLogger("plain").warning("asked /pay/%s with %s", "hush11", "Bearer hush12")
try:
    raise ValueError("key tap_0011aabb_hush13 of /pay/hush14")
except ValueError:
    structlog.get_logger("x").exception("broke")
    logging.getLogger("plain").exception("broke")
"""


@pytest.mark.django_db
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_whole_log_of_a_process_is_clean(log_format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_FORMAT": log_format,
            "LOG_LEVEL": "DEBUG",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    lines = done.stderr.splitlines()
    said = "\n".join(lines)
    assert [line for line in lines if re.search(r"hush\d", line)] == []
    assert "/pay/[redacted]" in said
    assert "ValueError" in said
    if log_format == "json":
        assert {"request_started", "request_finished", "sent", "broke"} <= {
            json.loads(line)["event"] for line in lines
        }


def logged(caplog: Any) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if isinstance(record.msg, dict)]


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["req-12345678", "A.b_c-9" * 9])
def test_sane_request_id_is_kept_everywhere(caplog: Any, given: str) -> None:
    response = Client().get("/api/nowhere/", headers={"X-Request-ID": given})

    assert response["X-Request-ID"] == given
    assert response.json()["request_id"] == given
    assert {line["request_id"] for line in logged(caplog)} == {given}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 65, "a b c d e f", "12345678\n9", "caf\u00e9caf\u00e9", "<script>alert"],
)
def test_other_request_ids_are_replaced(given: str) -> None:
    response = Client().get("/healthz", headers={"X-Request-ID": given})

    assert re.fullmatch(r"[0-9a-f-]{36}", response["X-Request-ID"])
