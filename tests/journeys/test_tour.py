"""The five-minute tour of the README works when it is pasted, line by line, into a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.demo.layout import PROJECT
from tests.journeys.people import Seller

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

README = PROJECT / "README.md"
TOUR = re.compile(r"<!-- tour -->(.*?)<!-- /tour -->", re.DOTALL)
STEP = re.compile(r"^\d+\. ", re.MULTILINE)
BLOCK = re.compile(r"^ *```(?:console|bash)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
PROMPT = "$ "
# A step of this title shows what the API says to somebody who is wrong.
MISTAKES = "**Make mistakes.**"


@dataclass
class Answer:
    """What a pasted line got: curl's output, and the HTTP status."""

    line: str
    output: str
    status: int
    is_mistake: bool


def lines_of(step: str) -> list[str]:
    """Return what a reader pastes of a step; what a backslash continues is one line."""
    found: list[str] = []
    for block in BLOCK.findall(step):
        lines = textwrap.dedent(block).replace("\\\n", "\\\0").splitlines()
        typed = [line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT)] or lines
        found += [line.replace("\0", "\n") for line in typed]
    return found


def calls() -> list[tuple[str, bool]]:
    """Return the tour's calls, each with whether it is meant to be a mistake."""
    [tour] = TOUR.findall(README.read_text())
    steps = STEP.split(tour)
    return [(line, MISTAKES in step) for step in steps for line in lines_of(step) if "curl" in line]


@pytest.fixture
def answers(seller: Seller, tmp_path: Path) -> list[Answer]:
    """Paste all calls into a shell that knows where Taproom is, and the key."""
    if not (shutil.which("bash") and shutil.which("curl")):
        pytest.skip("the tour needs bash and curl")
    seller.stack.wait_ready()  # the test before took beat's sign of life with it
    (tmp_path / ".curlrc").write_text('write-out = "\\n%{http_code}"\n')
    place = {"TAPROOM": seller.stack.url, "API_KEY": seller.key, "CURL_HOME": str(tmp_path)}
    found = []
    for line, is_mistake in calls():
        shell = subprocess.run(
            ["bash", "-eu", "-c", line],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={"PATH": os.environ["PATH"], **place},
        )
        output, _, status = shell.stdout.rpartition("\n")
        found.append(Answer(line, output, int(status), is_mistake))
    return found


def test_lines_are_what_a_reader_pastes() -> None:
    step = "Do:\n   ```console\n   $ curl a \\\n       -d b\n   {}\n   ```\n```bash\ncurl c\n```\n"

    assert lines_of(step) == ["curl a \\\n    -d b", "curl c"]


def test_tour_works_when_it_is_pasted(answers: list[Answer], seller: Seller) -> None:
    wrong = [
        (one.line, one.output)
        for one in answers
        if one.is_mistake != (one.status >= 400) or one.status >= 500
    ]

    assert wrong == []
    assert any(not one.is_mistake for one in answers)
    assert [link["status"] for link in seller.get("payment-links/")["items"]] == ["active"]


def test_link_that_is_sent_again_is_the_same_one(answers: list[Answer]) -> None:
    again = next(one.output for one in answers if "curl -s -i" in one.line)

    assert "idempotent-replayed: true" in again.lower()


def test_every_mistake_is_answered_with_a_problem(answers: list[Answer]) -> None:
    mistakes = [one.output for one in answers if one.is_mistake]

    assert mistakes
    assert all('"urn:taproom:problem:' in output for output in mistakes)
