"""Check requests and answers against the spec with JSON Schema.

OpenAPI's ``nullable`` becomes a null alternative, and an object of a request may have no
properties that the spec does not name.
"""

import functools
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from sandbox.spec.document import Operation, Schema, operations, schemas

URI = "spec:"
KEPT = ("type", "enum", "required", "maxLength", "pattern")
NESTED = ("anyOf", "oneOf", "items", "additionalProperties")


def to_json_schema(node: Any, *, closed: bool = False) -> Any:
    """Turn an OpenAPI 3.0 schema into JSON Schema; ``closed`` forbids unnamed properties."""
    if isinstance(node, list):
        return [to_json_schema(item, closed=closed) for item in node]
    if not isinstance(node, dict):
        return node
    turned: Schema = {key: node[key] for key in KEPT if key in node}
    turned |= {key: to_json_schema(node[key], closed=closed) for key in NESTED if key in node}
    if "$ref" in node:
        turned["$ref"] = URI + node["$ref"]
    if "properties" in node:
        children = node["properties"].items()
        turned["properties"] = {n: to_json_schema(s, closed=closed) for n, s in children}
    if closed and "properties" in turned:
        turned["additionalProperties"] = False
    return {"anyOf": [turned, {"type": "null"}]} if node.get("nullable") else turned


@functools.cache
def _registry() -> Registry[Any]:
    turned = {name: to_json_schema(schema) for name, schema in schemas().items()}
    resource = DRAFT202012.create_resource({"components": {"schemas": turned}})
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    return registry


@functools.lru_cache(maxsize=512)
def _validator(method: str, path: str, part: str) -> Draft202012Validator:
    found = operations()[method, path]
    schema = found.parameters if part == "parameters" else found.answer
    turned = to_json_schema(schema, closed=part == "parameters")
    return Draft202012Validator(turned, registry=_registry())


def violation(operation: Operation, part: str, value: Any) -> str | None:
    """Return the worst breach of the spec in ``parameters`` or ``answer``, or None."""
    errors = _validator(operation.method, operation.path, part).iter_errors(value)
    worst = best_match(errors)
    if worst is None:
        return None
    return f"{operation.name} {part}: {worst.json_path}: {worst.message[:300]}"
