"""A PostgreSQL server of our own: no root, no TCP port, no trace outside its directory."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from core.demo.errors import DemoError, StartFailed
from core.demo.places import data_place, socket_place, tag
from core.demo.postgres_programs import find_programs, major_version, reachable
from core.demo.processes import (
    end_child,
    end_strays,
    plain_environment,
    service_account,
    spawn,
)
from core.demo.server import STOP_SECONDS, LocalServer

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "roles.sql"
SUPERUSER = "postgres"
OWNER = "taproom_owner"
APP = "taproom_app"
DATABASE = "taproom"

START_SECONDS = 60.0
FAST_SHUTDOWN = (signal.SIGINT, signal.SIGQUIT)
# Rows of a throw-away server need not survive a power cut.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class LocalPostgres(LocalServer):
    """A PostgreSQL in `home`; as root it runs as another user, with files in /var/tmp.

    `with LocalPostgres(home=...) as postgres` starts it, makes the roles and the database, and
    stops it.
    """

    name = "PostgreSQL"
    start_seconds = START_SECONDS
    end_signals = FAST_SHUTDOWN

    def __init__(
        self,
        *,
        home: Path,
        log: Path | None = None,
        durable: bool = True,
        options: dict[str, str] | None = None,
    ) -> None:
        super().__init__(home, log or home.absolute() / "postgres.log")
        self._options = {**({} if durable else FORGETFUL), **(options or {})}
        self._account = service_account()
        self._place = data_place(self.home, self._account)
        self._socket = socket_place(self.home, self._account)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._place / "data"

    def url(self, database: str = DATABASE, role: str = APP) -> str:
        """Return the address of a database as `role`; the socket directory is the only way in."""
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket), safe='/')}"

    def _prepare(self) -> None:
        self.create_database()

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the server; makes the cluster when there is none."""
        self._make_private(self._account, self._place, self._socket)
        programs = reachable(find_programs(), self._place, self._account)
        self._end_strays()
        self._drop_leftovers()
        self._check_version(programs)
        self._initialise(programs)
        self._remove_pid_files()
        return self._spawn(
            [programs / "postgres", "-D", self.data, "-k", self._socket, *self._settings()]
        )

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "cluster_name": tag(self.home),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "200",
            **self._options,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _spawn(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        return spawn(
            command,
            log=self.log,
            cwd=self._place,
            env=plain_environment(),
            death_signal=signal.SIGINT,  # the server's word for "end now, but tidily"
            account=self._account,
        )

    def _end_strays(self) -> None:
        """End a server that a killed owner left: its pid file may name anybody's process by now.

        The postmaster comes first and ends its own sessions; a signal of ours to one of them would
        look like a crash to it. Sessions outlive a killed postmaster for a moment, and only its pid
        file, which is about to go, would keep a new one from starting beside them; they carry the
        cluster's name.
        """
        title = f"postgres: {tag(self.home)}: "

        def is_postmaster(words: list[str]) -> bool:
            return words[0].endswith("/postgres") and str(self.data) in words

        def is_session(words: list[str]) -> bool:
            return " ".join(words).startswith(title)

        for is_ours in (is_postmaster, is_session):
            end_strays(is_ours, FAST_SHUTDOWN, seconds=STOP_SECONDS)

    def _remove_pid_files(self) -> None:
        """Nobody uses the data any more; a process with a number in them would stop the start."""
        for stale in (self.data / "postmaster.pid", self._socket / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)

    def _check_version(self, programs: Path) -> None:
        made_by = self.data / "PG_VERSION"
        if not made_by.exists():
            return
        was, now = made_by.read_text().strip(), major_version(programs)
        if was != now:
            raise DemoError(f"{self.data} was made by PostgreSQL {was}, {programs} holds {now}")

    def _drop_leftovers(self) -> None:
        """Delete data far from home whose home was deleted: the keys to it went with that."""
        if self._place != self.home and self.data.exists() and not self._signature.exists():
            shutil.rmtree(self.data)

    @property
    def _signature(self) -> Path:
        """The file in `home` that says that the data is its own."""
        return self.home / "data-is-far"

    def _initialise(self, programs: Path) -> None:
        """Make the cluster under another name first, so that an interrupted one is never used."""
        if self.data.exists():
            return
        unfinished = self._place / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        command: list[str | Path] = [programs / "initdb", "-D", unfinished, "-U", SUPERUSER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        child = self._spawn(command)
        try:
            code = child.wait(START_SECONDS)
        except BaseException:
            end_child(child, (signal.SIGTERM,), seconds=STOP_SECONDS)
            raise
        if code != 0:
            raise StartFailed(f"initdb ended with {code}, see {self.log}")
        if self._place != self.home:
            self._signature.write_text(f"{self.data}\n")
        unfinished.rename(self.data)

    def _answers(self) -> bool:
        """Tell it by the line that the server writes into its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def create_database(self, name: str = DATABASE) -> None:
        """Make the roles, and the database with their privileges; safe to repeat."""
        roles = ROLES.read_bytes()
        with psycopg.connect(self.url("postgres", SUPERUSER), autocommit=True) as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(self.url(name, SUPERUSER)) as connection:
            connection.execute(roles)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it; one that is not there is fine."""
        with psycopg.connect(self.url("postgres", SUPERUSER), autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

    def system_identifier(self) -> int:
        """Return the number that initdb gave this cluster: the first eight bytes of pg_control."""
        control = (self.data / "global" / "pg_control").read_bytes()
        return int.from_bytes(control[:8], sys.byteorder)
