"""Decode the bracketed form encoding of Stripe's requests: ``a[b][0][c]=x``."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.errors import StripeError

PART = re.compile(r"\[([^\]]*)\]")


def _parts(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not head or (bracket and PART.sub("", bracket + rest)):
        raise StripeError(f"Invalid parameter name: {name}", param=name)
    return [head, *PART.findall(bracket + rest)]


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return nested dicts of strings; list items are keyed by their index.

    ``a[]=x`` takes the next free index. Raises StripeError for unbalanced brackets and for a
    name used both as a value and as a parent.
    """
    decoded: dict[str, Any] = {}
    for name, value in pairs:
        parts = _parts(name)
        node = decoded
        for part in parts[:-1]:
            node = node.setdefault(part or str(len(node)), {})
            if not isinstance(node, dict):
                raise StripeError(f"Invalid parameter name: {name}", param=parts[0])
        node[parts[-1] or str(len(node))] = value
    return decoded


def bracketed(path: tuple[str, ...]) -> str:
    """Return a parameter's name as Stripe's errors give it: ``line_items[0][price]``."""
    return path[0] + "".join(f"[{part}]" for part in path[1:])
