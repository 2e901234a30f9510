"""What a start remembers for the next one: the sandbox's port, and which work is done."""

import socket
from dataclasses import dataclass

from core.demo.environment import HOST
from core.demo.errors import DemoError
from core.demo.layout import Layout, read_json, write_json


@dataclass(frozen=True)
class Memory:
    """A small JSON file; losing it costs a slower start and nothing else."""

    layout: Layout

    def get(self, name: str) -> str:
        """Return what was noted under `name`, or an empty string."""
        return str(read_json(self.layout.memory).get(name, ""))

    def note(self, name: str, value: str) -> None:
        """Note a value for the next start."""
        write_json(self.layout.memory, {**read_json(self.layout.memory), name: value})

    def sandbox_port(self) -> int:
        """Return the port of last time when it is free, else one that is, and note it."""
        noted = self.get("sandbox_port")
        if noted.isdigit() and port_is_free(int(noted)):
            return int(noted)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        self.note("sandbox_port", str(port))
        return port


def port_is_free(port: int) -> bool:
    """Tell whether nobody listens on a port.

    Asked before the web server is started: it shares a port silently with another of its kind.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise DemoError(f"this user may not listen on port {port}: choose --port") from None
        except OSError:
            return False
    return True
