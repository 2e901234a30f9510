"""Values that break programs, and sensible ones for a schema of OpenAPI."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

Schema = Mapping[str, Any]

DEPTH = 5
DEEP = 3000  # deeper than Python's own stack

TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "a\udfffb", "\u202egnirts\u202c", "\ufeff", "\u200b", "\n\r\t",
    "ﷺ" * 40, "𝕏" * 300, "e\u0301" * 200, "İıßẞ", "٠١٢٣", "²", "½", "Ⅷ", "👩‍👩‍👧‍👦" * 30, "x" * 70_000,
    "'; DROP TABLE core_tenant; --", "{{7*7}}{% now 'Y' %}", "=cmd|' /C calc'!A0", "../../etc/passwd",
    "%00", "%s%n%d", "<script>alert(1)</script>", "\\", "\\u0000", "null", "undefined", "true", "[]",
    "1e400", "-1e400", "1E+1000000", "1e-1000000", "NaN", "Infinity", "-Infinity", "sNaN", "0x10",
    "1_000", "-0", "+1", "1,5", "9" * 5000, "-" + "9" * 400, "2147483648", "9223372036854775808",
    "0000-00-00", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-2-3",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-W01-1",
    "2026-01-01T00:00:00+99:99", "-0001-01-01", "P9999999Y", "99:99", "Europe/Amsterdam\0", "Factory",
    "../../UTC", "UTC", "00000000-0000-0000-0000-000000000000", "{0}", "urn:uuid:0", "a@b", "@", "a@\0b.c",
    "a" * 250 + "@example.com", "http://[::1", "http://127.0.0.1:1/", "https://\0", "javascript:alert(1)",
    "file:///etc/passwd", "EUR\0", "eur", "XXX", "€", "*", "__proto__", "id", "-id", "id,-id", ",", "?", "#",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, -(10**400),
    1.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [{}], [None], {"": ""}, {"a": {"b": {"c": []}}}, {"\0": "\0"},
    ["a"] * 2000, list(range(1500)), {str(number): number for number in range(800)},
    {"$ref": "#/"}, {"__proto__": {"admin": True}}, [[[[[[[[]]]]]]]], {"id": 1, "tenant_id": 2},
)  # fmt: skip
BODIES = (
    b"", b" ", b"{", b"[", b"null", b"true", b'"text"', b"12", b"NaN", b"\xff\xfe\x00", b"\x00",
    b'{"a":1,"a":2}', b'{"title":"a","title":"b","amount_minor":1,"amount_minor":2,"currency":"EUR"}',
    b"[" * DEEP, b"[" * 100_000, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"[" * DEEP + b"]" * DEEP,
    b'{"amount_minor":' + b"9" * 5000 + b"}", b'{"amount_minor":1e999999999}', b'{"a":"\\ud800"}',
    b'{"a":"\xc3\x28"}', b"\xef\xbb\xbf{}", '{"a":"b"}'.encode("utf-16"), '{"a":"b"}'.encode("utf-32"),
    b"a=b&a=c&%00=%ff", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\0.csv\"\r\n\r\n\0\r\n--x--",
    b"--x\r\n\r\n", b"\x1f\x8b\x08\x00broken", b"{'a': 1}", b"{\"a\": 01}", b"// c\n{}",
)  # fmt: skip
TYPES = (
    "application/json", "application/json; charset=utf-16", "application/json; charset=bogus", "text/plain",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7", "application/xml",
    "multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=", "",
    "multipart/form-data; boundary=" + "x" * 300, "application/json;;;=", "*/*", "text/csv", "application/jsonl",
    "application/x-ndjson", "a" * 3000, "application/merge-patch+json", "\xff/\xfe", "APPLICATION/JSON",
)  # fmt: skip
METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get", "X" * 40,
)  # fmt: skip
HEADER_VALUES = (
    "", " ", '""', '"', "*", 'W/"1"', '"1"', '"999999999999999999999"', '"1", "2"', '"\xff"', "\xe9", "x" * 5000,
    "a" * 255, "a" * 256, "null", "0", "-1", "1e9", "q=nan", ";", ",", "bytes=0-", "text/html", "application/xml",
    "*/*;q=nan", "xx-\xff", "nl;q=9", "Bearer", "Bearer .", "Bearer a.b.c", "Api-Key", "Api-Key \xff", "Basic Og==",
    "Wed, 31 Feb 2026 99:99:99 GMT", "gzip", "chunked2", "\x7f", "GET", "evil.example", "true", "[]",
)  # fmt: skip
HEADERS = (
    "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Idempotency-Key", "Accept",
    "Accept-Language", "Accept-Encoding", "Accept-Charset", "Range", "X-Request-ID", "X-HTTP-Method-Override",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Host", "Origin", "Referer",
    "Content-Encoding", "Content-Language", "Cookie", "HX-Request", "HX-Current-URL", "HX-Target", "X-CSRFToken",
    "Sec-Fetch-Site", "Sec-Purpose", "Prefer", "Expect2", "Authorization", "Stripe-Signature", "DNT",
    "traceparent", "baggage",
)  # fmt: skip


def encoded(text: str) -> str:
    """Return a text as a cursor could be: base64 for addresses, without its padding."""
    raw = text.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cursors(dice: Random, own: str) -> str:
    """Return a page cursor that is none, or nearly one."""
    parts: tuple[Any, ...] = (
        *TEXTS[:60],
        own,
        [own],
        ["9999-12-31T23:59:59Z", own],
        [None, None],
        {},
    )
    made = json.dumps(dice.choice(parts))
    return dice.choice((encoded(made), encoded(dice.choice(TEXTS)), dice.choice(TEXTS), made))


@dataclass(frozen=True)
class Maker:
    """Makes values: `known` are ids and codes of ours and of the neighbour's."""

    dice: Random
    known: Sequence[str]
    neighbours: Sequence[str]
    resolve: Callable[[str], Schema]

    def hostile(self) -> Any:
        """Return any value that is wrong nearly everywhere."""
        pools: tuple[Sequence[Any], ...] = (TEXTS, NUMBERS, OTHERS, self.neighbours)
        return self.dice.choice(self.dice.choice(pools))

    def text(self) -> str:
        """Return a hostile value as it could stand in an address or a form."""
        value = self.hostile()
        return value if isinstance(value, str) else json.dumps(value)[:4000]

    def some_id(self) -> str:
        """Return an id of ours, of the neighbour's, or of nobody's."""
        pool = self.dice.choices((self.known, self.neighbours), (3, 1))[0]
        if self.dice.random() < 0.06:
            return str(UUID(int=self.dice.getrandbits(128)))
        return self.dice.choice(pool)

    def sensible(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """Return a value that the schema allows, as far as a schema can tell."""
        if "$ref" in schema:
            return self.sensible(self.resolve(schema["$ref"]), name, depth)
        for word in ("oneOf", "anyOf", "allOf"):
            if schema.get(word):
                return self.sensible(self.dice.choice(schema[word]), name, depth)
        if schema.get("enum"):
            return self.dice.choice(schema["enum"])
        kind = schema.get("type", "string")
        kind = self.dice.choice(kind) if isinstance(kind, list) else kind
        making = {"object": self._object, "array": self._array}.get(kind)
        if making:
            return making(schema, depth)
        return self._scalar(kind, schema, name)

    def _object(self, schema: Schema, depth: int) -> Any:
        if depth > DEPTH:
            return {}
        wanted = set(schema.get("required", ()))
        fields = schema.get("properties", {})
        return {
            name: self.sensible(field, name, depth + 1)
            for name, field in fields.items()
            if not field.get("readOnly") and (name in wanted or self.dice.random() < 0.4)
        }

    def _array(self, schema: Schema, depth: int) -> Any:
        if depth > DEPTH:
            return []
        count = max(int(schema.get("minItems", 0)), self.dice.randrange(3))
        return [self.sensible(schema.get("items", {}), "", depth + 1) for _ in range(count)]

    def _scalar(self, kind: str, schema: Schema, name: str) -> Any:
        if kind == "integer":
            low, high = int(schema.get("minimum", 0)), int(schema.get("maximum", 5000))
            return self.dice.randint(low, max(low, min(high, low + 5000)))
        if kind == "number":
            return self.dice.randrange(1000) / 4
        if kind in {"boolean", "null"}:
            return self.dice.random() < 0.5 if kind == "boolean" else None
        return self._word(schema, name)

    def _word(self, schema: Schema, name: str) -> str:
        day = f"2026-{self.dice.randint(1, 12):02}-{self.dice.randint(1, 28):02}"
        by_format = {
            "uuid": self.some_id, "date": lambda: day, "date-time": lambda: f"{day}T10:00:00Z",
            "email": lambda: f"one{self.dice.randrange(999)}@example.com",
            "uri": lambda: "https://example.com/x", "decimal": lambda: str(self.dice.randrange(500) / 4),
        }  # fmt: skip
        if schema.get("format") in by_format:
            return by_format[schema["format"]]()
        if name == "currency":
            return "EUR"
        if name in {"organization", "meter", "plan", "reference", "code"} or name.endswith("_id"):
            return self.some_id()
        return f"word {self.dice.randrange(10_000)}"[: int(schema.get("maxLength", 40))]

    def spoil(self, value: Any) -> Any:
        """Return the value with one of its parts, at any depth, made hostile."""
        if isinstance(value, dict) and value and self.dice.random() < 0.9:
            name = self.dice.choice(sorted(value))
            chance = self.dice.random()
            if chance < 0.08:
                return {key: one for key, one in value.items() if key != name}
            if chance < 0.16:
                return {**value, self.text()[:200]: self.hostile()}
            return {**value, name: self.spoil(value[name])}
        if isinstance(value, list) and value and self.dice.random() < 0.7:
            place = self.dice.randrange(len(value))
            return [*value[:place], self.spoil(value[place]), *value[place + 1 :]]
        return self.hostile()
