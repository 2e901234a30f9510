"""Read request parameters by the spec: types, enums, lengths, unknown and missing names."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.errors import StripeError, missing_parameter
from sandbox.forms import bracketed
from sandbox.money import check_currency
from sandbox.spec.document import Schema

Path = tuple[str, ...]
INDEX = re.compile(r"[0-9]{1,6}")
MAX_KEYS, MAX_KEY, MAX_VALUE = 50, 40, 500


def _invalid(kind: str, value: Any, path: Path, code: str | None = None) -> StripeError:
    shown = value if isinstance(value, str) else "{...}"
    return StripeError(f"Invalid {kind}: {shown}", code=code, param=bracketed(path))


def _empty(path: Path) -> StripeError:
    name = bracketed(path)
    message = (
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{name}' cannot be unset. You should remove '{name}' from your "
        "request or supply a non-empty value."
    )
    return StripeError(message, code="parameter_invalid_empty", param=name)


def _integer(value: Any, schema: Schema, path: Path) -> int:
    text = value if isinstance(value, str) else "{...}"
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise _invalid("integer", value, path, "parameter_invalid_integer")
    return int(text)


def _number(value: Any, schema: Schema, path: Path) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _invalid("decimal", value, path) from None


def _boolean(value: Any, schema: Schema, path: Path) -> bool:
    if value not in ("true", "false"):
        raise _invalid("boolean", value, path)
    return bool(value == "true")


def _one_of(options: list[str]) -> str:
    shown = [option for option in options if option]
    if len(shown) < 3:
        return " or ".join(shown)
    return ", ".join(shown[:-1]) + f", or {shown[-1]}"


def _string(value: Any, schema: Schema, path: Path) -> str:
    if not isinstance(value, str):
        raise _invalid("string", value, path)
    name = bracketed(path)
    options = schema.get("enum")
    if options is not None and value not in options:
        raise StripeError(f"Invalid {name}: must be one of {_one_of(options)}", param=name)
    if value == "" and options is None:
        raise _empty(path)
    limit = schema.get("maxLength")
    if limit is not None and len(value) > limit:
        message = f"Invalid string: {value[:20]}...; must be at most {limit} characters"
        raise StripeError(message, param=name)
    return check_currency(value, name) if schema.get("format") == "currency" else value


def _array(value: Any, schema: Schema, path: Path) -> list[Any]:
    if not isinstance(value, dict) or not all(INDEX.fullmatch(key) for key in value):
        raise _invalid("array", value, path)
    ordered = sorted(value.items(), key=lambda item: int(item[0]))
    return [_value(item, schema["items"], (*path, key)) for key, item in ordered]


def _map(value: dict[str, Any], schema: Schema, path: Path) -> dict[str, Any]:
    if schema["additionalProperties"] == {"type": "string"}:
        return _metadata(value, path)
    child = schema["additionalProperties"]
    return {key: _value(item, child, (*path, key)) for key, item in value.items()}


def _metadata(value: dict[str, Any], path: Path) -> dict[str, str]:
    """Check Stripe's limits on metadata: 50 keys of 40 characters, values of 500."""
    if len(value) > MAX_KEYS:
        message = f"You can only specify up to {MAX_KEYS} metadata keys."
        raise StripeError(message, param=bracketed(path))
    for key, text in value.items():
        name = bracketed((*path, key))
        if not isinstance(text, str):
            raise _invalid("string", text, (*path, key))
        if len(key) > MAX_KEY:
            message = f"Metadata keys must be at most {MAX_KEY} characters; '{key}' is too long."
            raise StripeError(message, param=name)
        if len(text) > MAX_VALUE:
            message = f"Metadata values can have up to {MAX_VALUE} characters, but you passed in "
            raise StripeError(f"{message}a value that is {len(text)} characters.", param=name)
    return value


def _object(value: Any, schema: Schema, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid("object", value, path)
    if "properties" not in schema:
        return _map(value, schema, path) if schema.get("additionalProperties") else value
    return _fields(value, schema, path)


READERS: dict[str, Callable[[Any, Schema, Path], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
    "array": _array,
    "object": _object,
}


def _fits(value: Any, option: Schema) -> bool:
    kind = option.get("type")
    if isinstance(value, dict):
        known = option.get("properties")
        is_known = known is None or value.keys() <= known.keys()
        return is_known if kind == "object" else kind == "array" and "0" in value
    if "enum" in option:
        return value in option["enum"]
    return kind not in ("array", "object") and value != ""


def _branch(value: Any, options: list[Schema]) -> Schema:
    """Pick the alternative that the value's form fits; the first one when none does."""
    return next((option for option in options if _fits(value, option)), options[0])


def _value(value: Any, schema: Schema, path: Path) -> Any:
    if "anyOf" in schema:
        schema = _branch(value, schema["anyOf"])
    return READERS[schema["type"]](value, schema, path)


def _fields(value: dict[str, Any], schema: Schema, path: Path) -> dict[str, Any]:
    properties = schema.get("properties", {})
    unknown = [bracketed((*path, name)) for name in value if name not in properties]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
        raise StripeError(message, code="parameter_unknown", param=unknown[0])
    for name in schema.get("required", ()):
        if name not in value:
            raise missing_parameter(bracketed((*path, name)))
    return {name: _value(item, properties[name], (*path, name)) for name, item in value.items()}


def read(raw: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the typed parameters of a decoded form or query.

    Raises StripeError (400) with Stripe's words, code and ``param`` for the first one that the
    spec does not allow.
    """
    return _fields(raw, schema, ())
