"""The address at which Stripe delivers its events."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.gateway import BadSignature
from payments.operations.events import (
    LARGEST_BODY,
    NoWebhookSecret,
    UnknownWebhook,
    UnreadableEvent,
    receive_event,
)

_ANSWERS: dict[type[Exception], tuple[int, str]] = {
    UnknownWebhook: (404, "no account receives webhooks here"),
    NoWebhookSecret: (503, "this account has no signing secret yet"),
    BadSignature: (400, "bad signature"),
    UnreadableEvent: (400, "not an event of Stripe's, or nested too deeply"),
}


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest, account_id: UUID) -> JsonResponse:
    """Keep a signed event and answer at once; what it means is worked out later.

    Anything but 2xx makes Stripe repeat the delivery, so only what may get better answers that.
    """
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        return JsonResponse({"error": "too large"}, status=413)
    try:
        receipt = receive_event(
            account_id=account_id,
            body=body,
            signature=request.headers.get("Stripe-Signature", ""),
            now=timezone.now(),
        )
    except tuple(_ANSWERS) as error:
        status, text = _ANSWERS[type(error)]
        return JsonResponse({"error": text}, status=status)
    return JsonResponse({"status": receipt.status, "reason": receipt.reason})
