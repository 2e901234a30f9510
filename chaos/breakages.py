"""What can break, and how: faults of Stripe's answers and webhooks, and parts that are killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from chaos.site import Site

Step = Callable[[Site, Random], None]


@dataclass(frozen=True)
class Breakage:
    """One way to break things: `begin` breaks, `end` mends what nobody mends by itself."""

    name: str
    words: str
    begin: Step
    end: Step
    needs_reconciling: bool = False


def _nothing(site: Site, dice: Random) -> None:
    """Break nothing: what a round comes to when all is well."""


def _faults(rules: list[dict[str, Any]], site: Site, dice: Random) -> None:
    site.control("POST", "faults", rules)


def _no_faults(site: Site, dice: Random) -> None:
    site.control("DELETE", "faults")


def _kill(part: str, site: Site, dice: Random) -> None:
    """Kill a part; whoever supervises it starts it again."""
    if not site.kill(part):
        raise RuntimeError(f"{part} does not run, so it cannot be killed")


def _kill_workers(site: Site, dice: Random) -> None:
    for part in ("worker-default", "worker-stripe", "worker-webhooks", "worker-billing"):
        _kill(part, site, dice)


def _of_answers(name: str, words: str, *rules: dict[str, Any]) -> Breakage:
    return Breakage(name, words, partial(_faults, list(rules)), _no_faults)


def _killed(name: str, part: str) -> Breakage:
    return Breakage(name, f"{part} killed with SIGKILL", partial(_kill, part), _nothing)


BREAKAGES = (
    Breakage("nothing", "nothing is broken", _nothing, _nothing),
    _of_answers(
        "stripe-slow",
        "Stripe answers after 3 seconds",
        {"kind": "delay", "seconds": 3.0, "probability": 0.7},
    ),
    _of_answers(
        "stripe-errors",
        "Stripe answers 500, half of them after the effect, and 429",
        {"kind": "error_before", "probability": 0.25},
        {"kind": "error_after", "probability": 0.25},
        {"kind": "rate_limit", "probability": 0.2, "retry_after": 1},
    ),
    _of_answers("stripe-down", "Stripe cannot be reached", {"kind": "drop_before"}),
    _of_answers(
        "answers-lost",
        "answers of Stripe are lost after the effect",
        {"kind": "lost_after", "probability": 0.5, "method": "POST"},
    ),
    _of_answers(
        "webhooks-odd",
        "webhooks come twice, late and in another order",
        {"kind": "webhook_duplicate", "probability": 0.5, "copies": 3},
        {"kind": "webhook_reorder", "probability": 0.5},
    ),
    Breakage(
        "webhooks-lost",
        "webhooks are lost; reconcile_stripe_events fetches them",
        partial(_faults, [{"kind": "webhook_drop"}]),
        _no_faults,
        needs_reconciling=True,
    ),
    Breakage("workers-killed", "all workers killed with SIGKILL", _kill_workers, _nothing),
    _killed("beat-killed", "beat"),
    _killed("web-killed", "web"),
    _killed("valkey-killed", "Valkey"),
    _killed("postgres-killed", "PostgreSQL"),
    _killed("stripe-killed", "sandbox"),
)
SHORT = ("nothing", "answers-lost", "workers-killed", "postgres-killed")
