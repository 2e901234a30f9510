"""Cut Stripe's OpenAPI file down to what the sandbox needs.

``python -m sandbox.spec.cut SPEC3_JSON`` writes the subset beside this file: the operations of
``operations.py``, every schema they reach, no descriptions. The same input gives the same bytes.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.spec.document import SUBSET, target
from sandbox.spec.operations import OPERATIONS

DROPPED = {"description", "title", "x-stripeBypassValidation", "x-expansionResources"}


def strip(node: Any) -> Any:
    """Copy a schema without prose and vendor hints; property names are left alone."""
    if isinstance(node, list):
        return [strip(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {}
    for key, value in node.items():
        if key == "properties":
            kept[key] = {name: strip(schema) for name, schema in value.items()}
        elif key not in DROPPED:
            kept[key] = strip(value)
    return kept


def references(node: Any) -> Iterator[str]:
    """Yield the names of the schemas that a node points to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield target(value)
            else:
                yield from references(value)


def reachable(schemas: dict[str, Any], start: set[str]) -> dict[str, Any]:
    """Return the schemas that can be reached from the given names, stripped."""
    found: dict[str, Any] = {}
    waiting = sorted(start)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = strip(schemas[name])
            waiting.extend(references(found[name]))
    return dict(sorted(found.items()))


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """Return the subset as an OpenAPI document of its own.

    Raises KeyError when an operation of the list is not in the document.
    """
    paths: dict[str, dict[str, Any]] = {}
    for method, path in OPERATIONS:
        operation = strip(document["paths"][path][method.lower()])
        paths.setdefault(path, {})[method.lower()] = operation
    schemas = reachable(document["components"]["schemas"], set(references(paths)))
    info = {key: document["info"][key] for key in ("title", "version")}
    return {
        "openapi": document["openapi"],
        "info": info,
        "paths": paths,
        "components": {"schemas": schemas},
    }


def main() -> None:
    """Read the official file named on the command line and write the subset."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.spec.cut", description=__doc__)
    parser.add_argument("spec3_json", type=Path, help="Stripe's openapi/spec3.json")
    source = parser.parse_args().spec3_json
    subset = cut(json.loads(source.read_text()))
    packed = json.dumps(subset, separators=(",", ":"), sort_keys=True).encode()
    SUBSET.write_bytes(gzip.compress(packed, mtime=0))
    sys.stdout.write(f"{SUBSET.name}: {len(packed)} bytes, {SUBSET.stat().st_size} packed\n")


if __name__ == "__main__":
    main()
