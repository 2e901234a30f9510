"""A company whose books are kept twice: by billing, and in plain facts for the reckoning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count, Sum

from billing.models import (
    Assignment,
    BillingPeriod,
    BillingRun,
    CreditNote,
    Invoice,
    InvoiceLine,
    Meter,
    Organization,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    RecurringFee,
    TaxRate,
)
from billing.operations.compiling import compile_next
from billing.operations.finalizing import finalize_next
from billing.operations.periods import ensure_periods
from billing.operations.push.queue import queue_pushes
from billing.operations.run_work import advance_run
from billing.operations.runs import approve_run, open_run
from billing.operations.usage import Sent, record_usage
from billing.queries.audit import audit
from core.models import Tenant
from core.tenancy import scope
from tests.billing.reckoning import owed

# A leap year; clocks change in March and November.
START = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR = timedelta(days=366)

METERS = {
    "cpu": {"aggregation": "sum", "allows_negative": True},
    "requests": {"aggregation": "count"},
    "disk": {"aggregation": "max"},
    "memory": {"aggregation": "latest"},
    "seats": {"aggregation": "unique", "unique_by": "person"},
}
ORGANIZATIONS: tuple[dict[str, Any], ...] = (
    {"code": "ams", "time_zone": "Europe/Amsterdam", "anchor_day": 1, "tax": "21"},
    {"code": "joh", "time_zone": "America/St_Johns", "anchor_day": 31, "below_minimum": "waive"},
    {"code": "kir", "time_zone": "Pacific/Kiritimati", "anchor_day": 29, "tax": "-19"},
    {"code": "par", "time_zone": "Asia/Kathmandu", "anchor_day": 15, "below_minimum": "push"},
)
# Model, tiers, and whatever else is not plain, by meter; the second version costs more.
PRICES: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
    (
        "cpu",
        "graduated",
        [("0", "10", "3.333333333333"), ("10", "50", "1.5"), ("50", None, "0.7")],
        {},
    ),
    ("cpu", "per_unit", [("0", None, "2.25")], {"filter_dimension": "app", "filter_value": "web"}),
    (
        "requests",
        "package",
        [("0", None, "99")],
        {"package_size": Decimal(3), "included": Decimal(2)},
    ),
    ("disk", "volume", [("0", "20", "5"), ("20", "100", "4.5"), ("100", None, "4")], {}),
    ("memory", "per_unit", [("0", None, "0.5")], {"minimum_minor": 1001}),
    ("seats", "graduated", [("0", "1", "0"), ("1", None, "250")], {}),
)
FEES = (
    ("Base", 2900, "advance", True),
    ("Support", 990, "arrears", True),
    ("Desk", 333, "arrears", False),
)


class Crash(Exception):
    """The process died here."""


class Books:
    """One company, its facts, and ways to change both at once."""

    def __init__(self) -> None:
        self.now = START
        self.tenant = Tenant.objects.create(
            name="Kept twice", slug=f"books-{uuid4().hex[:12]}", time_zone="UTC",
            default_currency="EUR",
        )  # fmt: skip
        self.events: dict[str, dict[str, Any]] = {}
        self.assignments: dict[str, list[dict[str, Any]]] = {}
        with scope(self.tenant.pk):
            self.meters = {code: self._meter(code, given) for code, given in METERS.items()}
            self.plan = Plan.objects.create(
                tenant=self.tenant, code="basic", name="Basic", currency="EUR"
            )
            self.tariff: tuple[list[Any], list[Any]] = ([], [])
            self.versions = [self._version(n) for n in (1, 2)]
            self.organizations = {o["code"]: self._organization(**o) for o in ORGANIZATIONS}

    def _meter(self, code: str, given: dict[str, Any]) -> Meter:
        return Meter.objects.create(
            tenant=self.tenant, code=code, name=code, dimensions=["app"], **given
        )

    def _version(self, number: int) -> PlanVersion:
        version = PlanVersion.objects.create(
            tenant=self.tenant, plan=self.plan, number=number, published_at=START
        )
        for meter, model, tiers, given in PRICES:
            # The second version changes a price in the middle of February, and has one less.
            spans = [(date(2023, 1, 1), None)]
            if number == 2 and meter == "disk":
                spans = [(date(2023, 1, 1), date(2024, 2, 15)), (date(2024, 2, 15), None)]
            for factor, (starts_on, ends_on) in enumerate(spans, number):
                self._price(version, meter, model, tiers, factor, starts_on, ends_on, given)
        for name, amount, timing, prorated in FEES:
            fee = RecurringFee.objects.create(
                tenant=self.tenant, version=version, name=name, amount_minor=amount * number,
                timing=timing, is_prorated=prorated,
            )  # fmt: skip
            facts = {"id": fee.pk, "version": version.pk, "amount": amount * number}
            self.tariff[1].append(facts | {"prorated": prorated})
        return version

    def _price(self, version, meter, model, tiers, factor, starts_on, ends_on, given):  # noqa: PLR0917
        row = Price.objects.create(
            tenant=self.tenant, version=version, meter=self.meters[meter], model=model,
            starts_on=starts_on, ends_on=ends_on, **given,
        )  # fmt: skip
        told = [(Decimal(a), b and Decimal(b), Decimal(rate) * factor) for a, b, rate in tiers]
        for position, (above, up_to, rate) in enumerate(told):
            PriceTier.objects.create(
                tenant=self.tenant,
                price=row,
                position=position,
                above=above,
                up_to=up_to,
                rate=rate,
            )
        facts = {"id": row.pk, "version": version.pk, "meter": meter, "model": model, "tiers": told}
        facts |= {"how": METERS[meter]["aggregation"], "app": given.get("filter_value", "")}
        facts |= {"included": given.get("included", Decimal(0)), "from": starts_on, "to": ends_on}
        facts |= {"package": given.get("package_size"), "minimum": given.get("minimum_minor", 0)}
        self.tariff[0].append(facts)

    def _organization(self, code: str, tax: str = "", **given: Any) -> Organization:
        rate = None
        if tax:
            rate = TaxRate.objects.create(
                tenant=self.tenant, name=f"Tax {tax}", percentage=abs(int(tax)),
                is_inclusive=tax.startswith("-"),
            )  # fmt: skip
        row = Organization.objects.create(
            tenant=self.tenant, code=code, name=code, currency="EUR", tax_rate=rate,
            billing_starts_on=date(2024, 1, 3), **given,
        )  # fmt: skip
        Assignment.objects.create(
            tenant=self.tenant,
            organization=row,
            version=self.versions[0],
            starts_on=date(2024, 1, 5),
        )
        self.assignments[code] = [
            {"version": self.versions[0].pk, "from": date(2024, 1, 5), "to": None}
        ]
        return row

    # --- usage

    def send(self, events: list[Sent]) -> list[str]:
        """Send a batch; returns the verdict of each."""
        verdicts = record_usage(tenant_id=self.tenant.pk, events=events, now=self.now, reach=YEAR)
        for sent, verdict in zip(events, verdicts, strict=True):
            if verdict.verdict == "accepted":
                self._note(sent)
        return [verdict.verdict for verdict in verdicts]

    def _note(self, sent: Sent) -> None:
        before = self.events.get(sent.corrects or "", {})
        if before:
            before["corrected"] = True
        dimensions = sent.dimensions or {}
        self.events[sent.key] = {
            "sent": sent,
            "organization": sent.organization or before["organization"],
            "meter": sent.meter or before["meter"],
            "quantity": before["quantity"] if sent.quantity is None else sent.quantity,
            "time": sent.time or before["time"],
            "app": dimensions.get("app") or before.get("app", ""),
            "value": dimensions.get("person") or before.get("value"),
            "void": sent.kind == "void",
            "corrected": False,
        }

    def counted(self, code: str) -> list[dict[str, Any]]:
        """The facts of events of an organization that count."""
        return [
            event
            for event in self.events.values()
            if event["organization"] == code and not event["void"] and not event["corrected"]
        ]

    # --- runs

    def run(self, month: date, *, crash_after: int | None = None) -> BillingRun | None:
        """Bill a month; crashing, the process dies in the midst of a chunk, its work undone."""
        with scope(self.tenant.pk):
            run = BillingRun.objects.filter(state__in=BillingRun.OPEN).first()
            run = run or open_run(month=month, by=None, now=self.now)
            ensure_periods(month=run.month)
        chunks = 0
        while True:
            if chunks == crash_after:
                self._crash(run)
                return None
            chunks += 1
            if advance_run(tenant_id=self.tenant.pk, run_id=run.pk, now=self.now):
                continue
            with scope(self.tenant.pk):
                run = BillingRun.objects.get(pk=run.pk)
                if run.state == BillingRun.State.DONE:
                    return run
                if run.state == BillingRun.State.REVIEW:
                    approve_run(run_id=run.pk, by=None, now=self.now)

    def _crash(self, run: BillingRun) -> None:
        try:
            with scope(self.tenant.pk):
                run = BillingRun.objects.get(pk=run.pk)
                if run.state == BillingRun.State.FINALIZING:
                    finalize_next(run=run, limit=2, now=self.now)
                elif run.state == BillingRun.State.COMPILING:
                    compile_next(run=run, limit=2, now=self.now)
                raise Crash
        except Crash:
            pass

    # --- what must hold

    def violations(self) -> dict[str, Any]:
        """What the audit finds."""
        with scope(self.tenant.pk):
            found = [r for r in audit(everything=True) if not r.is_kept]
            return {r.check.name: [f"{f.id} {f.detail}" for f in r.findings] for r in found}

    def invoiced(self, code: str, until: date) -> dict[tuple[str, UUID, date], int]:
        """What invoices that are not void hold by source, of periods before a day."""
        with scope(self.tenant.pk):
            rows = InvoiceLine.objects.filter(
                organization_id=self.organizations[code].pk,
                source__in=["usage", "minimum", "fee"],
                charged_from__lt=until,
            ).exclude(invoice__state=Invoice.State.VOID)
            keys = rows.order_by().values_list("source", "source_id", "charged_from")
            found = keys.annotate(total=Sum("amount_minor"))
            return {(a, b, c): int(total) for a, b, c, total in found if total}

    def reckoned(self, code: str, until: date) -> dict[tuple[str, UUID, date], int]:
        """The same from the facts."""
        organization = self.organizations[code]
        facts = {"zone": organization.time_zone, "since": organization.billing_starts_on}
        facts |= {"anchor": organization.anchor_day, "step": 1}
        return owed(facts, self.assignments[code], self.tariff, self.counted(code), until)

    def closed_until(self, code: str) -> date:
        """The day after the last period with an invoice."""
        with scope(self.tenant.pk):
            rows = BillingPeriod.objects.filter(
                organization=self.organizations[code], state="invoiced"
            )
            last = rows.order_by("-ends_on").first()
            return last.ends_on if last else date(2024, 1, 3)

    def told(self) -> dict[str, int]:
        """How much has happened, for whoever watches a long run."""
        with scope(self.tenant.pk):
            kinds = InvoiceLine.objects.order_by().values_list("kind").annotate(n=Count("pk"))
            states = Invoice.objects.order_by().values_list("state").annotate(n=Count("pk"))
            notes = CreditNote.objects.order_by().values_list("settled_by").annotate(n=Count("pk"))
            return {"events": len(self.events), **dict(kinds), **dict(states), **dict(notes)}

    def flagged(self) -> int:
        """How many periods wait for another look."""
        with scope(self.tenant.pk):
            return BillingPeriod.objects.exclude(recheck_at=None).count()


def push_all(books: Books) -> None:
    """Put final invoices on their way to Stripe."""
    with scope(books.tenant.pk):
        final = Invoice.objects.filter(state=Invoice.State.FINAL)
        queue_pushes(final.values_list("pk", flat=True), now=books.now)
