"""QR codes of payment links."""

from __future__ import annotations

from io import BytesIO

import segno
from django.http import HttpResponse

# Pixels a module, and the quiet zone that the standard asks for, in modules.
SCALE, QUIET_ZONE = 8, 4


def qr_svg(url: str) -> HttpResponse:
    """Draw an address, black on white so that it also scans in a dark scheme."""
    drawing = BytesIO()
    code = segno.make(url, error="m", micro=False)
    code.save(drawing, kind="svg", scale=SCALE, border=QUIET_ZONE, dark="#000", light="#fff")
    response = HttpResponse(drawing.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=86400"
    return response
