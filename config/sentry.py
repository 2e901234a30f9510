"""Error reports to Sentry, where it is wanted: what broke and where, not whom it broke for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.observe.redact import redact_text

PACKAGE = "sentry_sdk"
# Bodies, cookies, headers, local variables and what was logged before: payers' details lie there.
NOT_SENT = frozenset(
    {"breadcrumbs", "cookies", "data", "env", "extra", "headers", "query_string", "user", "vars"}
)


def report_errors(dsn: str) -> None:
    """Report errors of this process to a DSN; without one, or without the package, do nothing."""
    if dsn and find_spec(PACKAGE) is not None:
        import_module(PACKAGE).init(
            dsn=dsn,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=scrubbed,
        )


def scrubbed(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """Return an error report without people's details and without what opens a door."""
    if "log_record" in hint:
        said = hint["log_record"].msg
        # Our own lines are dicts with details of the event; its name is enough here.
        event["logentry"] = {"message": said["event"] if isinstance(said, dict) else str(said)}
    cleaned: dict[str, Any] = _cleaned(event)
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items() if name not in NOT_SENT}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return redact_text(value) if isinstance(value, str) else value
