"""The people of the journeys, at the processes that `stack` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext
from pytest_django.fixtures import Settings

from core.models import Tenant
from tests.journeys.browsing import Window
from tests.journeys.office import NewWindow, Office
from tests.journeys.people import Buyer, Seller
from tests.stack import Stack
from tests.stripe import Sandbox


@pytest.fixture
def seller(tenant: Tenant, stack: Stack, sandbox: Sandbox, settings: Settings) -> Iterator[Seller]:
    """A company on Taproom; nothing of its work goes on when the test is over."""
    settings.PUBLIC_URL = stack.url
    yield Seller(tenant, stack, sandbox)
    sandbox.control("POST", "reset")
    stack.wait_quiet()


@pytest.fixture
def buyer() -> Iterator[Buyer]:
    """A customer."""
    somebody = Buyer()
    yield somebody
    somebody.http.close()


@pytest.fixture
def new_window(stack: Stack, new_context: Callable[..., BrowserContext]) -> Iterator[NewWindow]:
    """Open windows of separate browsers; none of our pages may make a console complain."""
    opened: list[Window] = []

    def open_window(**options: Any) -> Window:
        opened.append(Window(new_context(**options), stack.url))
        return opened[-1]

    yield open_window
    assert [window.complaints for window in opened] == [[]] * len(opened)


@pytest.fixture
def office(tenant: Tenant, stack: Stack, new_window: NewWindow) -> Office:
    """A company at work with its leads."""
    return Office(tenant, stack.url, new_window)
