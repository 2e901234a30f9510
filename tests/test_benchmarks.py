"""The arithmetic of the benchmarks; what they measure is never asserted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks.load import BadAnswer, Request, is_whole, writer
from benchmarks.measures import Comparison, Sample, compare, in_turn, needed
from benchmarks.mixed import is_flat, percentile
from benchmarks.push.count import Tally, Wanted, tally
from benchmarks.statements import Statements, sort_out
from payments.gateway import verify_signature

GATED = Comparison("pay", "bare", gate=0.25)


def rounds(*rates: float) -> list[Sample]:
    return [Sample(rate, 1000 / rate) for rate in rates]


def test_compare_takes_the_median_of_each_rounds_ratio():
    samples = {"bare": rounds(4000.0, 1000.0, 2000.0), "pay": rounds(800.0, 500.0, 600.0)}

    result = compare(GATED, samples)

    # Rounds: 0.2, 0.5, 0.3. The ratio of the medians, 600 / 2000, would say the same here;
    # the slow second round moves neither.
    assert (result.ratio, result.target, result.base) == (
        0.3,
        Sample(600, 1000 / 600),
        Sample(2000, 0.5),
    )


def test_compare_pairs_rounds_when_the_machine_slows_down_half_way():
    samples = {"bare": rounds(4000.0, 4000.0, 400.0), "pay": rounds(1000.0, 100.0, 100.0)}

    assert compare(GATED, samples).ratio == 0.25


@pytest.mark.parametrize(("pay", "word"), [(250.0, "pass"), (249.0, "fail")])
def test_result_passes_from_the_gate_on(pay, word):
    assert compare(GATED, {"bare": rounds(1000.0), "pay": rounds(pay)}).word == word


def test_result_without_gate_claims_nothing():
    result = compare(Comparison("pay", "bare"), {"bare": rounds(1000.0), "pay": rounds(1.0)})

    assert result.word == "-"


def test_compare_refuses_rounds_that_one_side_lacks():
    with pytest.raises(ValueError, match="longer"):
        compare(GATED, {"bare": rounds(1000.0, 1000.0), "pay": rounds(1.0)})


def test_each_target_comes_first_in_turn():
    names = needed([GATED, Comparison("webhook", "bare")])

    assert [in_turn(names, number) for number in range(4)] == [
        ["bare", "pay", "webhook"],
        ["pay", "webhook", "bare"],
        ["webhook", "bare", "pay"],
        ["bare", "pay", "webhook"],
    ]


def test_load_signs_each_event_afresh():
    write = writer(Request("POST", "/", body='{"id": "EVENT_ID"}', signed_with="whsec_1"), "host")

    heads, bodies = zip(*(write().split(b"\r\n\r\n") for _ in range(2)), strict=True)

    assert bodies[0] != bodies[1]
    for head, body in zip(heads, bodies, strict=True):
        signature = head.partition(b"Stripe-Signature: ")[2].partition(b"\r\n")[0].decode()
        verify_signature(body, signature, secrets=["whsec_1"], now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", True),
    ],
)
def test_load_knows_when_an_answer_is_whole(answer, whole):
    assert is_whole(answer) is whole


def test_load_refuses_an_answer_whose_end_it_cannot_see():
    with pytest.raises(BadAnswer):
        is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_statements_are_told_apart_from_what_stands_around_them():
    log = "\n".join(
        f"2026-11-21 07:00:00.000 UTC [1] LOG:  statement: {text}"
        for text in ("SELECT 1", "BEGIN", "SELECT set_config('a', 'b', true)", "COMMIT")
    )

    assert sort_out(log) == Statements(
        queries=("SELECT set_config('a', 'b', true)",), around=("SELECT 1", "BEGIN", "COMMIT")
    )


def test_percentiles_and_flat_memory_of_the_mixed_load() -> None:
    values = [number / 100 for number in range(1, 101)]

    assert [percentile(values, part) for part in (0.5, 0.95, 0.99)] == [0.51, 0.96, 1.0]
    assert percentile([3.0], 0.99) == 3.0
    assert [is_flat(100, 139), is_flat(100, 141), is_flat(1000, 1149)] == [True, False, True]


LINES = (("line-1", 1000), ("line-2", -50))
WANTED = {"ours": Wanted(number="B-1", currency="usd", total=950, lines=LINES)}


def at_stripe(**changes: object) -> dict[str, object]:
    lines = [{"metadata": {"taproom_line": ref}, "amount": amount} for ref, amount in LINES]
    made = {"status": "open", "number": "B-1", "currency": "usd", "total": 950, "lines": lines}
    return {**made, "metadata": {"taproom_invoice": "ours"}, **changes}


def test_tally_of_equal_sides_is_sound() -> None:
    found = tally(WANTED, [at_stripe(), at_stripe(status="void")], ["org-1", "org-2"])

    assert (found, found.is_sound) == (Tally(wanted=1, there=1), True)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([], Tally(1, 0, missing=1)),
        ([at_stripe(), at_stripe()], Tally(1, 1, doubled=1)),
        ([at_stripe(total=951)], Tally(1, 0, wrong=1)),
        ([at_stripe(currency="eur")], Tally(1, 0, wrong=1)),
        ([at_stripe(lines=at_stripe()["lines"] * 2)], Tally(1, 0, wrong=1)),  # type: ignore[operator]
        ([at_stripe(), at_stripe(status="draft")], Tally(1, 1, drafts=1)),
        ([at_stripe(), at_stripe(metadata={})], Tally(1, 1, strangers=1)),
    ],
)
def test_tally_finds_what_is_odd(made: list[dict[str, object]], expected: Tally) -> None:
    found = tally(WANTED, made, [])

    assert (found, found.is_sound) == (expected, False)


def test_tally_finds_a_customer_that_stands_twice() -> None:
    assert tally(WANTED, [at_stripe()], ["org-1", "org-1"]).is_sound is False
