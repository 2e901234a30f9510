"""Questions to the API: each operation of its own description, more or less wrongly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from chaos.hostile import values
from chaos.hostile.asking import Question

# What of a question is wrong, and how often.
WRONG = {"body": 40, "query": 25, "path": 8, "header": 10, "raw": 7, "type": 4, "method": 3, "": 8}
VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what its description says of it."""

    path: str
    method: str
    parameters: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    own: tuple[str, ...]  # ids that are known to fit into the path


def operations_of(schema: Mapping[str, Any]) -> list[Operation]:
    """Return all operations of an OpenAPI description."""
    found = []
    for path, item in schema["paths"].items():
        for method in VERBS:
            if method in item:
                told = item[method]
                parameters = [*item.get("parameters", ()), *told.get("parameters", ())]
                content = told.get("requestBody", {}).get("content", {})
                body = next((one.get("schema", {}) for one in content.values()), None)
                found.append(Operation(path, method.upper(), parameters, body, ()))
    return found


class Questions:
    """Makes question number N of a seed, the same one each time."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        operations: Sequence[Operation],
        *,
        key: str,
        known: Sequence[str],
        neighbours: Sequence[str],
        seed: int,
    ) -> None:
        self._schema, self._operations, self._key = schema, operations, key
        self._known, self._neighbours, self._seed = known, neighbours, seed

    def resolve(self, reference: str) -> Mapping[str, Any]:
        """Return what a `$ref` points at."""
        found: Any = self._schema
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found if isinstance(found, dict) else {}

    def question(self, number: int) -> Question:
        """Return a question: each operation has its turn, and one or two things are wrong."""
        dice = Random(f"{self._seed}:api:{number}")
        asked = self._operations[number % len(self._operations)]
        known = asked.own if asked.own and dice.random() < 0.8 else self._known
        maker = values.Maker(dice, known, self._neighbours, self.resolve)
        wrong = set(dice.choices(list(WRONG), list(WRONG.values()), k=dice.choice((1, 1, 2))))
        headers = self._headers(maker, wrong)
        body = self._body(asked, maker, wrong, headers)
        method = dice.choice(values.METHODS) if "method" in wrong else asked.method
        target = _path(asked, maker, "path" in wrong) + self._query(asked, maker, "query" in wrong)
        return Question(number, f"{asked.method} {asked.path}", method, target, headers, body)

    def _headers(self, maker: values.Maker, wrong: set[str]) -> dict[str, str]:
        dice = maker.dice
        headers = {"Authorization": f"Api-Key {self._key}"}
        if dice.random() < 0.3:
            headers["Idempotency-Key"] = f"fuzz-{dice.randrange(400)}"
        if dice.random() < 0.3:
            headers["If-Match"] = dice.choice(('"1"', '"2"', "*"))
        if "header" in wrong:
            for name in dice.sample(values.HEADERS, dice.choice((1, 1, 2, 4))):
                headers[name] = dice.choice(values.HEADER_VALUES)
        return headers

    def _body(
        self, asked: Operation, maker: values.Maker, wrong: set[str], headers: dict[str, str]
    ) -> bytes | None:
        dice = maker.dice
        if asked.body is None and not wrong & {"raw", "type"}:
            return None
        headers["Content-Type"] = (
            dice.choice(values.TYPES) if "type" in wrong else "application/json"
        )
        if "raw" in wrong:
            return dice.choice(values.BODIES)
        value = maker.sensible(asked.body or {"type": "object"})
        if "body" in wrong:
            for _ in range(dice.choice((1, 1, 2, 3))):
                value = maker.spoil(value)
        return json.dumps(value).encode()

    def _query(self, asked: Operation, maker: values.Maker, is_wrong: bool) -> str:
        dice = maker.dice
        declared = [one for one in asked.parameters if one.get("in") == "query"]
        chosen = [one for one in declared if is_wrong or one.get("required") or dice.random() < 0.3]
        pairs = [
            (one["name"], str(maker.sensible(one.get("schema", {}), one["name"]))) for one in chosen
        ]
        if is_wrong:
            names = [one["name"] for one in declared] or ["limit", "cursor", "format"]
            for _ in range(dice.choice((1, 1, 2))):
                name = dice.choice([*names, "cursor", "limit", maker.text()[:50]])
                pairs = [pair for pair in pairs if pair[0] != name or dice.random() < 0.1]
                is_cursor = name == "cursor" and dice.random() < 0.7
                own = maker.some_id()
                pairs.append((name, values.cursors(dice, own) if is_cursor else maker.text()))
        return f"?{_encoded(pairs)}" if pairs else ""


def _encoded(pairs: list[tuple[str, str]]) -> str:
    """Return a query; halves of surrogates and all else that UTF-8 lacks go as they are."""
    raw = [(one.encode("utf-8", "surrogatepass"), two.encode("utf-8", "surrogatepass")[:6000])
           for one, two in pairs]  # fmt: skip
    return urlencode(raw)


def _path(asked: Operation, maker: values.Maker, is_wrong: bool) -> str:
    path = asked.path
    for one in asked.parameters:
        if one.get("in") == "path":
            value = maker.text() if is_wrong else _fitting(one, maker)
            raw = value.encode("utf-8", "surrogatepass")[:2000]
            path = path.replace(f"{{{one['name']}}}", quote(raw, safe="") or "%20")
    return path


def _fitting(parameter: Mapping[str, Any], maker: values.Maker) -> str:
    schema = parameter.get("schema", {})
    if schema.get("type") == "integer":
        return str(maker.dice.choice((1, 2, 3, 1001, 1002)))
    return maker.some_id()
