"""The check's puzzle: ours, for one thing, for a while, and solved or waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from payments import puzzles
from payments.puzzles import Puzzle, is_solution, new_puzzle, read_proof

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUBJECT = uuid4()


def solve(puzzle: Puzzle) -> str:
    return next(str(n) for n in count() if is_solution(puzzle.text, str(n), puzzle.bits))


@pytest.fixture
def puzzle() -> Puzzle:
    return new_puzzle(subject_id=SUBJECT, excess=0, now=NOW)


def test_puzzle_solved_proves_it(puzzle: Puzzle) -> None:
    proof = read_proof(text=puzzle.text, solution=solve(puzzle), subject_id=SUBJECT, now=NOW)

    assert proof is not None
    assert proof.is_solved
    assert proof.ends_at == NOW + puzzles.LIFETIME


def test_puzzle_of_another_link_proves_nothing(puzzle: Puzzle) -> None:
    proof = read_proof(text=puzzle.text, solution=solve(puzzle), subject_id=uuid4(), now=NOW)

    assert proof is None


def test_puzzle_expires(puzzle: Puzzle) -> None:
    later = NOW + puzzles.LIFETIME + timedelta(seconds=1)

    proof = read_proof(text=puzzle.text, solution=solve(puzzle), subject_id=SUBJECT, now=later)

    assert proof is None


@pytest.mark.parametrize("solution", ["", "0", "-1", "x", "\u0661", "9" * 21, "\0", "1.0"])
def test_puzzle_wrongly_solved_proves_nothing(puzzle: Puzzle, solution: str) -> None:
    assert read_proof(text=puzzle.text, solution=solution, subject_id=SUBJECT, now=NOW) is None


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "\0", "é" * 400])
def test_text_that_is_no_puzzle_proves_nothing(text: str) -> None:
    assert read_proof(text=text, solution="1", subject_id=SUBJECT, now=NOW) is None


def test_puzzle_waited_for_is_no_solution_but_a_proof(puzzle: Puzzle) -> None:
    early = NOW + puzzles.PATIENCE - timedelta(seconds=1)
    late = NOW + puzzles.PATIENCE

    soon = read_proof(text=puzzle.text, solution="", subject_id=SUBJECT, now=early)
    proof = read_proof(text=puzzle.text, solution="", subject_id=SUBJECT, now=late)

    assert soon is None
    assert proof is not None
    assert not proof.is_solved


def test_puzzle_grows_harder_with_excess_up_to_a_bound() -> None:
    bits = [new_puzzle(subject_id=SUBJECT, excess=n, now=NOW).bits for n in (0, 2, 8, 10**9)]

    assert bits == [15, 16, 17, 18]
