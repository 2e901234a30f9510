"""Webhook endpoints. The signing secret is shown once, in the answer that creates one."""

from urllib.parse import urlsplit

from sandbox import ids
from sandbox.books import Json
from sandbox.errors import StripeError
from sandbox.lists import paginate
from sandbox.metadata import apply, merge
from sandbox.routes import Call, operation
from sandbox.spec.objects import build


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        message = "Invalid URL: An explicit scheme (such as https) must be provided."
        raise StripeError(message, param="url")


@operation("POST", "/v1/webhook_endpoints")
def create_webhook_endpoint(call: Call) -> Json:
    """Create an endpoint; loopback addresses and plain http are welcome here."""
    params, books = call.params, call.books
    _check_url(params["url"])
    body = build(
        "webhook_endpoint",
        id=ids.new("we"),
        api_version=params.get("api_version"),
        created=books.now,
        description=params.get("description") or None,
        enabled_events=params["enabled_events"],
        metadata=merge(None, params.get("metadata")),
        status="enabled",
        url=params["url"],
    )
    secret = ids.new("whsec")
    books.add(body, secret=secret, connect=params.get("connect", False))
    return {**body, "secret": secret}


@operation("GET", "/v1/webhook_endpoints/{webhook_endpoint}")
def retrieve_webhook_endpoint(call: Call) -> Json:
    """Return an endpoint, without its secret."""
    return call.books.get("webhook_endpoint", call.id)


@operation("POST", "/v1/webhook_endpoints/{webhook_endpoint}")
def update_webhook_endpoint(call: Call) -> Json:
    """Change an endpoint; ``disabled`` stops and starts its deliveries."""
    before = call.books.get("webhook_endpoint", call.id)
    if "url" in call.params:
        _check_url(call.params["url"])
    after = apply(before, call.params, "description", "enabled_events", "url")
    if "disabled" in call.params:
        after["status"] = "disabled" if call.params["disabled"] else "enabled"
    return call.books.save(after)


@operation("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}")
def delete_webhook_endpoint(call: Call) -> Json:
    """Delete an endpoint; what waits for it is not sent."""
    before = call.books.get("webhook_endpoint", call.id)
    stub = build("deleted_webhook_endpoint", id=before["id"], deleted=True)
    call.books.mark_deleted(stub)
    return stub


@operation("GET", "/v1/webhook_endpoints")
def list_webhook_endpoints(call: Call) -> Json:
    """List endpoints, newest first."""
    return paginate(call, "webhook_endpoint")
