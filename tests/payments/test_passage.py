"""Who is let through to Stripe: rules, lists, the check, and the reason that is kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connections, transaction

from core.models import Tenant
from core.money import Money
from core.tenancy import scope
from payments.models import (
    CardTry,
    Checkout,
    FraudAlarm,
    FraudCount,
    FraudDecision,
    FraudRule,
    ListedParty,
    PaymentLink,
)
from payments.operations.card_tries import ENOUGH, note_charge
from payments.operations.counting import count_up
from payments.operations.fraud_rules import (
    DEFAULTS,
    PartyInvalid,
    RuleInvalid,
    change_rule,
    end_alarm,
    list_party,
    make_default_rules,
    rules_in_force,
    unlist_party,
)
from payments.operations.passage import Verdict, Visit, judge_visit, remember_passage
from payments.operations.retention import forget_old
from payments.puzzles import PATIENCE, is_solution, new_puzzle
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def link(new_link: NewLink) -> PaymentLink:
    return new_link(max_payments=None)


@pytest.fixture
def visit(link: PaymentLink) -> Visit:
    return Visit(kind="payment_link", subject_id=link.pk, address="198.51.100.7")


def judge(tenant: Tenant, visit: Visit, now: datetime = NOW) -> Verdict:
    with scope(tenant.pk):
        return judge_visit(visit, now=now)


def set_rule(tenant: Tenant, counts: str, by: str, step: str = "", **changes: object) -> None:
    with scope(tenant.pk):
        make_default_rules()
        rules = FraudRule.objects.filter(counts=counts, by=by)
        (rules.filter(step=step) if step else rules).update(**changes)


def solved(visit: Visit, now: datetime = NOW) -> Visit:
    puzzle = new_puzzle(subject_id=visit.subject_id, excess=0, now=now)
    text = next(str(n) for n in count() if is_solution(puzzle.text, str(n), puzzle.bits))
    return replace(visit, puzzle=puzzle.text, solution=text)


def decisions(tenant: Tenant) -> list[tuple[str, str]]:
    with scope(tenant.pk):
        rows = FraudDecision.objects.order_by("created_at")
        return [(one.outcome, one.reason) for one in rows]


def charge_of(checkout_id: UUID, *, failed: bool = True, **fields: object) -> dict[str, object]:
    card = {"fingerprint": fields.pop("card", "fp_1"), "country": "NL"}
    return {
        "id": f"ch_{uuid4().hex}",
        "status": "failed" if failed else "succeeded",
        "created": int(NOW.timestamp()),
        "metadata": {"taproom_checkout": str(checkout_id)},
        "payment_method_details": {"type": "card", "card": card},
        "billing_details": {"email": fields.pop("email", "")},
        "outcome": {"risk_level": "normal", "risk_score": 20, "type": "issuer_declined"},
        **fields,
    }


def decline(customer: Customer, checkout_id: UUID, **fields: object) -> CardTry | None:
    charge = charge_of(checkout_id, **fields)  # type: ignore[arg-type]
    return note_charge(tenant_id=customer.tenant.pk, charge=charge, now=NOW)


def passed(customer: Customer, link: PaymentLink, visit: Visit) -> UUID:
    """Let a visit through and return its checkout."""
    checkout = customer.claim(link, uuid4().hex, now=NOW)
    verdict = judge(customer.tenant, visit)
    with scope(customer.tenant.pk):
        remember_passage(verdict, checkout)
    return checkout.pk


# --- rules --------------------------------------------------------------------------------------


def test_company_begins_with_rules_that_it_may_change(tenant: Tenant) -> None:
    with scope(tenant.pk):
        rules = rules_in_force()
        changed = change_rule(rule_id=rules[0].pk, most=7, window_seconds=90, is_on=True)
        again = change_rule(rule_id=rules[0].pk, most=7, window_seconds=90, is_on=True)

        assert len(rules) == len(DEFAULTS)
        assert (changed.most, changed.window_seconds, changed.version) == (7, 90, 2)
        assert again.version == 2
        with pytest.raises(RuleInvalid, match="From 0 to"):
            change_rule(rule_id=rules[0].pk, most=-1, window_seconds=0, is_on=True)


def test_try_past_the_limit_of_an_address_is_asked_for_a_check(
    tenant: Tenant, visit: Visit
) -> None:
    set_rule(tenant, "tries", "address", most=2)

    outcomes = [judge(tenant, visit).outcome for _ in range(3)]
    other = judge(tenant, replace(visit, address="198.51.100.8")).outcome
    later = judge(tenant, visit, NOW + timedelta(minutes=1)).outcome

    assert outcomes == ["allowed", "allowed", "challenged"]
    assert (other, later) == ("allowed", "allowed")
    reason = "Many tries from one address: 3 presses of the button by network address, 2 pass"
    assert decisions(tenant) == [("challenged", reason)]


def test_who_is_over_an_own_limit_uses_up_nothing_of_the_link(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=1)
    set_rule(tenant, "tries", "link", most=3)

    for _ in range(10):
        judge(tenant, visit)
    other = judge(tenant, replace(visit, address="198.51.100.8"))

    assert other.outcome == "allowed"


def test_neighbours_of_an_ipv6_network_count_as_one(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=1)

    first = judge(tenant, replace(visit, address="2001:db8::1"))
    second = judge(tenant, replace(visit, address="2001:db8::2"))
    other = judge(tenant, replace(visit, address="2001:db8:0:1::1"))

    assert [one.outcome for one in (first, second, other)] == ["allowed", "challenged", "allowed"]


def test_solved_check_lets_through_once(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0)
    with_proof = solved(visit)

    first, again = judge(tenant, with_proof), judge(tenant, with_proof)

    assert (first.outcome, first.passed_check) == ("allowed", True)
    assert first.reason == "passed the check"
    assert again.outcome == "challenged"


@pytest.mark.django_db(transaction=True)
def test_solved_check_used_by_many_at_once_lets_one_through(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0)
    with_proof = solved(visit)

    def use(_: int) -> str:
        try:
            return str(judge(tenant, with_proof).outcome)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(use, range(8)))

    assert outcomes == ["allowed"] + ["challenged"] * 7


def test_waiting_instead_of_the_check_is_for_few(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0)
    later = NOW + PATIENCE
    waited = [
        replace(visit, puzzle=new_puzzle(subject_id=visit.subject_id, excess=0, now=NOW).text)
        for _ in range(4)
    ]

    outcomes = [judge(tenant, one, later).outcome for one in waited]

    assert outcomes == ["allowed", "allowed", "allowed", "challenged"]


def test_amount_below_the_smallest_takes_the_step(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "amount_below", "tenant", most=100, is_on=True)

    small = judge(tenant, replace(visit, amount=Money(99, "EUR")))
    enough = judge(tenant, replace(visit, amount=Money(100, "EUR")))
    foreign = judge(tenant, replace(visit, amount=Money(99, "USD")))

    assert [one.outcome for one in (small, enough, foreign)] == ["challenged", "allowed", "allowed"]
    set_rule(tenant, "amount_below", "tenant", most=12501)
    assert judge(tenant, visit).outcome == "challenged"  # the link asks for 125.00


def test_rule_that_is_off_stops_nobody(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0, is_on=False)

    assert judge(tenant, visit).outcome == "allowed"


def test_counting_by_many_at_once_misses_none(transactional_db: None, tenant: Tenant) -> None:
    ends_at = NOW + timedelta(hours=1)

    def tick(number: int) -> None:
        try:
            with scope(tenant.pk):
                marks = ["a", "b"] if number % 2 else ["b", "a"]
                count_up(dict.fromkeys(marks, ends_at))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tick, range(40)))

    with scope(tenant.pk):
        assert set(FraudCount.objects.values_list("mark", "count")) == {("a", 40), ("b", 40)}


# --- lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "value", "is_found"),
    [
        ("address", "198.51.100.7", True),
        ("address", "198.51.100.0/24", True),
        ("address", "198.51.101.0/24", False),
        ("email", "Ann@Example.org", True),
        ("email", "example.org", True),
        ("email", "ample.org", False),
    ],
)
def test_blocked_party_is_refused(
    tenant: Tenant, visit: Visit, by: str, value: str, is_found: bool
) -> None:
    with scope(tenant.pk):
        list_party(kind="block", by=by, value=value, note="", user=None)

    verdict = judge(tenant, replace(visit, email="ann@example.org"))

    assert verdict.outcome == ("refused" if is_found else "allowed")


def test_allowed_party_passes_whatever_is_counted(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0)
    with scope(tenant.pk):
        party = list_party(
            kind="allow", by="address", value="198.51.100.0/24", note="Office", user=None
        )
    allowed = judge(tenant, visit).outcome
    with scope(tenant.pk):
        unlist_party(party_id=party.pk)
        unlist_party(party_id=party.pk)

    assert (allowed, judge(tenant, visit).outcome) == ("allowed", "challenged")


@pytest.mark.parametrize(
    ("by", "value"),
    [("address", "nowhere"), ("email", "ann"), ("country", "NLD"), ("card", "a\0b"), ("x", "y")],
)
def test_what_cannot_be_listed_is_refused(tenant: Tenant, by: str, value: str) -> None:
    with scope(tenant.pk), pytest.raises(PartyInvalid):
        list_party(kind="block", by=by, value=value, note="", user=None)


def test_listed_twice_moves_to_the_other_list(tenant: Tenant) -> None:
    with scope(tenant.pk):
        for kind in ("block", "allow"):
            list_party(kind=kind, by="email", value="ann@example.org", note="", user=None)

        assert [one.kind for one in ListedParty.objects.all()] == ["allow"]


# --- declines -----------------------------------------------------------------------------------


def test_declined_card_is_kept_once_with_radars_outcome(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    charge = charge_of(passed(customer, link, visit))

    for _ in range(2):
        note_charge(tenant_id=customer.tenant.pk, charge=charge, now=NOW)

    with scope(customer.tenant.pk):
        [kept] = CardTry.objects.all()
    assert (kept.card, kept.country, kept.risk_level, kept.risk_score) == (
        "fp_1", "NL", "normal", 20,
    )  # fmt: skip


def test_declines_of_an_address_ask_it_for_a_check_and_nobody_else(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    for _ in range(5):
        decline(customer, passed(customer, link, visit))

    own = judge(customer.tenant, visit)
    other = judge(customer.tenant, replace(visit, address="198.51.100.8"))

    assert own.outcome == "challenged"
    assert own.reason.startswith("Declines from one address: 5 declined cards")
    assert other.outcome == "allowed"


def test_declines_of_many_addresses_ask_all_for_a_check_and_the_bank_to_confirm(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    for number in range(15):
        one = replace(visit, address=f"203.0.113.{number}")
        decline(customer, passed(customer, link, solved(one) if number > 4 else one))

    plain, checked = judge(customer.tenant, visit), judge(customer.tenant, solved(visit))

    assert plain.outcome == "challenged"
    assert (checked.outcome, checked.passed_check) == ("secured", True)


def test_page_with_many_declines_is_closed_at_stripe(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    checkout_id = passed(customer, link, visit)

    for _ in range(5):
        decline(customer, checkout_id, email="a@example.org")

    closed = [reason for outcome, reason in decisions(customer.tenant) if outcome == "closed"]
    assert len(closed) == 1
    assert closed[0].startswith("Declines on one page: 5 declined cards by payment page")


def test_declines_that_still_come_from_a_closed_page_are_kept_and_close_nothing_again(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    checkout_id = passed(customer, link, visit)
    for _ in range(5):
        decline(customer, checkout_id)
    with scope(customer.tenant.pk):
        Checkout.objects.filter(pk=checkout_id).update(state=Checkout.State.EXPIRED)

    for number in range(6):
        decline(customer, checkout_id, card=f"fp_{number}")

    with scope(customer.tenant.pk):
        assert CardTry.objects.count() == 11
        assert FraudDecision.objects.filter(outcome="closed").count() == 1


def test_page_that_is_being_closed_counts_no_further_than_enough(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    checkout_id = passed(customer, link, visit)
    for number in range(ENOUGH):
        decline(customer, checkout_id, card=f"fp_{number}")
    counted = told(customer.tenant)

    for number in range(20):
        decline(customer, checkout_id, card=f"fp_after_{number}")

    assert told(customer.tenant) == counted
    with scope(customer.tenant.pk):
        assert CardTry.objects.filter(checkout=checkout_id).count() == ENOUGH + 20


def told(tenant: Tenant) -> tuple[int, list[int]]:
    """How much was decided, and how far each rule has counted."""
    with scope(tenant.pk):
        counts = FraudCount.objects.order_by("mark").values_list("count", flat=True)
        return FraudDecision.objects.count(), list(counts)


def test_many_cards_on_a_page_close_it_and_one_card_again_does_not(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    elsewhere = replace(visit, address="203.0.113.9")
    one, many = passed(customer, link, visit), passed(customer, link, elsewhere)

    for number in range(4):
        decline(customer, one, card="fp_same")
        decline(customer, many, card=f"fp_{number}")

    with scope(customer.tenant.pk):
        closed = FraudDecision.objects.filter(outcome="closed")
        assert {row.checkout_id for row in closed} == {many}


def test_declines_after_the_check_pause_the_link_until_the_owner_opens_it(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    set_rule(customer.tenant, "declines_checked", "link", most=2)
    set_rule(customer.tenant, "tries", "address", most=0)
    for _ in range(2):
        decline(customer, passed(customer, link, solved(visit)))

    paused = judge(customer.tenant, replace(solved(visit), address="203.0.113.1"))
    with scope(customer.tenant.pk):
        [alarm] = FraudAlarm.objects.filter(step="pause")
        end_alarm(alarm_id=alarm.pk, by=None, now=NOW)
        end_alarm(alarm_id=alarm.pk, by=None, now=NOW + timedelta(hours=1))
    opened = judge(customer.tenant, solved(visit))

    assert paused.outcome == "paused"
    assert opened.is_allowed
    with scope(customer.tenant.pk):
        assert FraudAlarm.objects.get(pk=alarm.pk).ended_at == NOW


def test_payment_of_a_blocked_card_waits_for_a_person(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    with scope(customer.tenant.pk):
        list_party(kind="block", by="card", value="fp_bad", note="", user=None)

    found = decline(customer, passed(customer, link, visit), card="fp_bad", failed=False)

    assert found is not None
    assert customer.reload(found).suspicion == "On the list: never let through this card"


def test_risky_payment_waits_for_a_person(
    customer: Customer, link: PaymentLink, visit: Visit
) -> None:
    outcome = {"risk_level": "elevated", "risk_score": 70, "seller_message": "Look at it."}

    found = decline(customer, passed(customer, link, visit), failed=False, outcome=outcome)

    assert found is not None
    assert customer.reload(found).suspicion == "Stripe Radar: elevated risk. Look at it."


def test_charge_of_nobody_here_is_left_alone(tenant: Tenant) -> None:
    for checkout_id in (uuid4(), "x", ""):
        charge = charge_of(checkout_id)  # type: ignore[arg-type]
        assert note_charge(tenant_id=tenant.pk, charge=charge, now=NOW) is None


# --- what is kept -------------------------------------------------------------------------------


def test_decision_is_never_changed_and_goes_only_when_old(tenant: Tenant, visit: Visit) -> None:
    set_rule(tenant, "tries", "address", most=0)
    judge(tenant, visit)

    for change in ("UPDATE payments_frauddecision SET reason = 'x'",
                   "DELETE FROM payments_frauddecision"):  # fmt: skip
        with (
            scope(tenant.pk),
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(change)

    assert len(decisions(tenant)) == 1


def test_counts_are_forgotten_when_their_window_is_long_over(tenant: Tenant, visit: Visit) -> None:
    judge(tenant, visit)

    forget_old(tenant_id=tenant.pk, now=NOW + timedelta(minutes=30))
    with scope(tenant.pk):
        kept = FraudCount.objects.count()
    forget_old(tenant_id=tenant.pk, now=NOW + timedelta(days=2))

    with scope(tenant.pk):
        assert kept > 0
        assert FraudCount.objects.count() == 0


def test_rows_of_another_company_stay_hidden(
    tenant: Tenant, other_tenant: Tenant, visit: Visit
) -> None:
    set_rule(tenant, "tries", "address", most=0)
    judge(tenant, visit)
    with scope(tenant.pk):
        list_party(kind="block", by="country", value="nl", note="", user=None)

    with scope(other_tenant.pk):
        for model in (FraudRule, FraudDecision, FraudCount, FraudAlarm, ListedParty):
            assert model.objects.count() == 0
