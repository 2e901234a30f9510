"""The documents are true: what they name exists, and what exists is named where it must be."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
# Made by running something: a fresh checkout has none of it.
MADE = ("var/", ".venv", ".env")

VARIABLE_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
TOUR = re.compile(r"<!-- tour -->(.*)<!-- /tour -->", re.DOTALL)
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:work|root|home|Users|tmp)/|\bTODO\b|\bFIXME\b|\bcoming soon\b|localhost:\d",
    re.IGNORECASE,
)


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def settings_read() -> set[str]:
    """Return the variables that config/settings.py asks its environment for."""
    tree = ast.parse(text_of("config/settings.py"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
    }


def paths_named(text: str) -> set[str]:
    """Return what stands in backticks and can only be a path of this repository."""
    words = {word.rstrip("/") for code in CODE.findall(text) for word in code.split()}
    tops = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")}
    return {
        word
        for word in words
        if re.fullmatch(r"[\w./-]+", word)
        and (word.partition("/")[0] in tops or re.fullmatch(r"[\w-]+\.(py|md|yml|toml|txt)", word))
        and not word.startswith(MADE)
    }


def consoles(text: str) -> list[str]:
    """Return the lines of all console blocks."""
    blocks = FENCE.findall(text)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_configuration_names_every_variable_and_no_other():
    documented = VARIABLE_ROW.findall(text_of("docs/configuration.md"))

    assert sorted(documented) == sorted(settings_read())


@pytest.mark.parametrize("name", NAMES)
def test_document_names_paths_that_exist(name):
    missing = {path for path in paths_named(text_of(name)) if not (ROOT / path).exists()}

    assert missing == set()


@pytest.mark.parametrize("name", NAMES)
def test_document_links_to_what_exists(name):
    targets = {link.partition("#")[0] for link in LINK.findall(text_of(name))}
    inside = {target for target in targets if target and "://" not in target}

    assert {one for one in inside if not (ROOT / name).parent.joinpath(one).exists()} == set()


@pytest.mark.parametrize("name", NAMES)
def test_document_names_commands_that_exist(name):
    text = text_of(name)
    run_py = set(re.findall(r"^  ([a-z]+) ", text_of("run.py").partition("USAGE")[2][:800], re.M))

    typed = set(re.findall(r"python3 run\.py ([a-z_]+)", text))
    managed = set(re.findall(r"(?:manage\.py|run\.py manage) ([a-z_]+)", text))

    assert typed - run_py == set()
    assert managed - get_commands().keys() == set()


@pytest.mark.parametrize("name", NAMES)
def test_document_speaks_of_no_one_machine_and_no_later_day(name):
    assert FORBIDDEN.findall(text_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_document_keeps_to_lines_that_a_terminal_shows(name):
    lines = text_of(name).splitlines()
    prose = [line for line in lines if not line.lstrip().startswith(("|", "curl", "docker", "["))]

    assert [line for line in prose if len(line) > 140] == []


def test_each_decision_has_its_parts_and_is_one_page():
    for path in sorted(ROOT.glob("docs/adr/*.md")):
        text = path.read_text()
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)

        assert headings == ["Context", "Decision", "Consequences"], path.name
        assert text.startswith(f"# {path.name[:4]}: "), path.name
        assert len(text.splitlines()) <= 60, path.name


def tour() -> list[str]:
    """Return the lines that the README's tour has its reader paste."""
    found = TOUR.search(text_of("README.md"))
    return consoles(found[1]) if found else []


def test_tour_is_made_of_lines_that_a_shell_takes():
    words = [shlex.split(line) for line in tour()]

    assert len(words) == 16
    assert {tuple(some[:2]) for some in words} == {("curl", "-s")}
    assert [some for some in words if not any(w.startswith("$TAPROOM/") for w in some)] == []


def test_pictures_are_small():
    large = [path.name for path in ROOT.glob("docs/images/*") if path.stat().st_size > 200_000]

    assert large == []
