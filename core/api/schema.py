"""The OpenAPI description: what is true of all endpoints is added here, once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from core import scopes
from core.api.problems import MEDIA_TYPE
from core.api.serializers import StrictFields

_METHODS = ("get", "post", "put", "patch", "delete")


class TaproomSchema(AutoSchema):
    """Adds an endpoint's summary, its scope and the headers that its view takes."""

    def get_summary(self) -> str | None:
        """Return the first words of the docstring, up to what they are explained by."""
        first, _, _ = super().get_description().partition("\n")
        return first.partition(";")[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Return the docstring and the scope that is needed."""
        text = super().get_description() or ""
        needed = getattr(self.view, "required_scopes", {}).get(self.method)
        return f"{text}\n\nNeeds the scope `{needed}`.".strip() if needed else text

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """Say of bodies that are read strictly that they hold no other names."""
        schema: dict[str, Any] = super()._map_basic_serializer(  # type: ignore[no-untyped-call]
            serializer, direction
        )
        if isinstance(serializer, StrictFields):
            schema["additionalProperties"] = False
        return schema

    def get_override_parameters(self) -> list[Any]:
        """Return the headers beside path and query."""
        needed = getattr(self.view, "idempotency", "") if self.method == "POST" else ""
        return [_idempotency_key(is_required=needed == "required")] if needed else []


def _idempotency_key(*, is_required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        name="Idempotency-Key",
        type={
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
        location=OpenApiParameter.HEADER,
        required=is_required,
        description=(
            "A name of your own for this request, such as a UUID. Repeated within 24 hours with "
            "the same body it gives the stored answer (`Idempotent-Replayed: true`); with another "
            "body 422; while the first one runs 409. Refused requests do not use their key up."
        ),
    )


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes bearer tokens."""

    target_class = "core.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "For people: the `access` token of /api/token/. A platform operator "
            "adds `Taproom-Tenant: <id or slug>`.",
        }


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes API keys."""

    target_class = "core.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the scheme, with what keys may be allowed to do."""
        words = "\n".join(f"- `{scope.name}`: {scope.words}" for scope in scopes.known())
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"For programs: `Api-Key tap_...`. A key holds scopes:\n\n{words}",
        }


def add_problem_answers(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Give each operation the problems it may answer with (a drf-spectacular hook)."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["responses"] = {name: _response(*shown) for name, shown in _ANSWERS.items()}
    for path, item in result.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                _add(item[method], path, method)
    return result


def _add(operation: dict[str, Any], path: str, method: str) -> None:
    is_open = {} in operation.get("security", [{}]) or not operation.get("security")
    statuses = {"400": True, "401": True, "403": not is_open, "404": "{" in path, "409": False}
    statuses |= {"409": method != "get" and not is_open, "412": method in {"patch", "put"}}
    statuses |= {"415": "requestBody" in operation, "413": "requestBody" in operation}
    headers = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
    statuses |= {"422": "Idempotency-Key" in headers, "429": True, "500": True}
    for status, is_possible in statuses.items():
        if is_possible:
            reference = {"$ref": f"#/components/responses/{status}"}
            operation["responses"].setdefault(status, reference)


def _response(code: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-code": code,
    }


_ANSWERS = {
    "400": ("invalid_input", "The input breaks a rule; `errors` points at each mistake."),
    "401": ("not_authenticated", "Credentials are missing, unknown, expired or revoked."),
    "403": ("scope_missing", "The caller may not do this."),
    "404": ("not_found", "There is nothing here, or it belongs to another tenant."),
    "409": ("conflict", "The row's state does not allow this, or a repetition runs already."),
    "412": ("changed_meanwhile", "`If-Match` names an older version."),
    "413": ("too_large", "The body is larger than allowed."),
    "415": ("unsupported_media_type", "The body is not application/json in UTF-8."),
    "422": ("key_used_otherwise", "The Idempotency-Key answered another request."),
    "429": ("too_many_requests", "Too many requests; `Retry-After` says how long to wait."),
    "500": ("internal_error", "Something failed on our side; nothing was kept."),
}

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Programs branch on `code`, people read `title` and `detail`.",
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body."},
                    "parameter": {"type": "string", "description": "Which query parameter."},
                    "header": {"type": "string", "description": "Which header."},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
    "example": {
        "type": "urn:taproom:problem:invalid_input",
        "title": "Invalid input",
        "status": 400,
        "detail": "Give a whole number, without quotes.",
        "instance": "/api/links/",
        "code": "invalid_input",
        "errors": [
            {
                "pointer": "#/amount_minor",
                "detail": "Give a whole number, without quotes.",
                "code": "wrong_type",
            }
        ],
        "request_id": "0f0e0d0c-0b0a-4908-8706-050403020100",
    },
}
