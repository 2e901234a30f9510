"""The rules for unclean data: each has a name, and says what is wrong and what is done about it.

Everything that an import decides, changes or leaves open stands here, and each row that a rule
touches is in the report. docs/leases.md lists the same rules; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Weight(StrEnum):
    """How much a finding matters."""

    MEND = "mend"  # something is missing or contradicts itself: a person should mend the source
    TOLD = "told"  # decided by a rule
    NOTE = "note"  # odd, kept as it is


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `wrong` and `done` are sentences for people; a finding may say them finer."""

    weight: Weight
    wrong: str
    done: str


class Finding(NamedTuple):
    """One row that one rule touched, without personal data. `column` is the source's own name."""

    table: str
    source_id: str
    column: str
    rule: str
    wrong: str
    done: str


MEND, TOLD, NOTE = Weight.MEND, Weight.TOLD, Weight.NOTE

RULES: dict[str, Rule] = {
    # rows
    "id-missing": Rule(MEND, "The row has no id.", "Not imported: nothing could refer to it."),
    "id-too-long": Rule(
        MEND, "The id is longer than 32 characters.", "Not imported: it would have to be cut."
    ),
    "id-twice": Rule(
        MEND, "Another row of this table has the same id.", "The later row was taken."
    ),
    "table-unknown": Rule(
        NOTE, "No such table is known here.", "Its rows were not imported; the others were."
    ),
    "row-changed": Rule(TOLD, "The row differs from what was imported before.", "Updated."),
    # texts
    "null-as-text": Rule(TOLD, 'The text "NULL" stands where nothing should.', "Read as nothing."),
    "blanks-around": Rule(TOLD, "There are blanks around or doubled in it.", "Taken without them."),
    "text-too-long": Rule(
        MEND, "The text is longer than its place here.", "Cut; the whole is in source_data."
    ),
    "letters-garbled": Rule(
        MEND,
        "Letters look as if they had been encoded twice.",
        "Kept as they are: mend them in the source.",
    ),
    "password-left-out": Rule(
        NOTE, "The row holds a password.", "Left out: it is not needed here."
    ),
    # numbers, dates, flags
    "date-unreadable": Rule(MEND, "This is no date.", "Read as nothing; kept in source_data."),
    "date-zero": Rule(TOLD, "The date is 0000-00-00.", "Read as nothing."),
    "number-unreadable": Rule(MEND, "This is no number.", "Read as nothing; kept in source_data."),
    "amount-rounded": Rule(
        MEND, "The amount has more decimals than its currency.", "Rounded to the nearest."
    ),
    "amount-negative": Rule(MEND, "The amount is below zero.", "Kept, and never charged."),
    "flag-unreadable": Rule(MEND, "This is neither yes nor no.", "Read as no."),
    # residents
    "email-missing": Rule(MEND, "There is no e-mail address.", "Kept without one."),
    "email-unreadable": Rule(
        MEND, "This is no e-mail address.", "Kept, but not given to Stripe, which would refuse it."
    ),
    "name-missing": Rule(NOTE, "There is no name.", "Kept without one."),
    "phone-without-country": Rule(
        NOTE,
        "The phone number is no valid number of the country beside it.",
        "Kept and sent as it is.",
    ),
    "birth-date-unlikely": Rule(
        NOTE, "By the birth date the resident is under 16 or over 110.", "Kept as it is."
    ),
    "resident-banned": Rule(NOTE, "The resident is banned.", "Kept; linked all the same."),
    # Stripe ids
    "old-stripe-id": Rule(
        TOLD,
        "An id of Stripe's came with the dump; which account it is of cannot be seen.",
        "Kept beside as a former id. What is ours is found by its metadata when linking.",
    ),
    # houses
    "house-inferred": Rule(
        NOTE, "Rooms or leases name a house that no dump held.", "A house with that id was made."
    ),
    "house-currency": Rule(
        TOLD, "Nothing says in which currency the house is paid.", "Decided by rule."
    ),
    "house-cities-differ": Rule(
        MEND,
        "Leases in this house are named after cities with different currencies.",
        "The currency of most of them was taken.",
    ),
    "house-account-shared": Rule(
        MEND, "Another house has the same Stripe account.", "Kept; check before money moves."
    ),
    "house-account-alike": Rule(
        MEND,
        "The Stripe account looks like another house's: O and 0, l and 1 or the like differ.",
        "Kept; its rents are held until somebody has compared both.",
    ),
    "currency-unknown": Rule(MEND, "This currency is not known.", "The company's own was taken."),
    "zone-unknown": Rule(
        MEND, "This time zone is not known.", "The city's or company's was taken."
    ),
    # rooms
    "base-rent-missing": Rule(
        TOLD, "baseRent, the price of the room, is empty.", "Its rent was taken as the price."
    ),
    "room-without-price": Rule(
        MEND, "The room has neither baseRent nor rent.", "Linked as a product without a price."
    ),
    "price-zero": Rule(MEND, "The price of the room is zero.", "Kept; no price is made at Stripe."),
    "base-rent-differs": Rule(
        NOTE, "baseRent and rent are not the same.", "baseRent was taken as the price."
    ),
    "room-gone": Rule(NOTE, "The room is inactive or deleted, yet has a lease.", "Kept."),
    # references
    "house-not-there": Rule(MEND, "It names no house.", "Kept without one."),
    "user-by-salt": Rule(
        TOLD,
        "userId is no id of a user but the salt of exactly one.",
        "Linked with that user.",
    ),
    "user-not-there": Rule(
        MEND, "userId is no user's id, and no rule finds one.", "Kept without a resident, unlinked."
    ),
    "room-not-there": Rule(
        MEND, "roomId is no room's id, and no rule finds one.", "Kept without a room, unlinked."
    ),
    "lease-not-there": Rule(
        MEND, "leaseId is no lease's id, and no rule finds one.", "Kept without a lease."
    ),
    "look-alike": Rule(
        MEND,
        "The id is nobody's, but looks like exactly one: O and 0, or l, 1 and I are mixed up.",
        "Linked with that one: check it.",
    ),
    "letter-case": Rule(
        TOLD, "The id differs from exactly one in capitals only.", "Linked with that one."
    ),
    "look-alike-many": Rule(
        MEND,
        "The id is nobody's and looks like several.",
        "Kept without, since any would be a guess.",
    ),
    "room-column-missing": Rule(
        NOTE, "Leases of this dump have no room but a house.", "Linked with the house."
    ),
    # leases
    "status-unknown": Rule(MEND, "This status is not known.", "Kept; never charged."),
    "status-missing": Rule(TOLD, "There is no status.", "Taken as signed: the dates decide."),
    "start-missing": Rule(MEND, "There is no day on which it starts.", "Kept, unlinked."),
    "end-missing": Rule(NOTE, "There is no day on which it ends.", "Runs until it is cancelled."),
    "end-before-start": Rule(MEND, "It ends before or when it starts.", "Kept; never charged."),
    "moveout-after-end": Rule(
        TOLD, "The resident moves out after the end.", "Rent stops at the end, as signed."
    ),
    "moveout-before-end": Rule(
        NOTE, "The resident moves out before the end.", "Rent stops when they leave."
    ),
    "moveout-before-start": Rule(
        NOTE, "The day of moving out is not after the start.", "It was never lived in."
    ),
    "movein-off-start": Rule(
        NOTE, "The resident moved in more than a month from the start.", "Kept as it is."
    ),
    "movein-without-flag": Rule(
        NOTE, "There is a day of moving in, but hasMovedIn says no.", "Kept as it is."
    ),
    "signed-after-start": Rule(NOTE, "It was signed after it had started.", "Kept as it is."),
    "finished-early": Rule(
        NOTE, "It is finished, yet its last day is still to come.", "Kept; never charged."
    ),
    "active-but-over": Rule(
        TOLD, "Its status says active, but its last day is past.", "Linked for the record only."
    ),
    "rent-missing": Rule(
        MEND, "There is no rentAmount.", "The price of the room is what it costs."
    ),
    "rent-zero": Rule(MEND, "rentAmount is zero.", "Kept, unlinked."),
    "day-by-zone": Rule(
        TOLD,
        "In UTC this moment is on another day than where the house is.",
        "The day of the house's time zone was taken.",
    ),
    "city-unlike-house": Rule(
        MEND,
        "The lease is named after a city with another currency than its house.",
        "The house's currency was taken: check it.",
    ),
    "room-number-unlike": Rule(
        NOTE, "The lease's name has another room number than its room.", "The roomId was believed."
    ),
    "name-unlike": Rule(
        NOTE,
        "The lease is named after another first name than its resident's.",
        "The userId was believed.",
    ),
    "room-overlap": Rule(
        MEND, "Another lease of this room covers some of the same days.", "Both were kept."
    ),
    "resident-overlap": Rule(
        NOTE, "The resident has another lease for some of the same days.", "Both were kept."
    ),
    # rents
    "month-unknown": Rule(
        MEND, "There is no due date and no date at all to tell the month.", "Kept without a month."
    ),
    "month-from-payment": Rule(
        TOLD, "There is no due date.", "The month of the payment date was taken."
    ),
    "month-twice": Rule(
        MEND,
        "Another payment is for the same lease and month.",
        "Kept as a duplicate: the month counts once.",
    ),
    "paid-more": Rule(MEND, "More was paid than due.", "Kept as it is: what is too much is owed."),
    "paid-and-pending": Rule(
        MEND, "It is marked paid and pending at once.", "Taken as pending: no transfer goes out."
    ),
    "paid-in-part": Rule(NOTE, "Less was paid than due.", "Kept as paid in part."),
    "paid-without-charge": Rule(
        NOTE, "It is marked paid, but no id of Stripe's is there.", "Kept as it is."
    ),
    "charge-twice": Rule(
        MEND,
        "Another payment has the same charge at Stripe.",
        "Both were kept: check which is true.",
    ),
    "user-unlike-lease": Rule(
        MEND, "The payment is another user's than the lease.", "Both were kept: check who paid."
    ),
    "disputed": Rule(NOTE, "The payment is marked disputed.", "Kept as disputed."),
}


def finding(
    table: str, source_id: str, column: str, rule: str, *, wrong: str = "", done: str = ""
) -> Finding:
    """Return a finding; the rule's own sentences stand where none finer are given."""
    known = RULES[rule]
    return Finding(table, source_id, column, rule, wrong or known.wrong, done or known.done)


def kept_form(found: Finding) -> dict[str, Any]:
    """Return a finding as a row keeps it."""
    return {
        "rule": found.rule,
        "column": found.column,
        "wrong": found.wrong,
        "done": found.done,
    }
