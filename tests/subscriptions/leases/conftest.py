"""Leases for tests: imported from small dumps, linked with the sandbox."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Tenant
from payments.models import StripeAccount
from tests.stripe import Sandbox
from tests.subscriptions.leases import dumps

Findings = list[tuple[str, str, str, str]]


class Imports:
    """Imports dumps for a tenant; returns what was found: table, id, column, rule."""

    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self.tenant = tenant
        self.folder = folder

    def __call__(self, charset: str = "utf8", **tables: list[dict[str, Any]]) -> Findings:
        path = dumps.written(self.folder / "small.dump", charset, **tables)
        return self.file(path)

    def file(self, path: Path, **options: Any) -> Findings:
        report = self.folder / "report.csv"
        report.unlink(missing_ok=True)
        call_command(
            "import_leases", str(path), tenant=self.tenant.slug, report=report,
            stdout=io.StringIO(), **options,
        )  # fmt: skip
        rows = list(csv.reader(report.read_text(encoding="utf-8").splitlines()))
        return [(row[0], row[1], row[2], row[3]) for row in rows[1:]]

    def refused(self, path: Path) -> str:
        """The words with which a file is refused."""
        with pytest.raises(CommandError) as error:
            self.file(path)
        assert error.value.returncode == 1
        return str(error.value)


@pytest.fixture
def imports(tenant: Tenant, tmp_path: Path) -> Imports:
    """Import a dump made of rows."""
    return Imports(tenant, tmp_path)


def day(days: int) -> str:
    """A moment of a dump: so many days from today, at four in the afternoon."""
    return f"{timezone.now().date() + timedelta(days=days)} 16:00:00"


def on(days: int) -> date:
    """Today and so many days."""
    return timezone.now().date() + timedelta(days=days)


class Links:
    """Runs `link_leases` and asks the sandbox what it has."""

    def __init__(self, tenant: Tenant, account: StripeAccount, sandbox: Sandbox) -> None:
        self.tenant = tenant
        self.account = account
        self.sandbox = sandbox

    def run(self, **options: Any) -> str:
        out = io.StringIO()
        call_command("link_leases", tenant=self.tenant.slug, stdout=out, **options)
        return out.getvalue()

    def all(self, noun: str, **query: Any) -> list[Any]:
        """All objects of a kind at Stripe, oldest first."""
        found: list[Any] = []
        more: dict[str, Any] = {}
        while True:
            page = self.sandbox.stripe(
                "GET", noun, key=self.account.secret_key, limit=100, **query, **more
            )
            found += page["data"]
            if not page["has_more"]:
                return found[::-1]
            more = {"starting_after": page["data"][-1]["id"]}

    def subscriptions(self) -> list[Any]:
        return self.all("subscriptions", status="all")

    def go(self, days: int) -> None:
        """Move the sandbox's clock on."""
        self.sandbox.control("POST", "clock", advance=days * 24 * 3600)

    def billed(self) -> dict[str, list[tuple[int, str]]]:
        """Amounts and currencies of invoices, by the id of their lease in the source."""
        leases = {one["id"]: one["metadata"]["source_id"] for one in self.subscriptions()}
        found: dict[str, list[tuple[int, str]]] = {}
        for invoice in self.all("invoices"):
            name = leases[invoice["parent"]["subscription_details"]["subscription"]]
            found.setdefault(name, []).append((invoice["total"], invoice["currency"]))
        return found


@pytest.fixture
def links(tenant: Tenant, account: StripeAccount, sandbox: Sandbox) -> Links:
    """Link leases with the sandbox."""
    return Links(tenant, account, sandbox)


ImportRows = Callable[..., Findings]
