"""Browsers of customers and of staff."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from core.models import User


def words(response: HttpResponse) -> str:
    """What a page says, without markup, blanks run together."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", response.content.decode())
    body = re.sub(r"</?(a|strong|time|span)\b[^>]*>", "", body)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading(response: HttpResponse) -> str:
    """The page's own heading."""
    found = re.findall(r"(?s)<h1[^>]*>(.*?)</h1>", response.content.decode())
    assert len(found) == 1, "a page has one main heading"
    return " ".join(unescape(found[0]).split())


@pytest.fixture
def phone() -> Client:
    """A customer's browser."""
    return Client()


@pytest.fixture
def log_in() -> Callable[[User], Client]:
    """Log a member of staff in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
