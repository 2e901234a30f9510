"""A proof of work: what a browser must find before its try is let through. No outside host.

The puzzle is signed, so that nothing is stored before it is solved, and bound to what is to be
paid. A solution is a whole number whose SHA-256 with the puzzle begins with so many zero bits.
A person waits a second or two; who tries ten thousand cards waits for hours.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core import signing

SALT: Final = "payments.puzzle"
LIFETIME: Final = timedelta(minutes=15)
# Without scripts the page asks to wait so long instead; few may, see the patient's counts.
PATIENCE: Final = timedelta(seconds=30)
BASE_BITS: Final = 15
MOST_BITS: Final = 18
LONGEST_SOLUTION: Final = 20


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What a page asks of its visitor's browser: `text` with a number, `bits` zeros in front."""

    text: str
    bits: int
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A puzzle that came back: `is_solved`, or only waited for. `mark` lets it be used once."""

    mark: str
    is_solved: bool
    ends_at: datetime


def new_puzzle(*, subject_id: UUID, excess: int, now: datetime) -> Puzzle:
    """Return a puzzle for one thing to pay; each doubling of `excess` makes it twice as hard."""
    bits = min(BASE_BITS + max(0, excess).bit_length() // 2, MOST_BITS)
    content = [str(subject_id), bits, int(now.timestamp()), secrets.token_urlsafe(9)]
    text = signing.dumps(content, salt=SALT)
    return Puzzle(text=text, bits=bits, wait_seconds=int(PATIENCE.total_seconds()))


def read_proof(*, text: str, solution: str, subject_id: UUID, now: datetime) -> Proof | None:
    """Return what a form's puzzle proves; None when it proves nothing.

    That is: not ours, for something else, expired, from the future, or neither solved nor old
    enough to have been waited for.
    """
    if not text or len(text) > 300:
        return None
    try:
        subject, bits, issued, _ = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    made_at = datetime.fromtimestamp(issued, UTC)
    age = now - made_at
    if subject != str(subject_id) or not timedelta(seconds=-5) <= age <= LIFETIME:
        return None
    is_solved = is_solution(text, solution, bits)
    if not is_solved and age < PATIENCE:
        return None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Proof(mark=digest, is_solved=is_solved, ends_at=made_at + LIFETIME)


def is_solution(text: str, solution: str, bits: int) -> bool:
    """Return whether a number solves a puzzle."""
    if not (0 < len(solution) <= LONGEST_SOLUTION and solution.isascii() and solution.isdigit()):
        return False
    digest = hashlib.sha256(f"{text}:{solution}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0
