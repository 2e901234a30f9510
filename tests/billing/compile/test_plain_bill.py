"""Eight months of seven organizations, billed by runs and by plain arithmetic on raw events.

Clocks change at both ends of the winter, February has 29 days, periods begin on the 29th, 30th
and 31st, plans and prices change within periods, events come late and are corrected, small
amounts are carried, credit is used, in four currencies with their own steps.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.models import Invoice, InvoiceLine, Organization
from billing.operations.usage import Sent, record_usage
from billing.queries.audit import audit
from core.tenancy import scope
from tests.billing.compile.plain_bill import anchor_after, bill
from tests.billing.compile.world import World

BEGIN = date(2027, 9, 12)
MONTHS = [date(2027, 9 + n, 1) if n < 4 else date(2028, n - 3, 1) for n in range(8)]
REACH = timedelta(days=400)
LONG_AGO = date(2020, 1, 1)

ORGANIZATIONS: tuple[dict[str, Any], ...] = (
    {"zone": "Europe/Amsterdam", "anchor": 29, "currency": "EUR", "tax": "21"},
    {"zone": "America/New_York", "anchor": 31, "currency": "USD", "tax": "8.875",
     "inclusive": True, "wallet": 900},
    {"zone": "Australia/Lord_Howe", "anchor": 30, "currency": "USD", "small": "waive"},
    {"zone": "Pacific/Chatham", "anchor": 1, "currency": "JPY", "tax": "10", "wallet": 70},
    {"zone": "Asia/Kuwait", "anchor": 31, "currency": "KWD", "step": 10, "small": "push"},
    {"zone": "America/Los_Angeles", "anchor": 15, "currency": "EUR", "tax": "7.7",
     "quiet": True},
    {"zone": "America/St_Johns", "anchor": 30, "currency": "USD", "small": "waive",
     "quiet": True},
)  # fmt: skip
METERS = {"cpu": "sum", "calls": "count", "disk": "max", "memory": "latest", "seats": "unique"}
GRADUATED = [(Decimal(10), "3.333333333333", 0), (Decimal(40), "1.25", 7), (None, "0.005", 0)]
SEVENTH = date(2028, 2, 7)
# Version, meter, model, tiers, and what else; the second version changes a price in February.
PRICES: tuple[tuple[int, str, str, Any, dict[str, Any]], ...] = (
    (1, "cpu", "graduated", GRADUATED, {"included": Decimal("2.5")}),
    (1, "calls", "package", [(None, "49.5", 0)], {"package": Decimal(3), "included": Decimal(1)}),
    (1, "disk", "volume", [(Decimal(20), "5", 3), (None, "4.125", 0)], {"minimum": 77}),
    (1, "memory", "per_unit", [(None, "0.333333333333", 0)], {}),
    (1, "seats", "graduated", [(Decimal(1), "0", 0), (None, "25.5", 0)], {}),
    (2, "cpu", "graduated", GRADUATED, {"to": SEVENTH, "included": Decimal(1)}),
    (2, "cpu", "graduated", [(Decimal(25), "0.5", 1), (None, "2", 0)], {"from": SEVENTH}),
    (2, "cpu", "per_unit", [(None, "1.005", 0)], {"app": "web"}),
    (2, "calls", "per_unit", [(None, "0.15", 0)], {}),
    (2, "disk", "per_unit", [(None, "3.5", 0)], {}),
    (2, "seats", "per_unit", [(None, "10.05", 0)], {"minimum": 41}),
)
FEES = (
    (1, 100, True, True),
    (1, 31, False, True),
    (2, 201, True, True),
    (2, 55, False, False),
)


class Payers:
    """The same seven payers twice: as rows, and as facts."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.draw = random.Random(seed)
        self.accounts: list[dict[str, Any]] = []
        self.count = 0
        with scope(world.tenant.pk):
            unique = {"unique_by": "person"}
            self.meters = {
                code: world.meter(how, dimensions=["app"], **(unique if how == "unique" else {}))
                for code, how in METERS.items()
            }
            self.tariff = self._tariff()
            for given in ORGANIZATIONS:
                self._account(dict(given))

    def _tariff(self) -> dict[str, Any]:
        first = self.world.version()
        self.versions = {1: first, 2: self.world.version(first.plan)}
        prices, fees = [], []
        for version, meter, model, tiers, given in PRICES:
            row = self.world.price(
                self.versions[version], self.meters[meter], *tiers, model=model,
                starts_on=given.get("from", LONG_AGO), ends_on=given.get("to"),
                included=given.get("included", 0), package_size=given.get("package"),
                minimum_minor=given.get("minimum", 0), filter_value=given.get("app", ""),
                filter_dimension="app" if "app" in given else "",
            )  # fmt: skip
            facts = {"id": row.pk, "version": version, "meter": meter, "how": METERS[meter],
                     "model": model, "tiers": tiers, "from": row.starts_on, "to": row.ends_on,
                     "app": given.get("app", ""), "package": given.get("package"),
                     "included": given.get("included", Decimal(0)),
                     "minimum": given.get("minimum", 0)}  # fmt: skip
            prices.append(facts)
        for version, amount, in_advance, prorated in FEES:
            timing = "advance" if in_advance else "arrears"
            fee = self.world.fee(self.versions[version], amount, timing, is_prorated=prorated)
            fees.append({"id": fee.pk, "version": version, "amount": amount,
                         "advance": in_advance, "prorated": prorated})  # fmt: skip
        return {"prices": prices, "fees": fees}

    def _account(self, given: dict[str, Any]) -> None:
        tax = given.get("tax", "")
        rate = self.world.tax(tax, is_inclusive=given.get("inclusive", False)) if tax else None
        row = self.world.organization(
            currency=given["currency"], time_zone=given["zone"], anchor_day=given["anchor"],
            billing_starts_on=BEGIN, below_minimum=given.get("small", "carry"), tax_rate=rate,
        )  # fmt: skip
        # Another plan in the midst of a period, and back again later in the same month.
        turns = [BEGIN, *(date(2028, 1, day) for day in sorted(self.draw.sample(range(2, 28), 2)))]
        plans: list[tuple[int, date, date | None]] = [
            (1, turns[0], turns[1]), (2, turns[1], turns[2]), (1, turns[2], date(2028, 2, 3)),
            (2, date(2028, 2, 3), None),
        ]  # fmt: skip
        if given.get("quiet"):
            plans = []
        for version, since, until in plans:
            self.world.assign(row, self.versions[version], since, until)
        items = []
        for month in MONTHS if given.get("quiet") else MONTHS[2:4]:
            item = self.world.item(row, self.draw.randint(11, 29), month + timedelta(days=9))
            items.append((item.pk, item.due_on, item.amount_minor))
        if wallet := given.get("wallet", 0):
            self.world.wallet(row, wallet)
        self.accounts.append(
            {
                "row": row, "zone": given["zone"], "anchor": given["anchor"],
                "step": given.get("step", 1), "smallest": 50, "tax": tax or "0",
                "inclusive": given.get("inclusive", False), "small": given.get("small", "carry"),
                "wallet": wallet, "plans": plans, "items": items, "events": [], "billed": [],
                "held": {}, "carried": 0, "next": BEGIN,
            }
        )  # fmt: skip

    def use(self, since: date, until: date, now: datetime) -> None:
        """Send usage of some days, corrections among it, in any order and some of it twice."""
        sent: list[Sent] = []
        for account in self.accounts:
            if account["plans"]:
                sent += [self._event(account, since, until) for _ in range(14)]
                sent += self._corrections(account)
        self.draw.shuffle(sent)
        sent.sort(key=lambda one: one.kind != "usage")
        assert self._verdicts(sent, now) == {"accepted"}
        assert self._verdicts(sent[::3], now) == {"duplicate"}

    def _verdicts(self, sent: list[Sent], now: datetime) -> set[str]:
        tenant_id = self.world.tenant.pk
        told = record_usage(tenant_id=tenant_id, events=sent, now=now, reach=REACH)
        return {one.verdict for one in told}

    def _event(self, account: dict[str, Any], since: date, until: date) -> Sent:
        self.count += 1
        key, meter = f"plain-{self.count}", self.draw.choice(list(METERS))
        # Around midnight, and in the hours that a changing clock has twice or never.
        clock = self.draw.choice([time(0), time(0, 0, 1), time(1, 30), time(2, 30), time(23, 59)])
        day = since + timedelta(days=self.draw.randrange((until - since).days))
        local = datetime.combine(day, clock, ZoneInfo(account["zone"]))
        at = local.replace(fold=self.draw.randint(0, 1)).astimezone(UTC)
        at += timedelta(microseconds=self.count)
        amount = Decimal(self.draw.randint(1, 30_000_000)) / 1_000_000
        app = self.draw.choice(["web", "api"])
        dimensions = {"app": app}
        if meter == "seats":
            dimensions["person"] = self.draw.choice("abcdef")
        account["events"].append({
            "key": key, "meter": meter, "quantity": amount, "time": at, "app": app,
            "day": at.astimezone(local.tzinfo).date(),
            "value": dimensions.get("person"), "counts": True,
        })  # fmt: skip
        return Sent(key, account["row"].code, self.meters[meter].code, amount, at, dimensions)

    def _corrections(self, account: dict[str, Any]) -> list[Sent]:
        made = []
        living = [event for event in account["events"] if event["counts"]]
        for event in self.draw.sample(living, min(2, len(living))):
            self.count += 1
            event["counts"] = False
            kind = self.draw.choice(["void", "replace"])
            amount = Decimal(self.draw.randint(1, 90)) if kind == "replace" else None
            key = f"plain-{self.count}"
            if kind == "replace":
                account["events"].append(event | {"key": key, "quantity": amount, "counts": True})
            made.append(
                Sent(key, None, None, amount, None, None, kind=kind, corrects=event["key"],
                     reason="Counted wrong")
            )  # fmt: skip
        return made


