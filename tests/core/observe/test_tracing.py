"""Spans name routes and tasks; without a tracer nothing is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client

from config.telemetry import has_packages, report_traces
from core.jobs import platform_job
from core.observe import tracing
from tests.servers import ROOT


class Recorder:
    """Keeps spans as OpenTelemetry's tracer would be told of them."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, dict[str, Any]]] = []
        self.options: dict[str, Any] = {}
        self._name = ""

    @contextmanager
    def start_as_current_span(self, name: str, **options: Any) -> Iterator[Recorder]:
        self._name, self.options = name, options
        yield self

    def update_name(self, name: str) -> None:
        self._name = name

    def set_attributes(self, attributes: dict[str, Any]) -> None:
        self.spans.append((self._name, attributes))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    tracing.use(recorder)
    yield recorder
    tracing.use(None)


@pytest.mark.django_db
def test_request_is_a_span_named_by_its_route(recorder: Recorder) -> None:
    answer = Client().get("/pay/a-very-secret-token/")
    Client().get("/healthz")

    [(name, attributes)] = recorder.spans
    assert (name, attributes["http.response.status_code"]) == ("GET pay", 404)
    assert attributes["taproom.request_id"] == answer["X-Request-ID"]
    assert "secret-token" not in str(recorder.spans)


def test_task_that_fails_is_a_span_without_the_words_of_its_error(recorder: Recorder) -> None:
    @platform_job("tests.fails")
    def fails(self: object) -> None:
        raise ValueError("Eva Smit")

    with pytest.raises(ValueError, match="Eva"):
        fails()

    assert recorder.spans == [("task tests.fails", {"error.type": "ValueError"})]
    assert recorder.options["record_exception"] is False


def test_nothing_is_loaded_unless_it_is_wanted() -> None:
    program = "import django, sys; django.setup(); print('opentelemetry' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"


def test_endpoint_without_the_packages_changes_nothing() -> None:
    if has_packages():
        pytest.skip("the extra `telemetry` is installed")
    report_traces("http://127.0.0.1:9")

    with tracing.span("x") as told:
        told["a"] = 1
