"""Browsers of staff, and a club with members."""

from tests.payments.pages.conftest import log_in
from tests.payments.pages.test_in_browser import complaints
from tests.subscriptions.runs.conftest import members, other_club, shop

__all__ = ["complaints", "log_in", "members", "other_club", "shop"]