def drawn(row: Organization) -> list[dict[str, Any]]:
    """What an organization's invoices hold."""
    found = []
    for invoice in Invoice.objects.filter(organization=row).order_by("period__starts_on"):
        lines, settled = {}, {}
        for line in InvoiceLine.objects.filter(invoice=invoice):
            if not line.amount_minor:
                continue
            if line.source in {"usage", "minimum", "fee", "item"}:
                lines[line.source, line.source_id, line.charged_from] = line.amount_minor
            else:
                settled[line.source] = line.amount_minor
        found.append({
            "period": (invoice.period.starts_on, invoice.period.ends_on), "lines": lines,
            "settled": settled, "tax": invoice.tax_minor, "net": invoice.net_minor,
            "total": invoice.total_minor,
        })  # fmt: skip
    return found


@pytest.mark.parametrize("seed", [29, 31])
def test_runs_bill_what_plain_arithmetic_finds(world: World, seed: int) -> None:
    payers = Payers(world, seed)
    expected: list[list[dict[str, Any]]] = [[] for _ in payers.accounts]

    for month in MONTHS:
        after = (month + timedelta(days=32)).replace(day=1)
        since = max(BEGIN, month)
        payers.use(since, after, datetime.combine(after, time(1), UTC) + timedelta(hours=24))
        now = datetime.combine(after + timedelta(days=3), time(12), UTC)
        world.run_month(month, now, is_approved=True)
        for account, invoices in zip(payers.accounts, expected, strict=True):
            while anchor_after(account["next"], account["anchor"]) <= after:
                invoices.append(bill(account, payers.tariff))
        # Of days that are billed: late, and to be settled by the next invoice.
        payers.use(max(BEGIN, since - timedelta(days=20)), after, now)

    with scope(world.tenant.pk):
        for account, invoices in zip(payers.accounts, expected, strict=True):
            assert drawn(account["row"]) == [
                one for one in invoices if one["lines"] or one["settled"]
            ]
        assert [result.check.name for result in audit(everything=True) if not result.is_kept] == []
        kinds = set(InvoiceLine.objects.order_by().values_list("kind", flat=True))
    assert kinds >= {"usage", "minimum", "recurring", "one_off", "late", "credit", "tax",
                     "prepaid", "carried", "waived"}  # fmt: skip
