"""Traces to OpenTelemetry, where wanted: how long requests, tasks and calls of Stripe took."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from core.observe import tracing

PACKAGES = ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def has_packages() -> bool:
    """Return whether what sends traces is installed."""
    try:
        return all(find_spec(name) is not None for name in PACKAGES)
    except ModuleNotFoundError:
        return False


def report_traces(endpoint: str) -> None:
    """Send spans of this process to an OTLP endpoint (HTTP, without /v1/traces).

    Without an endpoint, or without the packages, nothing is loaded and nothing is sent. Other
    variables of OpenTelemetry's own, such as OTEL_EXPORTER_OTLP_HEADERS, hold as they stand.
    """
    if not endpoint or not has_packages():
        return
    resources = import_module("opentelemetry.sdk.resources")
    trace = import_module("opentelemetry.sdk.trace")
    export = import_module("opentelemetry.sdk.trace.export")
    otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    named = resources.Resource.create({"service.name": "taproom"})
    provider = trace.TracerProvider(resource=named)
    exporter = otlp.OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    tracing.use(provider.get_tracer("taproom"))
