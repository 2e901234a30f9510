"""Invoices made from raw events by plain arithmetic: no SQL, no sums by day, none of billing.

Facts are dicts. An `account` is one organization: it remembers what it was billed, as a payer
would who keeps all invoices, and `bill` says what the next one must hold.
"""

from calendar import monthrange
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, getcontext

getcontext().prec = 60
DAY = timedelta(days=1)


def half_up(exact, step):
    return int((Decimal(exact) / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def anchor_after(day, anchor):
    day += DAY
    while day.day != min(anchor, monthrange(day.year, day.month)[1]):
        day += DAY
    return day


def anchor_until(day, anchor):
    while day.day != min(anchor, monthrange(day.year, day.month)[1]):
        day -= DAY
    return day


def cost(price, quantity):
    units = max(quantity - price["included"], Decimal(0))
    if price["package"]:
        units = (units / price["package"]).to_integral_value(ROUND_CEILING)
    total, below = Decimal(0), Decimal(0)
    for up_to, rate, flat in price["tiers"]:
        last = up_to is None or units <= up_to
        if units > below and (price["model"] != "volume" or last):
            counted = units if price["model"] == "volume" else (units if last else up_to) - below
            total += counted * Decimal(rate) + flat
        if last:
            break
        below = Decimal(up_to)
    return total


def quantity(how, events):
    if how == "unique":
        return Decimal(len({e["value"] for e in events}))
    if how == "latest":
        return max(events, key=lambda e: e["time"])["quantity"]
    if how == "max":
        return max(e["quantity"] for e in events)
    return Decimal(len(events)) if how == "count" else sum(e["quantity"] for e in events)


def charges(account, tariff, start, end):
    """What a period's usage, minimums and fees come to, by (source, id)."""
    anchor, step = account["anchor"], account["step"]
    whole = (anchor_after(start, anchor) - anchor_until(start, anchor)).days
    plan = plan_of(account, start, end)
    found = {}
    for price in tariff["prices"]:
        days = {d for d, version in plan.items() if version == price["version"] and is_on(price, d)}
        used = [e for e in account["events"] if e["counts"] and e["day"] in days
                and meets(price, e, tariff)]  # fmt: skip
        amount = 0
        if used:
            amount = half_up(cost(price, quantity(price["how"], used)), step)
            found["usage", price["id"]] = amount
        least = half_up(Decimal(price["minimum"]) * len(days) / whole, step)
        if least > amount:
            found["minimum", price["id"]] = least - amount
    for fee in tariff["fees"]:
        days = sum(version == fee["version"] for version in plan.values())
        if days:
            part = Decimal(days) / whole if fee["prorated"] else 1
            found["fee", fee["id"]] = half_up(fee["amount"] * part, step)
    return found


def plan_of(account, start, end):
    """The version held on each day."""
    days = [start + DAY * n for n in range((end - start).days)]
    held = {}
    for version, first, last in account["plans"]:
        held |= {d: version for d in days if first <= d and (last is None or d < last)}
    return held


def is_on(price, day):
    return price["from"] <= day and (price["to"] is None or day < price["to"])


def meets(price, event, tariff):
    """Whether the event is of this price's meter and app, or of none that has its own price."""
    if event["meter"] != price["meter"]:
        return False
    if price["app"]:
        return event["app"] == price["app"]
    rivals = (p for p in tariff["prices"] if p["meter"] == price["meter"])
    return not any(p["version"] == price["version"] and p["app"] == event["app"] for p in rivals)


def bill(account, tariff):
    """Make the next invoice: charges by source, id and period, what settles them, the total."""
    start = account["next"]
    end = anchor_after(start, account["anchor"])
    account["next"] = end
    account["billed"].append((start, end))
    owed = {}
    for first, last in account["billed"]:
        for key, amount in charges(account, tariff, first, last).items():
            owed[*key, first] = amount
    advance = {fee["id"] for fee in tariff["fees"] if fee["advance"]}
    after = charges(account, tariff, end, anchor_after(end, account["anchor"]))
    owed |= {("fee", i, end): a for (s, i), a in after.items() if s == "fee" and i in advance}
    owed |= {("item", i, due): a for i, due, a in account["items"] if due < end}
    lines = {k: owed.get(k, 0) - account["held"].get(k, 0) for k in owed | account["held"]}
    account["held"] = owed
    net = sum(lines.values())
    rate, step = Decimal(account["tax"]), account["step"]
    tax = half_up(net * rate / 100, step)
    within = net - half_up(net / (1 + rate / 100), step)
    due = net + (0 if account["inclusive"] else tax) + account["carried"]
    settled = {"carried_in": account["carried"], "tax": 0 if account["inclusive"] else tax}
    settled["prepaid"] = -max(min(due, account["wallet"]), 0)
    account["wallet"] += settled["prepaid"]
    rest = due + settled["prepaid"]
    is_small = 0 < rest < account["smallest"] and account["small"] != "push"
    moves = rest if is_small or rest < 0 else 0
    waives = is_small and account["small"] == "waive"
    account["carried"] = 0 if waives else moves
    settled["waived" if waives else "carried_out"] = -moves
    return {
        "period": (start, end),
        "lines": {k: a for k, a in lines.items() if a},
        "settled": {k: a for k, a in settled.items() if a},
        "tax": within if account["inclusive"] else tax,
        "net": net,
        "total": rest - moves,
    }
