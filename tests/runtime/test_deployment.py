"""Image, compose file and continuous integration name only what exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.utils.module_loading import autodiscover_modules

from config.celery import app
from core.demo.parts import WORKERS
from tests.runtime.conftest import ROOT

SETTINGS = (ROOT / "config" / "settings.py").read_text()
READ_BY_SETTINGS = set(re.findall(r"""\benv(?:\.\w+)?\(\s*"([A-Z_]+)\"""", SETTINGS))
OPTIONAL = set(re.findall(r"""\benv(?:\.\w+)?\(\s*"([A-Z_]+)",""", SETTINGS))
REQUIRED = READ_BY_SETTINGS - OPTIONAL
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "taproom"}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
BINARIES = Path(sys.executable).parent
QUEUES = {"default", "stripe", "webhooks", "mirror", "shop", "billing"}


def instructions(name: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in DOCKERFILE if line.startswith(f"{name} ")]


def image_command() -> list[str]:
    words = yaml.safe_load(instructions("CMD")[-1])
    assert isinstance(words, list)
    return words


def commands() -> dict[str, list[str]]:
    return {name: service.get("command") or image_command() for name, service in OURS.items()}


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize("name", OURS)
def test_variables_are_those_that_the_settings_read(name: str) -> None:
    assert set(OURS[name]["environment"]) - READ_BY_SETTINGS == set()


def test_settings_that_must_be_given_are_given() -> None:
    assert REQUIRED - set(OURS["web"]["environment"]) == set()


def test_secrets_have_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET_KEY|ENCRYPTION_KEYS))(:?\??)", text)

    assert {mark for _, mark in used} == {":?"}


def test_only_the_migration_gets_the_owners_address() -> None:
    holders = [name for name in OURS if "DATABASE_OWNER_URL" in OURS[name]["environment"]]

    assert holders == ["migrate"]


def test_only_one_beat() -> None:
    beats = [name for name, words in commands().items() if "beat" in words]

    assert beats == ["beat"]


def test_programs_and_management_commands_exist() -> None:
    for words in commands().values():
        assert shutil.which(words[0], path=f"{BINARIES}:{os.environ['PATH']}")
        if words[0] == "python":
            assert (ROOT / words[1]).exists()
            assert words[2] in get_commands()


def test_there_is_one_worker_for_each_queue() -> None:
    workers = [words for words in commands().values() if "worker" in words]
    ours = sorted(option(words, "--queues") for words in workers)
    demo = sorted(queue for queues in WORKERS for queue in queues.split(","))

    assert (ours, demo) == (sorted(QUEUES), sorted(QUEUES))


def test_tasks_name_queues_that_a_worker_serves() -> None:
    autodiscover_modules("tasks")
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert {getattr(task, "runs_on", "default") for task in ours} - QUEUES == set()


@pytest.mark.parametrize("program", [["granian"], ["celery", "-A", "config", "worker"]])
def test_programs_know_their_options(program: list[str]) -> None:
    known = subprocess.run(
        [BINARIES / program[0], *program[1:], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = {
        word.partition("=")[0]
        for words in commands().values()
        if words[: len(program)] == program
        for word in words
        if word.startswith("--")
    }

    assert used
    assert {name for name in used if name not in known} == set()


def test_every_service_waits_for_what_it_needs() -> None:
    waits = {name: set(service.get("depends_on", ())) for name, service in OURS.items()}

    assert waits.pop("migrate") == {"postgres"}
    assert set(map(frozenset, waits.values())) == {frozenset({"migrate", "postgres", "valkey"})}


def test_mounted_files_and_named_volumes_exist() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).is_file()


def test_image_has_what_it_copies_and_starts_as_a_plain_user() -> None:
    sources = [line.split()[0] for line in instructions("COPY") if not line.startswith("--from")]

    assert sources == ["requirements.txt", "."]
    assert instructions("USER") == ["10001:10001"]
    assert find_spec("config.wsgi")
    assert "config.wsgi:application" in image_command()


def test_image_installs_by_hash_and_leaves_the_workshop_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    installs = [line for line in instructions("RUN") if "pip" in line]

    assert [line.count("--require-hashes") for line in installs] == [1]
    assert {".*", "sandbox", "tests", "var"} <= set(ignored)


def test_build_gives_every_setting_that_is_required() -> None:
    line = next(line for line in instructions("RUN") if "collectstatic" in line)

    assert set(re.findall(r"(?:^|\s)([A-Z_]+)=", line)) == REQUIRED


def test_health_check_of_the_image_is_a_file_of_ours() -> None:
    line = next(line for line in DOCKERFILE if line.startswith("HEALTHCHECK"))

    assert (ROOT / yaml.safe_load(line.partition("CMD ")[2])[1]).is_file()


def test_health_check_fails_when_nothing_answers() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", ROOT / "deploy" / "healthcheck.py"],
        env={"PUBLIC_URL": "https://taproom.example", "http_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout == ""
    assert answer.returncode in {0, 1}  # 0 when a demo runs on this machine


def test_workflow_checks_every_python_with_a_browser() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    job = workflow["jobs"]["check"]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    last = job["steps"][-1]

    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert oldest == ">=3.11"
    assert (last["run"], last["env"]) == ("python3 run.py check", {"REQUIRE_BROWSER": "1"})


def test_ci_script_is_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()

    assert os.access(script, os.X_OK)
    assert lines[-2:] == ["python3 run.py lint", "python3 run.py test"]
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
