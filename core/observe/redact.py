"""Takes secrets and people's details out of log lines, whoever wrote them.

The last step before a line is rendered. It is a net below the rule that nobody logs such things,
not a substitute for it.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

GONE = "[redacted]"
_MAX_DEPTH = 5

_SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|api_?key|cookie|csrf|payer|e_?mail|card|iban|payload|^body$",
    re.IGNORECASE,
)
# What looks like one of our secrets, or leads to one, wherever it stands.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Addresses that are themselves a key: payment pages, the usage portal, a forgotten password.
    (re.compile(r"(?<!\w)(pay|portal|reset/key)/[^/\s?\"'<>]+"), rf"\1/{GONE}"),
    (re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), rf"\1?{GONE}"),
    (re.compile(r"\b(Bearer|Api-Key|Basic)\s+[^\s\"',]+", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"\btap_[0-9a-f]{8}_[\w-]+"), GONE),
    (re.compile(r"\b(?:sk|rk|pk|whsec)_[\w]{8,}"), GONE),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), GONE),
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*@"), f"{GONE}@"),
    # PostgreSQL repeats the row that broke a constraint.
    (re.compile(r"(DETAIL:|Failing row contains)[^\n]*"), rf"\1 {GONE}"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), GONE),
)


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event without secrets (a structlog processor)."""
    for name, value in event.items():
        event[name] = _cleaned(name, value, 0)
    return event


def redact_text(text: str) -> str:
    """Return a text without what looks like a secret or a person's address."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _cleaned(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.search(name) or depth >= _MAX_DEPTH:
        return GONE
    if isinstance(value, dict):
        return {key: _cleaned(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(name, inner, depth + 1) for inner in value]
    return redact_text(str(value))  # what the renderer would do, addresses of requests included
