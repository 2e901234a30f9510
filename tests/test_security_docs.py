"""docs/security.md names a test for each promise; each of them exists, and is a test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text()
PROOF = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
PROOFS = sorted({match.groups() for match in PROOF.finditer(DOCUMENT)}, key=str)
OWN = ("tests/test_security_docs.py", None)


@cache
def names_in(path: str) -> set[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize(("path", "name"), [one for one in PROOFS if one != OWN])
def test_proof_of_a_promise_exists(path: str, name: str | None) -> None:
    found = names_in(path)

    assert found if name is None else name in found


def test_every_section_of_the_table_has_a_proof() -> None:
    rows = [line for line in DOCUMENT.splitlines() if re.match(r"\| \d+\.\d+\.\d+ ", line)]

    assert len(rows) >= 30
    assert [row for row in rows if not PROOF.search(row)] == []
