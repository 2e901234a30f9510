"""Fill templates, with everything escaped, and answer with a strict content policy."""

import functools
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup
from werkzeug.wrappers import Response

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


@functools.cache
def _template(name: str) -> Markup:
    return Markup((HERE / "templates" / f"{name}.html").read_text())


def fill(name: str, /, **values: object) -> Markup:
    """Return a template with its ``{names}`` replaced by escaped values."""
    return _template(name).format(**values)


def join(parts: list[Markup]) -> Markup:
    """Return pieces of HTML one after the other."""
    return Markup("").join(parts)


def origin(url: str | None) -> str:
    """Return a URL's scheme and host for the content policy; empty for none."""
    parts = urlsplit(url or "")
    is_plain = not any(letter in parts.netloc for letter in " ;,'\"")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc and is_plain else ""


def page(title: str, body: Markup, status: int = 200, leads_to: str | None = None) -> Response:
    """Answer with a whole page.

    ``leads_to`` is where a form on it may redirect: browsers hold redirects to ``form-action``.
    """
    response = Response(fill("layout", title=title, body=body), status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = f"{POLICY} {origin(leads_to)}".strip()
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def see_other(url: str) -> Response:
    """Answer 303: go on with a GET of another address."""
    response = Response(status=303, mimetype="text/plain")
    response.headers["Location"] = url
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def message(title: str, text: str, status: int = 200) -> Response:
    """Answer with a page that says one thing."""
    return page(title, fill("message", title=title, text=text), status)


FILES = {"style.css": "text/css", "icon.svg": "image/svg+xml"}


def file(name: str) -> Response:
    """Answer with one of the files that all pages use."""
    response = Response((HERE / name).read_bytes(), mimetype=FILES[name])
    response.headers["Cache-Control"] = "max-age=300"
    return response
