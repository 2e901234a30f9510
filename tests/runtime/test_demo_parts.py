"""The small parts of the demo: environment, stamps, terminal, ports, reset, refusals."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.demo import stamps
from core.demo.command import forget
from core.demo.environment import Addresses, child_environment, keys, owner_environment
from core.demo.errors import DemoError, StartFailed
from core.demo.layout import Layout, read_json, write_json
from core.demo.memory import Memory, port_is_free
from core.demo.places import Lock
from core.demo.summary import FROM_DEMO_DATA, summary
from core.demo.supervisor import refuse_bad_environment
from tests.runtime.conftest import ROOT, python

ADDRESSES = Addresses("http://web", "app", "owner", "redis", "stripe", "shop", "sandbox")
RUN = """
import sys
from pathlib import Path
from core.demo.command import run
from core.demo.layout import Layout
sys.exit(run(port=int(sys.argv[2]), reset=False, layout=Layout(Path(sys.argv[1]))))
"""


@pytest.fixture
def layout(spaced: Path) -> Layout:
    made = Layout(spaced / "var")
    made.prepare()
    return made


def test_keys_are_made_once_and_kept_private(layout: Layout) -> None:
    first = keys(layout)

    assert keys(layout) == first
    assert layout.secrets.stat().st_mode & 0o777 == 0o600
    Fernet(first["FIELD_ENCRYPTION_KEYS"])


def test_children_do_not_inherit_what_would_change_them(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLIC_URL")
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    monkeypatch.setenv("DATABASE_OWNER_URL", "not for the web server")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("NO_PROXY", "example.org")

    env = child_environment(layout, ADDRESSES, marker="m")

    assert env.keys() & {"PYTHONPATH", "DATABASE_OWNER_URL"} == set()
    names = ("DATABASE_URL", "LOG_LEVEL", "NO_PROXY", "PUBLIC_URL")
    expected = ["app", "DEBUG", "example.org,127.0.0.1,localhost", "http://web"]
    assert [env[name] for name in names] == expected


def test_only_the_owners_commands_get_the_owners_address(layout: Layout) -> None:
    serves = child_environment(layout, ADDRESSES, marker="m")

    assert owner_environment(layout, ADDRESSES, marker="m") == {
        **serves,
        "DATABASE_OWNER_URL": "owner",
    }


def test_half_a_database_is_refused() -> None:
    refuse_bad_environment({})
    refuse_bad_environment({"DATABASE_URL": "x", "DATABASE_OWNER_URL": "y"})
    with pytest.raises(DemoError):
        refuse_bad_environment({"DATABASE_URL": "x"})


def test_schema_stamp_follows_migrations_packages_and_cluster(tmp_path: Path) -> None:
    migrations = tmp_path / "app" / "migrations"
    migrations.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "requirements.txt").write_text("one")
    seen = [stamps.schema_stamp("cluster", tmp_path)]
    (tmp_path / "app" / "views.py").touch()

    assert stamps.schema_stamp("cluster", tmp_path) == seen[0]

    (migrations / "0001_initial.py").touch()
    seen.append(stamps.schema_stamp("cluster", tmp_path))
    (tmp_path / "requirements.txt").write_text("two")
    seen.append(stamps.schema_stamp("cluster", tmp_path))
    seen.append(stamps.schema_stamp("another", tmp_path))
    assert len(set(seen)) == 4


def test_demo_data_stamp_follows_its_code_and_the_addresses(tmp_path: Path) -> None:
    commands = tmp_path / "app" / "management" / "commands"
    commands.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (commands / "demo_data.py").write_text("one")
    first = stamps.demo_data_stamp("schema", ["web"], tmp_path)
    other_address = stamps.demo_data_stamp("schema", ["elsewhere"], tmp_path)
    (commands / "demo_data.py").write_text("two")

    assert len({first, other_address, stamps.demo_data_stamp("schema", ["web"], tmp_path)}) == 3


def test_sandbox_keeps_its_port_while_it_is_free(layout: Layout) -> None:
    first = Memory(layout).sandbox_port()
    again = Memory(layout).sandbox_port()
    with socket.create_server(("127.0.0.1", first)):
        taken = Memory(layout).sandbox_port()

    assert again == first
    assert taken != first


def test_port_shared_by_so_reuseport_counts_as_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        while_listening = port_is_free(port)

    assert (while_listening, port_is_free(port)) == (False, True)


def test_private_file_is_whole_and_closed_to_others(layout: Layout) -> None:
    write_json(layout.summary, {"x": 1})
    write_json(layout.summary, {"x": 2})

    assert read_json(layout.summary) == {"x": 2}
    assert layout.summary.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in layout.var.iterdir() if path.is_file()] == ["demo.json"]


def test_broken_memory_is_an_empty_one(layout: Layout) -> None:
    layout.memory.write_text("{half")

    assert Memory(layout).get("schema") == ""


def test_summary_has_every_key(layout: Layout) -> None:
    logins = {name: f"the {name}" for name in FROM_DEMO_DATA}

    content = summary(ADDRESSES, {**logins, "pay_url": "to pay", "more": "is left out"})

    assert content == {
        "web": "http://web",
        **logins,
        "pay_url": "to pay",
        "portal_url": "",
        "stripe_api_base": "stripe",
        "shop_url": "shop",
        "sandbox": "sandbox",
        "database_url_app": "app",
        "database_url_owner": "owner",
        "redis_url": "redis",
    }
    with pytest.raises(StartFailed, match="did not answer with api_key"):
        summary(ADDRESSES, {name: "x" for name in FROM_DEMO_DATA if name != "api_key"})


def test_forget_deletes_what_the_demo_made(layout: Layout) -> None:
    for path in (layout.memory, layout.demo_data, layout.secrets, layout.sandbox_state):
        path.write_text("{}")
    layout.beat_schedule.with_suffix(".db").touch()
    (layout.valkey / "appendonlydir").mkdir(parents=True)
    test_data = layout.var / "test"
    test_data.mkdir()

    forget(layout)
    forget(layout)

    assert sorted(path.name for path in layout.var.iterdir()) == ["log", "static", "test"]


def refusal(layout: Layout, port: int) -> tuple[int, str, str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        env.pop(name, None)
    answer = subprocess.run(
        [sys.executable, "-c", RUN, layout.var, str(port)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    return answer.returncode, answer.stdout, answer.stderr


def test_taken_port_is_one_line(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = refusal(layout, port)

    expected = f"demo: port {port} is in use: stop what listens there or choose --port\n"
    assert answer == (1, "", expected)


def test_second_demo_is_one_line(layout: Layout) -> None:
    lock = Lock(layout.lock).acquire()

    answer = refusal(layout, 1)
    lock.release()

    assert answer == (1, "", "demo: it is running already: stop the other one first\n")


def test_start_removes_what_a_killed_demo_left(layout: Layout) -> None:
    layout.summary.write_text("{}")
    layout.environment.write_text("")

    with socket.create_server(("127.0.0.1", 0)) as other:
        refusal(layout, other.getsockname()[1])

    assert (layout.summary.exists(), layout.environment.exists()) == (False, False)


def test_terminal_notices_that_nobody_reads() -> None:
    code = """
import sys
from core.demo.terminal import Terminal
terminal = Terminal()
sys.stdin.readline()
terminal.line("nobody sees this")
terminal.line("nor this")
sys.stderr.write(str(terminal.is_closed))
"""
    with python(code, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write("go\n")
        process.stdin.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (0, "True")


def test_demo_is_listed_and_does_not_load_django() -> None:
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "manage.py", "demo", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}

    assert answer.stdout.startswith("usage: demo ")
    assert loaded & {"django", "config.settings", "celery"} == set()


def test_wrong_port_is_a_usage_error() -> None:
    answer = subprocess.run(
        [sys.executable, "manage.py", "demo", "--port", "99999"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 2
    assert answer.stderr.endswith("argument --port: '99999' is not a port\n")
    assert answer.stdout == ""
