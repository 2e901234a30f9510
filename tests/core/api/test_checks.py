"""Rates that cannot be read stop the start, not each request."""

from __future__ import annotations

from typing import Any

from core.api.checks import check_rates


def test_readable_rates_pass() -> None:
    assert check_rates() == []


def test_unreadable_rate_is_named(settings: Any) -> None:
    settings.API_RATE_PER_ADDRESS = "many"

    assert [(error.id, error.msg) for error in check_rates()] == [
        (
            "taproom.E010",
            "API_RATE_PER_ADDRESS: 'many' is not a rate such as '600/m' (s, m, h or d).",
        )
    ]
