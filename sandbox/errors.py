"""Stripe's error answers, worded and shaped as its API words and shapes them.

Source: Stripe docs, "Errors" and "Error codes".
"""

from typing import Any

DOCS = "https://stripe.com/docs/error-codes/"
LOGS = "https://dashboard.stripe.com/test/logs/"


class StripeError(Exception):
    """An error answer: HTTP status and the fields of the ``error`` object.

    ``keeps_effects`` says that what was written before the error stays, as with a declined card,
    whose failed charge is on record.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps_effects: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps_effects = keeps_effects
        self.headers: dict[str, str] = {}
        given = {"code": code, "param": param, **fields}
        self.fields = {name: value for name, value in given.items() if value is not None}
        self.fields |= {"message": message, "type": kind}

    def body(self, request_id: str, now: int) -> dict[str, Any]:
        """Return the JSON body: one ``error`` object, its keys in alphabetical order."""
        error = {**self.fields, "request_log_url": f"{LOGS}{request_id}?t={now}"}
        if "code" in error:
            error["doc_url"] = DOCS + str(error["code"]).replace("_", "-")
        return {"error": dict(sorted(error.items()))}


def missing_parameter(param: str) -> StripeError:
    """Return the 400 for a required parameter that was not sent."""
    message = f"Missing required param: {param}."
    return StripeError(message, code="parameter_missing", param=param)


def no_such(noun: str, object_id: str, param: str | None = "id", status: int = 404) -> StripeError:
    """Return ``No such customer: 'cus_x'``; 404 in the path, 400 when named by a parameter."""
    message = f"No such {noun}: '{object_id}'"
    return StripeError(message, status=status, code="resource_missing", param=param)


def unrecognized_url(method: str, path: str) -> StripeError:
    """Return the 404 for a path that the API does not have."""
    message = (
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we "
        "can help at https://support.stripe.com/."
    )
    return StripeError(message, status=404)


def conflict(message: str, code: str, **fields: Any) -> StripeError:
    """Return the 400 for an object whose state does not allow the request."""
    return StripeError(message, code=code, **fields)
