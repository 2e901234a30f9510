"""Where the demo keeps its files: all below `var/`, which git ignores."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.demo.errors import DemoError

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """The paths of one demo."""

    var: Path = PROJECT / "var"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.var / "demo.lock"

    @property
    def summary(self) -> Path:
        """Addresses and logins for scripts, there only while the demo is ready."""
        return self.var / "demo.json"

    @property
    def environment(self) -> Path:
        """The environment for management commands that talk to the demo."""
        return self.var / "demo.env"

    @property
    def secrets(self) -> Path:
        """Keys made once."""
        return self.var / "demo-secrets.json"

    @property
    def memory(self) -> Path:
        """What the last start did: ports, and stamps of work that need not be done again."""
        return self.var / "demo-memory.json"

    @property
    def demo_data(self) -> Path:
        """What `demo_data` answered: logins, API key, webhook address."""
        return self.var / "demo-data.json"

    @property
    def sandbox_state(self) -> Path:
        """The sandbox's objects."""
        return self.var / "sandbox.sqlite3"

    @property
    def postgres(self) -> Path:
        """Home of the PostgreSQL launcher."""
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        """Home of the Valkey launcher."""
        return self.var / "valkey"

    @property
    def beat_schedule(self) -> Path:
        """Where beat notes what it sent last."""
        return self.var / "celerybeat-schedule"

    def log(self, name: str) -> Path:
        """Return the log file of a part."""
        return self.var / "log" / f"{name}.log"

    def prepare(self) -> None:
        """Make the directories, or raise DemoError when this user may not."""
        try:
            for directory in (self.var, self.var / "log", self.var / "static"):
                directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"cannot write to {self.var}: {error.strerror}") from None
        if not os.access(self.var, os.W_OK):
            raise DemoError(f"cannot write to {self.var}: it belongs to another user")


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except PermissionError:
        raise DemoError(f"cannot write {path}: it belongs to another user") from None
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a 0600 JSON file whole or not at all."""
    write_private(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file; an empty one when the file is missing or broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError:
        raise DemoError(f"cannot read {path}: it belongs to another user") from None
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
