"""The usage billing of the demo: a cloud for cellars, five customers, two months of usage."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.demo_bills import tell_bills
from billing.models import Meter, Organization
from billing.operations.alerts import set_alert, set_limit
from billing.operations.assignments import assign_plan, switch_plan
from billing.operations.items import add_item
from billing.operations.meters import make_meter
from billing.operations.organizations import make_organization
from billing.operations.plans import add_fee, draft_version, make_plan, publish_version
from billing.operations.prices import PriceTerms, TierTerms, per_unit, set_price
from billing.operations.tax_rates import make_tax_rate
from billing.operations.usage import Sent, record_usage
from billing.operations.wallet import top_up
from core.demo_story import Stage
from core.models import Tenant
from core.periods import local_date
from core.tenancy import scope

DAY = timedelta(days=1)
DAYS_OF_USAGE = 65

METERS = (
    {"code": "readings", "name": "Sensor readings", "aggregation": "count", "unit": "readings"},
    {"code": "litres", "name": "Litres poured", "aggregation": "sum", "unit": "litres",
     "allows_negative": True},
    {"code": "storage", "name": "History kept", "aggregation": "max", "unit": "GB"},
    {"code": "taps", "name": "Connected taps", "aggregation": "latest", "unit": "taps"},
    {"code": "people", "name": "Active people", "aggregation": "unique", "unit": "people",
     "unique_by": "person", "dimensions": ["app"]},
)  # fmt: skip

# Code, name, currency, zone, anchor day, size; each in a place of its own.
PEOPLE = (
    ("tap-house", "De Pijp Tap House", "EUR", "Europe/Amsterdam", 1, 9, "NL", "Amsterdam"),
    ("spree", "Spree Kollektiv", "EUR", "Europe/Berlin", 15, 6, "DE", "Berlin"),
    ("bluegum", "Bluegum Bars", "AUD", "Australia/Sydney", 1, 8, "AU", "Sydney"),
    ("kiyomizu", "Kiyomizu Bars", "JPY", "Asia/Tokyo", 1, 4, "JP", "Kyoto"),
    ("lone-pine", "Lone Pine Taverns", "USD", "America/Denver", 31, 3, "US", "Boulder"),
)
# What a cent buys elsewhere, about.
SCALE = {"EUR": Decimal(1), "USD": Decimal(1), "AUD": Decimal("1.6"), "JPY": Decimal("1.6")}


def tell(stage: Stage) -> None:
    """Set the company's cloud up, let five customers use it, and let one cider bar do so too."""
    now = timezone.now()
    with scope(stage.tenant.pk):
        is_told = Organization.objects.exists()
        if not is_told:
            _set_up(stage, now)
    with scope(stage.neighbour.pk):
        if not Organization.objects.exists():
            _organization(PEOPLE[4], now)
    if not is_told:
        _use(stage.tenant, now)
        with scope(stage.tenant.pk):
            _extras(stage, now)
    stage.say("customers of the cellar cloud and what they used")
    tell_bills(stage)


def _set_up(stage: Stage, now: datetime) -> None:
    meters = {
        str(made["code"]): make_meter(
            **{"product": "Cellar cloud", "dimensions": ["app", "region"], **made}  # type: ignore[arg-type]
        )
        for made in METERS
    }
    vat = make_tax_rate(name="VAT", percentage=Decimal(21))
    versions = {code: _plan(code, meters, stage, now) for code in ("EUR", "USD", "AUD", "JPY")}
    for row in PEOPLE:
        organization = _organization(row, now, tax_rate_id=vat.pk if row[2] == "EUR" else None)
        assign_plan(
            organization_id=organization.pk,
            version_id=versions[organization.currency][0],
            starts_on=organization.billing_starts_on,
            by=stage.admin,
            now=now,
        )
        if organization.code == "spree":  # changed its plan in the middle of a period
            switch_plan(
                organization_id=organization.pk,
                version_id=versions["EUR"][1],
                from_on=local_date(now - 10 * DAY, organization.zone),
                by=stage.admin,
                now=now,
            )


def _organization(
    row: tuple[str, str, str, str, int, int, str, str], now: datetime, **more: object
) -> Organization:
    code, name, currency, zone, anchor, _, country, city = row
    return make_organization(
        code=code,
        name=name,
        currency=currency,
        time_zone=zone,
        anchor_day=anchor,
        billing_starts_on=local_date(now - DAYS_OF_USAGE * DAY, ZoneInfo(zone)).replace(day=1),
        payer={
            "name": name, "email": f"billing@{code}.example", "city": city, "country": country,
            "line1": "12 Cellar Lane", "postal_code": "1000 AA",
        },
        now=now,
        **more,
    )  # fmt: skip


