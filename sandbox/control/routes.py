"""Find the function of a control request, and read and write its JSON."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.books import Json
from sandbox.errors import StripeError
from sandbox.state import Sandbox

PREFIX = "/_sandbox"


class ControlError(Exception):
    """A control request that cannot be carried out: HTTP status and reason."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Command:
    """One control request: its JSON body (an empty object without one) and the id in its path."""

    sandbox: Sandbox
    body: Any
    id: str

    def read(self, **fields: type | tuple[type, ...]) -> Json:
        """Return the body's fields after checking names and types.

        Raises ControlError for a body that is no object, an unknown field or a wrong type.
        """
        if not isinstance(self.body, dict):
            raise ControlError("the body must be a JSON object")
        unknown = self.body.keys() - fields.keys()
        if unknown:
            raise ControlError(f"unknown field: {', '.join(sorted(unknown))}")
        for name, value in self.body.items():
            expected = fields[name]
            is_wrong_bool = isinstance(value, bool) and expected is not bool
            if not isinstance(value, expected) or is_wrong_bool:
                raise ControlError(f"{name} has the wrong type")
        return dict(self.body)


Action = Callable[[Command], Any]
ACTIONS: list[tuple[str, re.Pattern[str], Action]] = []


def control(method: str, path: str) -> Callable[[Action], Action]:
    """Register the function below; ``{id}`` in the path stands for an object's id."""
    pattern = re.compile(PREFIX + path.replace("{id}", "(?P<id>[A-Za-z0-9_]+)"))

    def register(action: Action) -> Action:
        ACTIONS.append((method, pattern, action))
        return action

    return register


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, indent=2) + "\n", status, mimetype="application/json")


def _body(request: Request) -> Any:
    raw = request.get_data()
    if not raw:
        return {}
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ControlError("the body is not JSON") from None


def _find(request: Request) -> tuple[Action, str]:
    path = request.path.rstrip("/")
    matches = [
        (method, action, match.groupdict().get("id", ""))
        for method, pattern, action in ACTIONS
        if (match := pattern.fullmatch(path))
    ]
    for method, action, object_id in matches:
        if method == request.method:
            return action, object_id
    if matches:
        raise ControlError("method not allowed", 405)
    raise ControlError("no such control", 404)


def answer(sandbox: Sandbox, request: Request) -> Response:
    """Carry out a control request and answer in JSON; errors are ``{"error": reason}``."""
    try:
        action, object_id = _find(request)
        return _json(action(Command(sandbox, _body(request), object_id)))
    except ControlError as error:
        return _json({"error": str(error)}, error.status)
    except StripeError as error:
        return _json({"error": str(error)}, error.status)
