"""What the chaos program counts, breaks and plays with, without a whole demo."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from chaos.__main__ import arguments, chosen
from chaos.books import months_before
from chaos.breakages import BREAKAGES, SHORT
from chaos.count import Count, count, paid_links, sent_invoices
from chaos.people import DECLINED_FIRST, GOOD, crowd
from chaos.site import PARTS, _is_of
from core.demo import parts
from core.demo.layout import Layout
from sandbox.faults import parse


@pytest.mark.parametrize(
    ("at_stripe", "here", "expected"),
    [
        (["a", "b"], ["a", "b"], Count(2, 2, 0, 0)),
        (["a"], ["a", "b"], Count(2, 1, 0, 1)),
        (["a", "b"], ["a"], Count(2, 1, 0, 1)),
        (["a", "b", "b"], ["a", "b"], Count(2, 2, 1, 0)),
        (["a", "b"], ["a", "b", "b"], Count(2, 2, 1, 0)),
        (["a", "b", "c"], ["a", "b"], Count(2, 2, 1, 0)),
        ([], [], Count(2, 0, 0, 2)),
    ],
)
def test_things_are_counted_on_both_sides(
    at_stripe: list[str], here: list[str], expected: Count
) -> None:
    found = count(["a", "b"], at_stripe, here)

    assert found == expected
    assert found.is_sound == (expected == Count(2, 2, 0, 0))


def test_only_money_that_was_taken_counts_at_stripe() -> None:
    charges = [
        {"status": "succeeded", "metadata": {"taproom_subject": "a"}},
        {"status": "failed", "metadata": {"taproom_subject": "b"}},
        {"status": "succeeded", "metadata": {"taproom_subject": "a"}},
        {"status": "succeeded", "metadata": None},
    ]
    invoices = [
        {"status": status, "metadata": {"taproom_invoice": status}}
        for status in ("draft", "open", "paid", "void")
    ]

    assert paid_links(charges) == ["a", "a", "None"]
    assert sent_invoices(invoices) == ["open", "paid"]


def test_every_part_of_the_demo_can_be_found_to_be_killed(tmp_path: object) -> None:
    layout = Layout()
    env: dict[str, str] = {}
    programs = [
        parts.web(layout, env, 1),
        *parts.workers(layout, env),
        parts.beat(layout, env),
        parts.sandbox(layout, env, 2),
    ]

    found = {
        part: [one.name for one in programs if _is_of(part, [str(word) for word in one.command])]
        for part in PARTS
        if part not in {"PostgreSQL", "Valkey"}
    }

    assert found == {part: [part] for part in found}


def test_breakages_are_what_the_sandbox_knows() -> None:
    rules = [
        rule
        for breakage in BREAKAGES
        for argument in getattr(breakage.begin, "args", ())
        if isinstance(argument, list)
        for rule in argument
    ]

    assert [parse(rule).kind for rule in rules] == [rule["kind"] for rule in rules]
    assert len(rules) == 9
    assert set(SHORT) - {breakage.name for breakage in BREAKAGES} == set()


def test_the_same_seed_makes_the_same_crowd() -> None:
    links = [(str(number), f"/{number}") for number in range(200)]

    def made(seed: int) -> list[tuple[int, float, int]]:
        people = crowd(links, key="k", within=10, dice=Random(seed))
        return [(one.number, one.starts_after, len(one.cards)) for one in people]

    assert made(1) == made(1)
    assert made(1) != made(2)
    declined = sum(1 for _, _, cards in made(1) if cards == 2)
    assert 0 < declined < 200 * DECLINED_FIRST * 2
    assert crowd(links, key="k", within=1, dice=Random(1))[0].cards[-1] == GOOD


def test_short_run_and_chosen_breakages() -> None:
    short = arguments(["--short"])
    one = arguments(["--only", "beat-killed", "--customers", "3"])

    assert [breakage.name for breakage in chosen(short)] == list(SHORT)
    assert (short.customers, short.invoices, short.seconds) == (6, 4, 5.0)
    assert [breakage.name for breakage in chosen(one)] == ["beat-killed"]
    assert (one.customers, one.invoices) == (3, 12)
    with pytest.raises(SystemExit):
        arguments(["--only", "nonsense"])


def test_months_are_counted_back_over_a_new_year() -> None:
    assert months_before(date(2030, 2, 28), 3) == date(2029, 11, 1)
    assert months_before(date(2030, 12, 1), 0) == date(2030, 12, 1)
