"""Events of the last thirty days."""

from typing import Any

from sandbox.books import Json
from sandbox.errors import StripeError, no_such
from sandbox.lists import paginate
from sandbox.routes import Call, operation

KEPT_SECONDS = 30 * 24 * 3600
MOST_TYPES = 20
KIND = "json_extract(body, '$.type')"
UNDELIVERED = (
    "exists (select 1 from deliveries d where d.event = objects.id and not exists (select 1 from "
    "deliveries e where e.event = d.event and e.endpoint = d.endpoint and e.status = 'succeeded'))"
)


@operation("GET", "/v1/events/{id}")
def retrieve_event(call: Call) -> Json:
    """Return an event that is not older than thirty days."""
    event = call.books.get("event", call.id)
    if event["created"] < call.books.now - KEPT_SECONDS:
        raise no_such("event", call.id)
    return event


@operation("GET", "/v1/events")
def list_events(call: Call) -> Json:
    """List events, newest first; ``type`` may end in ``*``, ``types`` names up to twenty."""
    params = call.params
    tests: list[tuple[str, Any]] = []
    if "type" in params and "types" in params:
        message = "You may only specify one of these parameters: type, types."
        raise StripeError(message, code="parameters_exclusive")
    if "type" in params:
        tests.append((f"{KIND} glob ?", params["type"]))
    if "types" in params:
        if len(params["types"]) > MOST_TYPES:
            message = f"You may only specify up to {MOST_TYPES} types."
            raise StripeError(message, param="types")
        tests.append((f"instr(',' || ? || ',', ',' || {KIND} || ',')", ",".join(params["types"])))
    if "delivery_success" in params:
        tests.append((f"(not {UNDELIVERED}) = ?", int(params["delivery_success"])))
    return paginate(call, "event", None, *tests, since=call.books.now - KEPT_SECONDS)
