"""Build objects whose shape is the spec's: every required and nullable property is there."""

import functools
from typing import Any

from sandbox.spec.document import Schema, schemas, target


class UnknownProperty(KeyError):
    """A value was given for a property that the schema does not have."""


def _empty_list(schema: Schema) -> dict[str, Any]:
    url = schema["properties"]["url"]
    return {"object": "list", "data": [], "has_more": False, "url": url.get("pattern", "/")}


def _blank(schema: Schema) -> Any:
    """Return the emptiest value that a required property of this schema may have."""
    if "$ref" in schema:
        return _template(target(schema["$ref"]))
    if "anyOf" in schema:
        return _blank(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return _empty_list(schema) if "has_more" in properties else _properties(schema)
    return {"array": [], "boolean": False, "integer": 0, "number": 0}.get(schema["type"], "")


def _properties(schema: Schema) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    filled: dict[str, Any] = {}
    for name, child in schema.get("properties", {}).items():
        if child.get("nullable"):
            filled[name] = None
        elif name in required:
            filled[name] = _blank(child)
    return filled


@functools.cache
def _template(name: str) -> dict[str, Any]:
    return _properties(schemas()[name])


def _copied(node: Any) -> Any:
    """Copy plain JSON: several times faster than ``copy.deepcopy``, on every object made."""
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(item) for item in node] if isinstance(node, list) else node


def build(name: str, /, **values: Any) -> dict[str, Any]:
    """Return an object of the named schema: the given values, null or blank for the others.

    Optional properties that may not be null are left out unless given. Raises UnknownProperty
    for a value that the schema has no property for.
    """
    unknown = values.keys() - schemas()[name]["properties"].keys()
    if unknown:
        raise UnknownProperty(f"{name}: {', '.join(sorted(unknown))}")
    return {**_copied(_template(name)), **values}
