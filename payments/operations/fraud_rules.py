"""The owner's rules and lists: made for each company, changed by its people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core.invalid import FieldsInvalid, WrongField
from core.models import Tenant, User
from core.tenancy import current
from payments.marks import NotAParty, listed_form, mark
from payments.models import By, FraudAlarm, FraudRule, ListedParty

Counts, Step = FraudRule.Counts, FraudRule.Step
MOST_LISTED = 10_000
LONGEST_WINDOW = 30 * 86_400


class RuleInvalid(FieldsInvalid):
    """The rule cannot be changed as asked; nothing was stored."""


class PartyInvalid(FieldsInvalid):
    """The list cannot be changed as asked; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Default:
    """A rule that each company begins with."""

    name: str
    counts: FraudRule.Counts
    by: By
    most: int
    window_seconds: int
    step: FraudRule.Step
    is_on: bool = True


# A person needs a few tries, and a queue for tickets some hundred; whoever tests stolen cards
# needs thousands. What only slows a browser down comes early, what closes a link comes last.
DEFAULTS: Final = (
    Default("Many tries from one address", Counts.TRIES, By.ADDRESS, 30, 60, Step.CHALLENGE),
    Default("Many tries on one link", Counts.TRIES, By.LINK, 200, 60, Step.CHALLENGE),
    Default("Many tries in all", Counts.TRIES, By.TENANT, 3000, 60, Step.CHALLENGE),
    Default("Many tries with one e-mail", Counts.TRIES, By.EMAIL, 20, 3600, Step.CHALLENGE),
    Default("Declines on one page", Counts.DECLINES, By.CHECKOUT, 5, 86_400, Step.CLOSE),
    Default("Declines from one address", Counts.DECLINES, By.ADDRESS, 5, 3600, Step.CHALLENGE),
    Default("Declines with one e-mail", Counts.DECLINES, By.EMAIL, 10, 3600, Step.CLOSE),
    Default("Declines of one card", Counts.DECLINES, By.CARD, 10, 86_400, Step.CLOSE),
    Default("Some declines on one link", Counts.DECLINES, By.LINK, 5, 3600, Step.SECURE),
    Default("Many declines on one link", Counts.DECLINES, By.LINK, 15, 3600, Step.CHALLENGE),
    Default("Many declines in all", Counts.DECLINES, By.TENANT, 100, 3600, Step.SECURE),
    Default(
        "Declines go on after the check", Counts.DECLINES_AFTER_CHECK, By.LINK, 25, 3600, Step.PAUSE
    ),
    Default("Many cards on one page", Counts.CARDS, By.CHECKOUT, 4, 86_400, Step.CLOSE),
    Default("Many cards with one e-mail", Counts.CARDS, By.EMAIL, 6, 86_400, Step.CLOSE),
)
SMALLEST: Final = Default(
    "Very small amounts", Counts.AMOUNT_BELOW, By.TENANT, 100, 3600, Step.CHALLENGE, is_on=False
)


def rules_in_force() -> list[FraudRule]:
    """Return the rules that are on; a company that has none yet gets the defaults. In scope."""
    rules = list(FraudRule.objects.all())
    if not rules:
        make_default_rules()
        rules = list(FraudRule.objects.all())
    return [rule for rule in rules if rule.is_on]


def make_default_rules() -> None:
    """Give the company in scope the rules that it begins with; what it has stays. Repeatable."""
    tenant = Tenant.objects.get(pk=current().tenant_id)
    FraudRule.objects.bulk_create(
        [
            FraudRule(
                tenant_id=tenant.pk,
                name=one.name,
                counts=one.counts,
                by=one.by,
                most=one.most,
                window_seconds=one.window_seconds,
                step=one.step,
                is_on=one.is_on,
                currency=tenant.default_currency if one is SMALLEST else "",
            )
            for one in (*DEFAULTS, SMALLEST)
        ],
        ignore_conflicts=True,
    )


def change_rule(*, rule_id: UUID, most: int, window_seconds: int, is_on: bool) -> FraudRule:
    """Change a rule's limit, window and whether it is on. In scope.

    Raises RuleInvalid, FraudRule.DoesNotExist. Repeating changes nothing more.
    """
    rule = FraudRule.objects.select_for_update().get(pk=rule_id)
    errors = []
    if not 0 <= most <= 10**12:
        errors.append(WrongField("most", "out_of_range", "From 0 to 1,000,000,000,000."))
    if not 1 <= window_seconds <= LONGEST_WINDOW:
        errors.append(WrongField("window_seconds", "out_of_range", "From 1 second to 30 days."))
    if errors:
        raise RuleInvalid(*errors)
    wanted = (most, window_seconds, is_on)
    if wanted != (rule.most, rule.window_seconds, rule.is_on):
        rule.most, rule.window_seconds, rule.is_on = wanted
        rule.version += 1
        rule.save()
    return rule


def list_party(*, kind: str, by: str, value: str, note: str, user: User | None) -> ListedParty:
    """Put an address, range, e-mail, domain, card or country on a list. In scope.

    Who is listed already is moved to this list. Raises PartyInvalid.
    """
    if kind not in ListedParty.Kind.values:
        raise PartyInvalid(WrongField("kind", "unknown", "Choose allow or block."))
    if by not in {one.value for one in ListedParty.NAMED_BY}:
        raise PartyInvalid(WrongField("by", "unknown", "Choose what the list shall name."))
    try:
        plain = listed_form(by, value)
    except NotAParty as error:
        raise PartyInvalid(WrongField("value", "not_a_party", str(error))) from None
    if ListedParty.objects.count() >= MOST_LISTED:
        raise PartyInvalid(WrongField("value", "too_many", "The lists are full: remove some."))
    note = " ".join(note.replace("\0", " ").split())[:300]
    fields: dict[str, Any] = {"kind": kind, "by": by, "value": plain, "note": note}
    party, _ = ListedParty.objects.update_or_create(
        tenant_id=current().tenant_id, mark=mark(by, plain), defaults={**fields, "added_by": user}
    )
    return party


def unlist_party(*, party_id: UUID) -> None:
    """Take somebody off a list. In scope. Repeating does nothing."""
    ListedParty.objects.filter(pk=party_id).delete()


def end_alarm(*, alarm_id: UUID, by: User | None, now: datetime) -> FraudAlarm:
    """Note that somebody has seen to an alarm; a link that it paused opens again. In scope.

    Repeating changes nothing. Raises FraudAlarm.DoesNotExist.
    """
    alarm = FraudAlarm.objects.select_for_update(of=("self",)).get(pk=alarm_id)
    if alarm.ended_at is None:
        alarm.ended_at, alarm.ended_by = now, by
        alarm.save(update_fields=["ended_at", "ended_by"])
    return alarm
