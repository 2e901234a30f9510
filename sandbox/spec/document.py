"""Read the spec subset and give its operations as plain schemas."""

import functools
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

SUBSET = Path(__file__).with_name("stripe-2026-08-26.json.gz")
API_VERSION = "2026-08-26.dahlia"
FORM = "application/x-www-form-urlencoded"
REFERENCE = "#/components/schemas/"


def target(reference: str) -> str:
    """Return the schema name that a ``$ref`` points to."""
    return reference.removeprefix(REFERENCE)


@dataclass(frozen=True)
class Operation:
    """One method and path: the schema of its parameters and of its answer."""

    method: str
    path: str
    parameters: Schema
    answer: Schema

    @property
    def name(self) -> str:
        """The operation as fault rules and the request log write it: ``POST /v1/customers``."""
        return f"{self.method} {self.path}"


@functools.cache
def load() -> dict[str, Any]:
    """Return the subset document; read once a process."""
    document: dict[str, Any] = json.loads(gzip.decompress(SUBSET.read_bytes()))
    return document


def schemas() -> dict[str, Schema]:
    """Return the named schemas of the subset."""
    found: dict[str, Schema] = load()["components"]["schemas"]
    return found


def _query_schema(parameters: list[dict[str, Any]]) -> Schema:
    query = [parameter for parameter in parameters if parameter["in"] == "query"]
    return {
        "type": "object",
        "properties": {parameter["name"]: parameter["schema"] for parameter in query},
        "required": [parameter["name"] for parameter in query if parameter.get("required")],
        "additionalProperties": False,
    }


@functools.cache
def operations() -> dict[tuple[str, str], Operation]:
    """Return every operation of the subset by method and path."""
    found = {}
    for path, methods in load()["paths"].items():
        for method, raw in methods.items():
            query = _query_schema(raw.get("parameters", []))
            body = raw.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
            verb = method.upper()
            parameters = body if verb == "POST" else query
            answer = raw["responses"]["200"]["content"]["application/json"]["schema"]
            found[verb, path] = Operation(verb, path, parameters, answer)
    return found


@functools.cache
def resources() -> dict[str, Schema]:
    """Return the schema of each kind of object, by the value of its ``object`` field."""
    found = {}
    for name, schema in schemas().items():
        kind = schema.get("x-resourceId")
        if kind and not name.startswith("deleted_"):
            found[kind] = schema
    return found