def _plan(code: str, meters: dict[str, Meter], stage: Stage, now: datetime) -> tuple[UUID, UUID]:
    """Make the plan of a currency with two versions; the second one costs a tenth more."""
    plan = make_plan(code=f"cellar-{code.lower()}", name=f"Cellar {code}", currency=code)
    made = []
    for note, dearer in (("As it began", Decimal(1)), ("A tenth dearer", Decimal("1.1"))):
        version = draft_version(plan_id=plan.pk, note=note)
        for name, terms in _prices(SCALE[code] * dearer):
            set_price(version_id=version.pk, meter_id=meters[name].pk, terms=terms)
        step = 1 if code == "JPY" else 100
        fee = "Platform" if dearer == 1 else "Platform plus"
        add_fee(version_id=version.pk, name=fee, amount_minor=29 * step, timing="advance")
        add_fee(version_id=version.pk, name="Support", amount_minor=5 * step, timing="arrears")
        publish_version(version_id=version.pk, by=stage.admin, now=now)
        made.append(version.pk)
    return made[0], made[1]


def _prices(scale: Decimal) -> list[tuple[str, PriceTerms]]:
    def tiers(*rows: tuple[int | None, str]) -> tuple[TierTerms, ...]:
        return tuple(
            TierTerms(None if up_to is None else Decimal(up_to), Decimal(rate) * scale)
            for up_to, rate in rows
        )

    litres = per_unit(Decimal("1.25") * scale)
    return [
        (
            "readings",
            PriceTerms(
                model="graduated",
                tiers=tiers((200, "4"), (1000, "2.5"), (None, "1.2")),
                included=Decimal(20),
                minimum_minor=500,
            ),
        ),
        ("litres", litres),
        (
            "litres",
            replace(
                litres,
                tiers=tiers((None, "0.95")),
                filter_dimension="region",
                filter_value="events",
            ),
        ),
        ("storage", PriceTerms(model="volume", tiers=tiers((50, "20"), (None, "12")))),
        (
            "taps",
            PriceTerms(model="package", tiers=tiers((None, "150")), package_size=Decimal(10)),
        ),
        ("people", per_unit(Decimal(35) * scale)),
    ]


def _use(tenant: Tenant, now: datetime) -> None:
    """Send the usage of two months, as programs do; the dice fall the same way each time."""
    dice = Random(65)  # noqa: S311 - a story, not a secret
    events = [
        event
        for row in PEOPLE
        for back in range(DAYS_OF_USAGE)
        for event in _day_of(row[0], row[5], now - back * DAY, dice)
        if event.time is not None and event.time < now
    ]
    for start in range(0, len(events), 1000):
        record_usage(tenant_id=tenant.pk, events=events[start : start + 1000], now=now)


def _day_of(code: str, size: int, day: datetime, dice: Random) -> list[Sent]:
    busy = size * (2 if day.weekday() >= 4 else 1)
    events: list[Sent] = []

    def send(meter: str, quantity: Decimal, **dimensions: str) -> None:
        when = day.replace(hour=dice.randrange(24), minute=dice.randrange(60), microsecond=0)
        key = f"demo-{code}-{day:%Y%m%d}-{len(events):02}"
        events.append(Sent(key, code, meter, quantity, when, dimensions))

    for _ in range(dice.randint(busy // 2, busy)):
        send("readings", Decimal(1), app=dice.choice(["bar", "cellar"]), region="bar")
    for region in ("bar", "events"):
        litres = Decimal(dice.randint(10 * busy, 40 * busy)) / 4
        send("litres", litres, app="bar", region=region)
    send("storage", Decimal(20 + 3 * size + dice.randrange(8)), app="cellar", region="bar")
    send("taps", Decimal(3 * size + dice.randrange(3)), app="bar", region="bar")
    person = f"person-{dice.randrange(1 + size)}"
    send("people", Decimal(1), app="bar", person=person)
    return events


def _extras(stage: Stage, now: datetime) -> None:
    rows = {row.code: row for row in Organization.objects.all()}
    add_item(
        organization_id=rows["tap-house"].pk,
        description="Installation of two cellar sensors",
        amount_minor=25000,
        idempotency_key="demo-installation",
        by=stage.admin,
        now=now,
    )
    add_item(
        organization_id=rows["spree"].pk,
        description="Sorry for the outage in the first week",
        amount_minor=-2000,
        idempotency_key="demo-sorry",
        by=stage.admin,
        now=now,
    )
    top_up(
        organization_id=rows["tap-house"].pk,
        amount_minor=10000,
        note="Paid ahead by bank transfer",
        idempotency_key="demo-ahead",
        by=stage.admin,
    )
    set_alert(organization_id=rows["tap-house"].pk, kind="amount", amount_minor=15000, now=now)
    set_limit(organization_id=rows["bluegum"].pk, amount_minor=20000, now=now)
