"""Switches for things that go wrong: in answers of the API and in webhooks."""

import fnmatch
import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox import ids

API_KINDS = frozenset(
    (
        "delay",
        "rate_limit",
        "concurrency_limit",
        "lock_timeout",
        "error_before",
        "error_after",
        "lost_after",
        "drop_before",
        "garbage",
    )
)
WEBHOOK_KINDS = frozenset(
    (
        "webhook_duplicate",
        "webhook_reorder",
        "webhook_delay",
        "webhook_wrong_signature",
        "webhook_hold",
        "webhook_drop",
    )
)


class BadRule(ValueError):
    """A fault rule has an unknown field, kind or value."""


@dataclass
class Rule:
    """One fault: what it does, what it matches, how often.

    ``method``, ``path`` (``*`` matches anything; a path or an operation such as
    ``/v1/refunds/{refund}``) and ``event_type`` narrow it; ``count`` is how many times it still
    fires, None for ever; ``seconds`` is the delay; ``copies`` the duplicates or the size of a
    reordered group; ``retry_after`` and ``should_retry`` are headers of the 429s. A ``parallel``
    rule strikes only a request that writes to an object another request is writing to.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    event_type: str = "*"
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    copies: int = 2
    retry_after: int | None = None
    should_retry: bool | None = None
    parallel: bool = False
    id: str = field(default_factory=lambda: ids.new("fault"))

    def shown(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return asdict(self)


KINDS = {
    "method": str,
    "path": str,
    "event_type": str,
    "count": int,
    "copies": int,
    "retry_after": int,
    "should_retry": bool,
    "parallel": bool,
}
NUMBERS = {"probability": (0, 1), "seconds": (0, 3600), "copies": (2, 100), "count": (1, 10**6)}


def parse(raw: Any) -> Rule:
    """Return a rule from JSON. Raises BadRule with the reason."""
    if not isinstance(raw, dict):
        raise BadRule("a rule is a JSON object")
    unknown = raw.keys() - Rule.__dataclass_fields__.keys() | raw.keys() & {"id"}
    if unknown:
        raise BadRule(f"unknown field: {', '.join(sorted(unknown))}")
    if raw.get("kind") not in API_KINDS | WEBHOOK_KINDS:
        raise BadRule(f"kind must be one of {', '.join(sorted(API_KINDS | WEBHOOK_KINDS))}")
    for name, (least, most) in NUMBERS.items():
        value = raw.get(name)
        if value is not None and not (_is_number(value) and least <= value <= most):
            raise BadRule(f"{name} must be a number from {least} to {most}")
    for name, kind in KINDS.items():
        if raw.get(name) is not None and type(raw[name]) is not kind:
            raise BadRule(f"{name} must be {kind.__name__}")
    return Rule(**raw)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Faults:
    """The rules in force, oldest first. Not part of the stored state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, rules: list[Rule]) -> None:
        """Put rules in force."""
        with self._lock:
            self._rules.extend(rules)

    def all(self) -> list[Rule]:
        """Return the rules in force."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Drop every rule."""
        with self._lock:
            self._rules.clear()

    def for_request(
        self, method: str, path: str, operation: str, *, is_parallel: bool = False
    ) -> Rule | None:
        """Return the fault that strikes this request and count it, or None."""
        return self._strike(
            API_KINDS,
            lambda rule: (
                fnmatch.fnmatchcase(method, rule.method)
                and (fnmatch.fnmatchcase(path, rule.path) or rule.path == operation)
                and (is_parallel or not rule.parallel)
            ),
        )

    def for_delivery(self, event_type: str) -> Rule | None:
        """Return the fault that strikes this webhook and count it, or None."""
        return self._strike(
            WEBHOOK_KINDS, lambda rule: fnmatch.fnmatchcase(event_type, rule.event_type)
        )

    def _strike(self, kinds: frozenset[str], matches: Any) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.kind not in kinds or rule.count == 0 or not matches(rule):
                    continue
                if random.random() < rule.probability:
                    if rule.count is not None:
                        rule.count -= 1
                    return rule
        return None
