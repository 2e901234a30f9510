"""An explained line in plain sentences, in the order in which the amount comes about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from billing import words
from billing.models import Price, RecurringFee
from billing.queries.explaining import Explained
from billing.rating import Rated, Step, rounded
from core.currencies import get_currency

Sentences = Iterator[str]


def sentences(found: Explained) -> list[str]:
    """Return why a line is what it is."""
    told = _BY_SOURCE.get(found.line.source)
    return list(told(found)) if told else []


def _usage(found: Explained) -> Sentences:
    line, price, rated = found.line, found.price, found.rated
    if price is None or rated is None:
        return
    if found.is_late:
        yield (
            f"This is for {words.span(line.charged_from, line.ends_on)}: usage of that period was "
            "reported or corrected, or its price changed, after it was invoiced."
        )
    yield from _counted(price, rated)
    yield from (_step(one, price, found.currency) for one in rated.steps)
    if not rated.steps:
        yield "So there is nothing to pay for it."
    yield from _price(price)
    if found.is_late:
        yield _difference(found, rated)
    else:
        yield from _rounding(rated.exact, line.amount_minor, found.currency)


def _counted(price: Price, rated: Rated) -> Sentences:
    unit = price.meter.unit
    yield f"{_how(price)} {words.quantity(rated.quantity, unit)}."
    if rated.included:
        rest = words.quantity(rated.billable, unit)
        part = "none of it is" if not rated.billable else f"{rest} are"
        most = words.quantity(price.included, unit)
        yield f"Your plan includes {most} in each period, so {part} charged."
    if price.package_size:
        size = words.quantity(price.package_size, unit)
        yield (
            f"It is sold in packages of {size}; a begun package counts whole, which makes "
            f"{words.number(rated.units)}."
        )


_HOWS = {
    "sum": "Added up over these days:",
    "count": "Events counted over these days:",
    "max": "The largest value of these days:",
    "latest": "The last value of these days:",
    "unique": "Different values seen in these days:",
}


def _how(price: Price) -> str:
    return _HOWS[price.meter.aggregation]


def _step(step: Step, price: Price, currency: str) -> str:
    what = "packages" if price.package_size else price.meter.unit or "units"
    each = words.exact_amount(step.rate, currency)
    flat = f" plus {words.exact_amount(step.flat, currency)} once" if step.flat else ""
    cost = words.exact_amount(step.exact, currency)
    where = _where(step, is_volume=price.model == "volume")
    return f"{words.number(step.units)} {what}{where} at {each} each{flat}: {cost}."


def _where(step: Step, *, is_volume: bool) -> str:
    if is_volume:
        return ", all at the rate of the tier that was reached,"
    if step.up_to is None and not step.above:
        return ""
    if step.up_to is None:
        return f" above {words.number(step.above)}"
    if not step.above:
        return f" of the first {words.number(step.up_to)}"
    return f" above {words.number(step.above)}, up to {words.number(step.up_to)},"


def _price(price: Price) -> Sentences:
    version = price.version
    until = f" until {words.day(price.ends_on)}" if price.ends_on else ""
    only = f", for {price.filter_dimension} {price.filter_value} only" if price.filter_value else ""
    yield (
        f"Price of the plan {version.plan.name}, version {version.number}, valid since "
        f"{words.day(price.starts_on)}{until}{only}."
    )


def _difference(found: Explained, rated: Rated) -> str:
    now = rounded(rated.exact, found.currency)
    before = words.amount(found.earlier.amount_minor, found.currency)
    change = words.amount(abs(found.line.amount_minor), found.currency)
    verb = "adds" if found.line.amount_minor >= 0 else "gives back"
    return (
        f"In all that costs {words.amount(now, found.currency)}; {before} of it was invoiced "
        f"before, so this line {verb} {change}."
    )


def _rounding(exact: Decimal, amount_minor: int, currency: str) -> Sentences:
    if exact != amount_minor:
        yield (
            f"{words.exact_amount(exact, currency)} is rounded once, half up, to "
            f"{words.amount(amount_minor, currency)}."
        )


def _minimum(found: Explained) -> Sentences:
    price, rated = found.price, found.rated
    if price is None or rated is None:
        return
    currency = found.currency
    whole = found.period.whole_days if found.period else found.days
    least = words.amount(price.minimum_minor, currency)
    yield f"At least {least} is owed for a whole period of {words.days(whole)}."
    usage = rounded(rated.exact, currency)
    if found.days != whole:
        share = words.amount(usage + found.line.amount_minor, currency)
        yield f"Your plan was held for {words.days(found.days)} of it, which makes {share}."
    yield (
        f"Usage came to {words.amount(usage, currency)}, so "
        f"{words.amount(found.line.amount_minor, currency)} is added."
    )
    yield from _price(price)


def _fee(found: Explained) -> Sentences:
    fee, line, currency = found.fee, found.line, found.currency
    if fee is None:
        return
    yield f"{words.amount(fee.amount_minor, currency)} for a whole period, {_timing(fee)}."
    whole = found.period.whole_days if found.period else found.days
    if fee.is_prorated and found.days != whole:
        yield f"The plan was held for {words.days(found.days)} of {whole}, so that part is owed."
    if found.earlier.amount_minor:
        before = words.amount(found.earlier.amount_minor, currency)
        yield f"{before} of it was invoiced before; this line is the difference."
    version = fee.version
    yield f"Part of the plan {version.plan.name}, version {version.number}."
    if not found.earlier.amount_minor:
        yield from _rounding(line.exact, line.amount_minor, currency)


def _timing(fee: RecurringFee) -> str:
    return "paid in advance" if fee.timing == RecurringFee.Timing.ADVANCE else "paid afterwards"


def _item(found: Explained) -> Sentences:
    if found.line.amount_minor < 0:
        yield f"A credit given to you on {words.day(found.line.starts_on)}."
    else:
        yield f"Charged once, on {words.day(found.line.starts_on)}."


def _tax(found: Explained) -> Sentences:
    yield f"On all charges and credits above, {words.amount(found.net_minor, found.currency)}."
    yield from _rounding(found.line.exact, found.line.amount_minor, found.currency)


def _prepaid(found: Explained) -> Sentences:
    yield "Taken from what you paid ahead or were granted, before anything else is asked of you."


def _carried_in(found: Explained) -> Sentences:
    if found.line.amount_minor < 0:
        yield "Your credits were larger than that invoice; the rest is used here."
    else:
        yield "It was too small to be charged on its own then, so it is asked for now."


def _carried_out(found: Explained) -> Sentences:
    if found.line.amount_minor > 0:
        yield "Your credits are larger than your charges. The rest is kept for your next invoice."
        return
    yield (
        f"Cards cannot be charged less than {_smallest(found.currency)}. Nothing is due now; "
        "the amount comes on your next invoice."
    )


def _waived(found: Explained) -> Sentences:
    yield (
        f"Amounts below {_smallest(found.currency)} cannot be charged. You do not owe it, "
        "and it does not come back on a later invoice."
    )


def _smallest(currency: str) -> str:
    return words.amount(get_currency(currency).minimum, currency)


_BY_SOURCE: dict[str, Callable[[Explained], Sentences]] = {
    "usage": _usage,
    "minimum": _minimum,
    "fee": _fee,
    "item": _item,
    "tax": _tax,
    "prepaid": _prepaid,
    "carried_in": _carried_in,
    "carried_out": _carried_out,
    "waived": _waived,
}
