"""What is owed, reckoned a second time: from events, prices and days alone, with Decimal.

It shares no code with what it checks. Facts are plain dicts; `owed` returns whole minor units for
each price's usage and minimum, and each fee, by the first day of the period.
"""

from calendar import monthrange
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def periods(start, anchor, until):
    """(first day, day after the last, days of the undivided period), up to a day."""

    def is_anchor(day):
        return day.day == min(anchor, monthrange(day.year, day.month)[1])

    while start < until:
        end, before = start + DAY, start
        while not is_anchor(end):
            end += DAY
        while not is_anchor(before):
            before -= DAY
        yield start, end, (end - before).days
        start = end


def half_up(exact, step):
    return int((exact / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def held(assignments, version, start, end, price=None):
    """The days from `start` to `end` on which a version is held, and a price of it holds."""
    first, last = (price["from"], price["to"] or end) if price else (start, end)
    spans = [(a["from"], a["to"] or end) for a in assignments if a["version"] == version]
    days = [start + DAY * n for n in range((end - start).days)]
    return {d for d in days if first <= d < last and any(a <= d < b for a, b in spans)}


def amount_of(price, quantity):
    units = max(quantity - price["included"], Decimal(0))
    if price["package"]:
        units = (units / price["package"]).to_integral_value(ROUND_CEILING)
    exact = Decimal(0)
    for above, up_to, rate in price["tiers"]:
        if units > above and price["model"] != "volume":
            exact += (min(units, up_to or units) - above) * rate
        elif units > above and (up_to is None or units <= up_to):
            exact += units * rate
    return exact


def quantity_of(how, events):
    quantities = [e["quantity"] for e in events]
    last = max(events, key=lambda e: e["time"])
    answers = {"sum": sum(quantities), "count": len(events), "max": max(quantities)}
    answers |= {"latest": last["quantity"], "unique": len({e["value"] for e in events})}
    return Decimal(answers[how])


def meets(price, prices, event):
    named = {p["app"] for p in prices if p["app"] and p["version"] == price["version"]
             and p["meter"] == price["meter"]}  # fmt: skip
    return event["app"] == price["app"] if price["app"] else event["app"] not in named


def owed(organization, assignments, tariff, events, until):
    prices, fees = tariff
    found, zone, step = {}, ZoneInfo(organization["zone"]), organization["step"]
    with localcontext(prec=80):
        for start, end, whole in periods(organization["since"], organization["anchor"], until):
            for price in prices:
                days = held(assignments, price["version"], start, end, price)
                mine = [
                    e for e in events
                    if e["meter"] == price["meter"] and meets(price, prices, e)
                    and e["time"].astimezone(zone).date() in days
                ]  # fmt: skip
                usage = 0
                if mine:
                    usage = half_up(amount_of(price, quantity_of(price["how"], mine)), step)
                least = half_up(Decimal(price["minimum"]) * len(days) / whole, step)
                found["usage", price["id"], start] = usage
                found["minimum", price["id"], start] = max(least - usage, 0)
            for fee in fees:
                days = held(assignments, fee["version"], start, end)
                exact = Decimal(fee["amount"]) * len(days) / whole
                if not fee["prorated"]:
                    exact = Decimal(fee["amount"] if days else 0)
                found["fee", fee["id"], start] = half_up(exact, step)
    return {key: amount for key, amount in found.items() if amount}
