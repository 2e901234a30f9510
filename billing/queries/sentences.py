"""An explained line in plain sentences, in the order in which the amount comes about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.utils.translation import gettext, gettext_lazy

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
            gettext(
                "This is for %(span)s: usage of that period was reported or corrected, or its "
                "price changed, after it was invoiced."
            )
            % {"span": words.span(line.charged_from, line.ends_on)}
        )
    yield from _counted(price, rated)
    yield from (_step(one, price, found.currency) for one in rated.steps)
    if not rated.steps:
        yield gettext("So there is nothing to pay for it.")
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
        part = (
            gettext("none of it is")
            if not rated.billable
            else gettext("%(rest)s are") % {"rest": rest}
        )
        most = words.quantity(price.included, unit)
        yield gettext("Your plan includes %(most)s in each period, so %(part)s charged.") % {
            "most": most,
            "part": part,
        }
    if price.package_size:
        size = words.quantity(price.package_size, unit)
        yield (
            gettext(
                "It is sold in packages of %(size)s; a begun package counts whole, which makes "
                "%(number)s."
            )
            % {"size": size, "number": words.number(rated.units)}
        )


_HOWS = {
    "sum": gettext_lazy("Added up over these days:"),
    "count": gettext_lazy("Events counted over these days:"),
    "max": gettext_lazy("The largest value of these days:"),
    "latest": gettext_lazy("The last value of these days:"),
    "unique": gettext_lazy("Different values seen in these days:"),
}


def _how(price: Price) -> str:
    return str(_HOWS[price.meter.aggregation])


def _step(step: Step, price: Price, currency: str) -> str:
    what = gettext("packages") if price.package_size else price.meter.unit or gettext("units")
    each = words.exact_amount(step.rate, currency)
    flat = (
        gettext(" plus %(amount)s once") % {"amount": words.exact_amount(step.flat, currency)}
        if step.flat
        else ""
    )
    cost = words.exact_amount(step.exact, currency)
    where = _where(step, is_volume=price.model == "volume")
    return gettext("%(number)s %(what)s%(where)s at %(each)s each%(flat)s: %(cost)s.") % {
        "number": words.number(step.units),
        "what": what,
        "where": where,
        "each": each,
        "flat": flat,
        "cost": cost,
    }


def _where(step: Step, *, is_volume: bool) -> str:
    if is_volume:
        return gettext(", all at the rate of the tier that was reached,")
    if step.up_to is None and not step.above:
        return ""
    if step.up_to is None:
        return gettext(" above %(number)s") % {"number": words.number(step.above)}
    if not step.above:
        return gettext(" of the first %(number)s") % {"number": words.number(step.up_to)}
    return gettext(" above %(number)s, up to %(number2)s,") % {
        "number": words.number(step.above),
        "number2": words.number(step.up_to),
    }


def _price(price: Price) -> Sentences:
    version = price.version
    until = gettext(" until %(day)s") % {"day": words.day(price.ends_on)} if price.ends_on else ""
    only = (
        gettext(", for %(filter_dimension)s %(filter_value)s only")
        % {"filter_dimension": price.filter_dimension, "filter_value": price.filter_value}
        if price.filter_value
        else ""
    )
    yield (
        gettext(
            "Price of the plan %(name)s, version %(number)s, valid since %(day)s%(until)s%(only)s."
        )
        % {
            "name": version.plan.name,
            "number": version.number,
            "day": words.day(price.starts_on),
            "until": until,
            "only": only,
        }
    )


def _difference(found: Explained, rated: Rated) -> str:
    now = rounded(rated.exact, found.currency)
    before = words.amount(found.earlier.amount_minor, found.currency)
    change = words.amount(abs(found.line.amount_minor), found.currency)
    verb = gettext("adds") if found.line.amount_minor >= 0 else gettext("gives back")
    return gettext(
        "In all that costs %(amount)s; %(before)s of it was invoiced before, so this line "
        "%(verb)s %(change)s."
    ) % {
        "amount": words.amount(now, found.currency),
        "before": before,
        "verb": verb,
        "change": change,
    }


def _rounding(exact: Decimal, amount_minor: int, currency: str) -> Sentences:
    if exact != amount_minor:
        yield (
            gettext("%(amount)s is rounded once, half up, to %(amount2)s.")
            % {
                "amount": words.exact_amount(exact, currency),
                "amount2": words.amount(amount_minor, currency),
            }
        )


def _minimum(found: Explained) -> Sentences:
    price, rated = found.price, found.rated
    if price is None or rated is None:
        return
    currency = found.currency
    whole = found.period.whole_days if found.period else found.days
    least = words.amount(price.minimum_minor, currency)
    yield gettext("At least %(least)s is owed for a whole period of %(days)s.") % {
        "least": least,
        "days": words.days(whole),
    }
    usage = rounded(rated.exact, currency)
    if found.days != whole:
        share = words.amount(usage + found.line.amount_minor, currency)
        yield gettext("Your plan was held for %(days)s of it, which makes %(share)s.") % {
            "days": words.days(found.days),
            "share": share,
        }
    yield (
        gettext("Usage came to %(amount)s, so %(amount2)s is added.")
        % {
            "amount": words.amount(usage, currency),
            "amount2": words.amount(found.line.amount_minor, currency),
        }
    )
    yield from _price(price)


def _fee(found: Explained) -> Sentences:
    fee, line, currency = found.fee, found.line, found.currency
    if fee is None:
        return
    yield gettext("%(amount)s for a whole period, %(timing)s.") % {
        "amount": words.amount(fee.amount_minor, currency),
        "timing": _timing(fee),
    }
    whole = found.period.whole_days if found.period else found.days
    if fee.is_prorated and found.days != whole:
        yield gettext("The plan was held for %(days)s of %(whole)s, so that part is owed.") % {
            "days": words.days(found.days),
            "whole": whole,
        }
    if found.earlier.amount_minor:
        before = words.amount(found.earlier.amount_minor, currency)
        yield gettext("%(before)s of it was invoiced before; this line is the difference.") % {
            "before": before
        }
    version = fee.version
    yield gettext("Part of the plan %(name)s, version %(number)s.") % {
        "name": version.plan.name,
        "number": version.number,
    }
    if not found.earlier.amount_minor:
        yield from _rounding(line.exact, line.amount_minor, currency)


def _timing(fee: RecurringFee) -> str:
    return (
        gettext("paid in advance")
        if fee.timing == RecurringFee.Timing.ADVANCE
        else gettext("paid afterwards")
    )


def _item(found: Explained) -> Sentences:
    if found.line.amount_minor < 0:
        yield gettext("A credit given to you on %(day)s.") % {
            "day": words.day(found.line.starts_on)
        }
    else:
        yield gettext("Charged once, on %(day)s.") % {"day": words.day(found.line.starts_on)}


def _tax(found: Explained) -> Sentences:
    yield gettext("On all charges and credits above, %(amount)s.") % {
        "amount": words.amount(found.net_minor, found.currency)
    }
    yield from _rounding(found.line.exact, found.line.amount_minor, found.currency)


def _prepaid(found: Explained) -> Sentences:
    yield gettext(
        "Taken from what you paid ahead or were granted, before anything else is asked of you."
    )


def _carried_in(found: Explained) -> Sentences:
    if found.line.amount_minor < 0:
        yield gettext("Your credits were larger than that invoice; the rest is used here.")
    else:
        yield gettext("It was too small to be charged on its own then, so it is asked for now.")


def _carried_out(found: Explained) -> Sentences:
    if found.line.amount_minor > 0:
        yield gettext(
            "Your credits are larger than your charges. The rest is kept for your next invoice."
        )
        return
    yield (
        gettext(
            "Cards cannot be charged less than %(smallest)s. Nothing is due now; the amount comes "
            "on your next invoice."
        )
        % {"smallest": _smallest(found.currency)}
    )


def _waived(found: Explained) -> Sentences:
    yield (
        gettext(
            "Amounts below %(smallest)s cannot be charged. You do not owe it, and it does not "
            "come back on a later invoice."
        )
        % {"smallest": _smallest(found.currency)}
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
